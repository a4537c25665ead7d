#include "provider/aws/rehearsed_secrets.h"

#include <fmt/format.h>

#include "base/error.h"
#include "provider/aws/service.h"

namespace provider::aws {
namespace {

constexpr const char* not_found = "ResourceNotFoundException";
constexpr const char *current_stage = "AWSCURRENT", *previous_stage = "AWSPREVIOUS";

std::string name_in(const Json& input) {
  return text(input, input.contains("SecretId") ? "SecretId" : "Name");
}

Json rotation_in(const Json& from) {
  Json out = Json::object();
  for (const char* member : {"RotationEnabled", "RotationLambdaARN", "RotationRules"})
    if (from.contains(member)) out[member] = from[member];
  return out;
}

}  // namespace

/// As the account has it before the first change.
RehearsedSecrets::Secret& RehearsedSecrets::touch(const std::string& name, const Ask& ask) {
  const auto [found, is_new] = changed_.try_emplace(name);
  Secret& secret = found->second;
  if (!is_new) return secret;
  try {
    const Json known = ask("DescribeSecret", {{"SecretId", name}});
    secret.exists = true;
    secret.rotation = rotation_in(known);
    for (const auto& [version, stages] : part(known, "VersionIdsToStages").items())
      for (const Json& stage : stages) secret.versions[version].stages.insert(stage.get<std::string>());
  } catch (const base::Error& error) {
    if (error.code != not_found) {
      changed_.erase(name);
      throw;
    }
  }
  return secret;
}

/// The first version of a secret is its current one (API reference, PutSecretValue).
void RehearsedSecrets::put(Secret& secret, const Json& input) {
  Version version{.stages = {}, .value = base::Secret(text(input, "SecretString"))};
  if (secret.versions.empty()) version.stages.insert(current_stage);
  for (const Json& stage : part(input, "VersionStages")) version.stages.insert(stage.get<std::string>());
  for (auto& [id, other] : secret.versions)
    for (const auto& stage : version.stages) other.stages.erase(stage);
  secret.versions[fmt::format("rehearsed-{}", secret.versions.size() + 1)] = std::move(version);
}

/// What loses AWSCURRENT becomes AWSPREVIOUS (API reference, UpdateSecretVersionStage).
void RehearsedSecrets::move(Secret& secret, const Json& input) {
  const auto stage = text(input, "VersionStage");
  const auto to = text(input, "MoveToVersionId"), from = text(input, "RemoveFromVersionId");
  for (auto& [id, version] : secret.versions) {
    const bool lost = version.stages.erase(stage) > 0 && id != to;
    if (!lost || stage != current_stage) continue;
    for (auto& [ignored, other] : secret.versions) other.stages.erase(previous_stage);
    version.stages.insert(previous_stage);
  }
  if (!to.empty()) secret.versions[to].stages.insert(stage);
}

void RehearsedSecrets::change(const std::string& operation, const Json& input, const Ask& ask) {
  Secret& secret = touch(name_in(input), ask);
  if (operation == "CreateSecret") secret.exists = true;
  if (operation == "PutSecretValue") put(secret, input);
  if (operation == "UpdateSecretVersionStage") move(secret, input);
  if (operation == "DeleteSecret") secret = Secret{};
  if (operation == "CancelRotateSecret") secret.rotation = Json::object();
  if (operation == "RotateSecret") {
    secret.rotation = rotation_in(input);
    secret.rotation["RotationEnabled"] = true;
  }
}

Json RehearsedSecrets::answer(const std::string& operation, const Json& input, const Ask& ask) const {
  const auto found = changed_.find(name_in(input));
  if (found == changed_.end()) return {};
  const Secret& secret = found->second;
  const base::Error missing(not_found, fmt::format("there is no such secret or version: {}", found->first));
  if (!secret.exists) throw missing;
  if (operation == "DescribeSecret") {
    Json stages = Json::object();
    for (const auto& [id, version] : secret.versions)
      if (!version.stages.empty()) stages[id] = version.stages;
    Json described = secret.rotation;
    described["VersionIdsToStages"] = stages;
    return described;
  }
  if (operation != "GetSecretValue") return {};
  const auto stage =
      input.contains("VersionStage") ? text(input, "VersionStage") : std::string(current_stage);
  for (const auto& [id, version] : secret.versions)
    if (version.stages.contains(stage))
      return version.value ? Json{{"SecretString", version.value->reveal()}}
                           : ask("GetSecretValue", {{"SecretId", found->first}, {"VersionId", id}});
  throw missing;
}

}  // namespace provider::aws
