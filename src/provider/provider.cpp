#include "provider/provider.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"

namespace provider {
namespace {

constexpr std::string_view ready[] = {"available", "storage-optimization", "storage-config-upgrade",
                                      "backing-up"};
constexpr std::string_view failed[] = {"failed",
                                       "incompatible-restore",
                                       "incompatible-network",
                                       "incompatible-parameters",
                                       "incompatible-create",
                                       "incompatible-credentials",
                                       "incompatible-option-group",
                                       "inaccessible-encryption-credentials",
                                       "inaccessible-encryption-credentials-recoverable",
                                       "modify-failed",
                                       "upgrade-failed",
                                       "restore-error",
                                       "restore-failed",
                                       "insufficient-capacity",
                                       "storage-full",
                                       "cloning-failed",
                                       "migration-failed"};

}  // namespace

std::string_view to_string(Kind kind) {
  return kind == Kind::cluster ? "cluster" : "instance";
}

std::string tag_of(const Database& database, const std::string& name) {
  const auto found = database.tags.find(name);
  return found == database.tags.end() ? std::string() : found->second;
}

bool is_identifier(std::string_view text) {
  if (text.empty() || text.size() > 63 || !std::isalpha(static_cast<unsigned char>(text[0])) ||
      text.back() == '-')
    return false;
  return text.find("--") == std::string_view::npos &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
}

std::string family_of(const std::string& engine) {
  if (engine == "postgres" || engine == "postgresql" || engine == "aurora-postgresql") return "postgres";
  const bool mysql =
      engine == "mysql" || engine == "mariadb" || engine == "aurora" || engine == "aurora-mysql";
  if (mysql) return "mariadb";
  for (const char* other : {"oracle", "sqlserver"})  // with editions after it: oracle-ee, sqlserver-web
    if (engine.starts_with(other)) return other;
  return engine;
}

bool is_role_arn(std::string_view text) {
  return text.starts_with("arn:") && text.find(":role/") != std::string_view::npos;
}

StatusClass classify(std::string_view status) {
  if (std::ranges::find(ready, status) != std::end(ready)) return StatusClass::ready;
  if (std::ranges::find(failed, status) != std::end(failed)) return StatusClass::failed;
  return status == "stopped" ? StatusClass::stopped : StatusClass::transient;
}

Work<Done> DatabaseService::forget_past(const std::string&, const base::Secret&, const Budget&) {
  return Done{};
}

std::optional<std::int64_t> DatabaseService::connections(const std::string&, const Budget&) {
  return std::nullopt;
}

bool DatabaseService::opens(const std::string& id, const base::Secret& password) {
  try {
    login(id, password, "")->query("SELECT 1");
    return true;
  } catch (const base::Error& error) {
    if (error.code == "AccessDenied" || error.retryable) return false;
    throw;
  }
}

std::optional<SecretStore::Rotation> SecretStore::rotation(const std::string&) {
  return std::nullopt;
}

void SecretStore::rotate_regularly(const std::string& name, const std::optional<Rotation>&) {
  throw base::Error("RotationNotSupported", fmt::format("'{}' cannot be rotated regularly here", name));
}

std::optional<std::string> SecretStore::objection_to_change(const std::string&) {
  return std::nullopt;
}

std::optional<Database> DatabaseService::find(Kind kind, const std::string& name) {
  auto found = find(Selector{.kind = kind, .name = name});
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

std::optional<Database> DatabaseService::find_any(const std::string& name) {
  auto found = find(Kind::instance, name);
  return found ? found : find(Kind::cluster, name);
}

std::optional<Database> DatabaseService::get(const std::string& id) {
  auto found = find(Selector{.id = id});
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

}  // namespace provider
