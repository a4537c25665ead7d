#include "provider/local/home.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/error.h"
#include "base/text.h"
#include "os/process.h"
#include "provider/local/volume.h"

namespace provider::local {
namespace {

constexpr const char* server_user_name = "dbrefresh";
constexpr std::size_t longest_socket_bytes = 107;

os::Ids choose_server_user() {
  const os::Ids us = os::current_user();
  if (us.uid != 0) return us;
  if (auto user = os::find_user(server_user_name)) return *user;
  throw base::Error("NoServerUser",
                    "database servers do not run as root, and there is no user 'dbrefresh' for them",
                    "useradd --system --no-create-home --shell /usr/sbin/nologin dbrefresh");
}

struct Setting {
  std::string_view name;
  base::Json::value_t type;
  bool required = false;
};
using Type = base::Json::value_t;
constexpr Setting settings_members[] = {
    {"strictChecks", Type::boolean}, {"allowUnmasked", Type::string}, {"smtp", Type::object}};
constexpr Setting smtp_members[] = {{"url", Type::string, true},
                                    {"from", Type::string, true},
                                    {"to", Type::array, true},
                                    {"username", Type::string},
                                    {"passwordSecret", Type::string}};

/// What is wrong with the names and types of an object's members.
std::vector<std::string> problems_of(const base::Json& object, const std::string& within,
                                     std::span<const Setting> members) {
  if (!object.is_object()) return {"is not a JSON object"};
  std::vector<std::string> problems;
  std::vector<std::string_view> names;
  for (const auto& each : members) {
    names.push_back(each.name);
    const auto found = object.find(each.name);
    if (found == object.end() ? each.required : found->type() != each.type)
      problems.push_back(
          fmt::format("'{}{}' {}", within, each.name,
                      found == object.end() ? "is missing" : "has another type than it should"));
  }
  for (const auto& [name, value] : object.items())
    if (std::ranges::find(names, name) == names.end())
      problems.push_back(
          fmt::format("'{}{}' is no setting; there are {}", within, name, fmt::join(names, ", ")));
  return problems;
}

}  // namespace

os::fs::path default_home() {
  if (os::current_user().uid == 0) return "/var/lib/dbrefresh";
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0')
    return os::fs::path(state) / "dbrefresh";
  const char* home = std::getenv("HOME");
  return os::fs::path(home != nullptr ? home : "/tmp") / ".local/state/dbrefresh";
}

base::Json read_settings(const os::fs::path& root) {
  const auto file = root / "settings.json";
  if (!os::fs::exists(file)) return base::Json::object();
  auto settings = base::Json::parse(os::read_file(file), nullptr, false);
  auto problems = problems_of(settings, "", settings_members);
  if (problems.empty() && settings.contains("smtp"))
    problems = problems_of(settings["smtp"], "smtp.", smtp_members);
  if (!problems.empty())
    throw base::Error("SettingsInvalid", fmt::format("{}: {}", file.string(), base::join(problems, "; ")),
                      "docs/home.md has all settings");
  return settings;
}

void Home::build(const os::fs::path& folder,
                 const std::function<void(const os::fs::path& partial)>& fill) const {
  const os::fs::path partial = folder.string() + ".partial";
  try {
    os::make_folder(partial, 0700, server_user);
    fill(partial);
    os::sync_tree(partial);
    os::rename_tree(partial, folder);
  } catch (const std::exception&) {
    remove_unfinished(folder);
    throw;
  }
}

void Home::remove_unfinished(const os::fs::path& folder) {
  const os::fs::path partial = folder.string() + ".partial";
  os::kill_working_in(partial / "data", server_programs());
  os::remove_tree(partial);
}

const os::Programs& server_programs() {
  static const os::Programs programs = {"mariadbd", "postgres"};
  return programs;
}

const os::Programs& receiver_programs() {
  static const os::Programs programs = {"dash", "mariadb-binlog", "pg_receivewal", "sleep"};
  return programs;
}

Home open_home(const os::fs::path& root) {
  Home home{.root = os::fs::absolute(root).lexically_normal(), .server_user = choose_server_user()};
  home.storage = storage_of(home.root);
  home.strict_checks = read_settings(home.root).value("strictChecks", false);
  os::make_folder(home.root, 0711);
  const std::string longest = home.instance("db-123456789012345678") / ".s.PGSQL.65535";
  if (longest.size() > longest_socket_bytes) {
    throw base::Error(
        "PathTooLong",
        fmt::format(
            "the home folder {} is too long: sockets in it would have paths of {} bytes, {} is the limit",
            home.root.string(), longest.size(), longest_socket_bytes),
        "choose a shorter one with --home");
  }
  for (const char* folder : {"instances", "snapshots", "archive"})
    os::make_folder(home.storage / folder, 0711);
  for (const auto& folder : {home.buckets(), home.mailbox(), home.engines(), home.locks()})
    os::make_folder(folder, 0700);
  return home;
}

}  // namespace provider::local
