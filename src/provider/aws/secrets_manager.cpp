#include <fmt/format.h>

#include "base/error.h"
#include "os/random.h"
#include "provider/aws/stores.h"

namespace provider::aws {
namespace {

constexpr const char* current = "AWSCURRENT";
constexpr const char* pending = "AWSPENDING";
constexpr std::string_view none = "ResourceNotFoundException";

const char* name_of(SecretStore::Stage stage) {
  switch (stage) {
    case SecretStore::Stage::current:
      return current;
    case SecretStore::Stage::pending:
      return pending;
    case SecretStore::Stage::previous:
      return "AWSPREVIOUS";
  }
  return "";
}

[[noreturn]] void being_deleted(const std::string& name) {
  throw base::Error("SecretScheduledForDeletion",
                    fmt::format("the secret '{}' is scheduled for deletion", name),
                    fmt::format("aws secretsmanager restore-secret --secret-id {}", name));
}

/// ClientRequestToken: 32 to 64 characters. It names one call: a repetition of it makes no second version.
std::string request_token() {
  return os::random_text(32);
}

}  // namespace

std::optional<std::map<std::string, std::string>> SecretsManager::stages(const std::string& name) {
  const auto secret = asker_.ask_unless({none}, "secretsmanager", "DescribeSecret", {{"SecretId", name}});
  if (!secret) return std::nullopt;
  if (secret->contains("DeletedDate")) being_deleted(name);
  std::map<std::string, std::string> versions;
  const Json known = secret->value("VersionIdsToStages", Json::object());
  for (const auto& [version, labels] : known.items())
    for (const Json& label : labels) versions[label.get<std::string>()] = version;
  return versions;
}

/// A stage that no version has is answered like a secret that is not there.
std::optional<base::Secret> SecretsManager::get(const std::string& name, Stage stage) {
  const auto found = asker_.ask_unless({none, "InvalidRequestException"}, "secretsmanager", "GetSecretValue",
                                       {{"SecretId", name}, {"VersionStage", name_of(stage)}});
  if (!found) {
    stages(name);  // says so if it is scheduled for deletion
    return std::nullopt;
  }
  return base::Secret(found->at("SecretString").get<std::string>());
}

bool SecretsManager::has(const std::string& name) {
  const auto versions = stages(name);
  return versions && versions->contains(current);
}

void SecretsManager::put_pending(const std::string& name, const base::Secret& value) {
  if (!stages(name))
    asker_.ask_unless({"ResourceExistsException"}, "secretsmanager", "CreateSecret",
                      {{"Name", name},
                       {"Description", "made by dbrefresh"},
                       {"ClientRequestToken", request_token()},
                       {"Tags", {{{"Key", "refresh"}, {"Value", "true"}}}}});
  asker_.ask("secretsmanager", "PutSecretValue",
             {{"SecretId", name},
              {"SecretString", value.reveal()},
              {"ClientRequestToken", request_token()},
              {"VersionStages", {pending}}});
}

void SecretsManager::move(const std::string& name, const char* stage, const std::string& from,
                          const std::string& to) {
  Json input = {{"SecretId", name}, {"VersionStage", stage}};
  if (!from.empty()) input["RemoveFromVersionId"] = from;
  if (!to.empty()) input["MoveToVersionId"] = to;
  asker_.ask("secretsmanager", "UpdateSecretVersionStage", std::move(input));
}

void SecretsManager::promote(const std::string& name) {
  const auto versions = stages(name);
  if (!versions || !versions->contains(pending)) return;
  const std::string next = versions->at(pending);
  const std::string before = versions->contains(current) ? versions->at(current) : "";
  if (before != next) move(name, current, before, next);
  move(name, pending, next, "");
}

void SecretsManager::drop_pending(const std::string& name) {
  const auto versions = stages(name);
  if (versions && versions->contains(pending)) move(name, pending, versions->at(pending), "");
}

std::optional<SecretStore::Rotation> SecretsManager::rotation(const std::string& name) {
  const auto secret = asker_.ask_unless({none}, "secretsmanager", "DescribeSecret", {{"SecretId", name}});
  if (!secret || !flag(*secret, "RotationEnabled")) return std::nullopt;
  return Rotation{text(*secret, "RotationLambdaARN"),
                  number(part(*secret, "RotationRules"), "AutomaticallyAfterDays")};
}

void SecretsManager::rotate_regularly(const std::string& name, const std::optional<Rotation>& wanted) {
  if (rotation(name) == wanted) return;
  if (!wanted) {
    asker_.ask("secretsmanager", "CancelRotateSecret", {{"SecretId", name}});
    return;
  }
  try {
    asker_.ask("secretsmanager", "RotateSecret",
               {{"SecretId", name},
                {"ClientRequestToken", request_token()},
                {"RotationLambdaARN", wanted->function},
                {"RotationRules", {{"AutomaticallyAfterDays", wanted->days}}},
                {"RotateImmediately", false}});
  } catch (base::Error& error) {
    if (error.retryable || error.maybe_delivered) throw;
    throw base::Error(
        "SecretNotRotated",
        fmt::format("the secret '{}' is not rotated by {}: {}", name, wanted->function, error.message),
        "let secretsmanager.amazonaws.com invoke the function (aws lambda add-permission), and "
        "this role too (lambda:InvokeFunction)");
  }
}

std::optional<std::string> SecretsManager::objection_to_change(const std::string& name) {
  const auto secret = asker_.ask_unless({none}, "secretsmanager", "DescribeSecret", {{"SecretId", name}});
  if (!secret) return std::nullopt;
  if (secret->contains("DeletedDate"))
    return fmt::format("'{}' is scheduled for deletion: aws secretsmanager restore-secret --secret-id {}",
                       name, name);
  if (const auto owner = text(*secret, "OwningService"); !owner.empty())
    return fmt::format("'{}' is managed by {}, which alone changes it: name a secret of your own", name,
                       owner);
  const auto home = text(*secret, "PrimaryRegion");
  if (home.empty() || text(*secret, "ARN").find(":" + home + ":") != std::string::npos) return std::nullopt;
  return fmt::format("'{}' is a replica of the one in {}, which alone is changed: name one of this Region",
                     name, home);
}

void SecretsManager::remove(const std::string& name) {
  asker_.ask_unless({none}, "secretsmanager", "DeleteSecret",
                    {{"SecretId", name}, {"ForceDeleteWithoutRecovery", true}});
}

std::string SecretsManager::how_to_read(const std::string& name) const {
  return fmt::format("aws secretsmanager get-secret-value --secret-id {}", name);
}

std::vector<std::string> SecretsManager::names() {
  std::vector<std::string> all;
  for (const Json& each : asker_.all("secretsmanager", "ListSecrets", "SecretList"))
    all.push_back(each.at("Name"));
  return all;
}

}  // namespace provider::aws
