#include "refresh/lookup.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "os/random.h"

namespace refresh {

using base::Error;
using base::Secret;
using provider::Database;
using SecretStage = provider::SecretStore::Stage;

namespace {

constexpr std::size_t short_run_length = 6, longest_name = 63;
constexpr const char* made_up = "master";  ///< of the run's secrets

}  // namespace

provider::Kind kind_of(const StepContext& step) {
  return step.names().at("kind") == "cluster" ? provider::Kind::cluster : provider::Kind::instance;
}

std::optional<Database> new_database(StepContext& step) {
  auto all = step.databases.made(kind_of(step));
  std::erase_if(all, [](const Database& each) { return !each.replica_of.empty(); });
  if (all.empty()) return std::nullopt;
  if (all.size() > 1)
    throw Error("AmbiguousDatabase",
                fmt::format("{} databases carry the tag refresh-run={}", all.size(), step.run()));
  return all[0];
}

Database must_have_new(StepContext& step) {
  if (auto found = new_database(step)) return *std::move(found);
  throw Error("DBInstanceNotFound", fmt::format("the new database of run {} is gone", step.run()));
}

Database must_have_new_instance(StepContext& step) {
  Database database = must_have_new(step);
  if (database.kind == provider::Kind::instance) return database;
  for (const auto& id : database.members)
    if (auto member = step.databases.get(id); member && member->writer) return *std::move(member);
  throw Error("DBInstanceNotFound", fmt::format("cluster {} has no writer", database.name));
}

void new_must_serve(StepContext& step) {
  if (old_id(step).empty()) return;
  const auto ours = new_database(step);
  if (!ours || ours->status == "deleting" || !ours->open || ours->name != step.names().at("target"))
    throw Error("NewDatabaseGone",
                fmt::format("the new database does not serve as '{}' any more: nothing of the old one goes",
                            step.names().at("target").get<std::string>()));
  is_ready(*ours);
  is_ready(must_have_new_instance(step));
}

std::string old_id(const StepContext& step) {
  return step.state.at("plan").value("old", "");
}

std::optional<Database> old_database(StepContext& step) {
  const std::string id = old_id(step);
  return id.empty() ? std::nullopt : step.databases.get(id);
}

std::vector<std::string> pinned(const StepContext& step, const char* list) {
  return step.state.at("plan").value(list, std::vector<std::string>{});
}

std::vector<std::string> old_parts(const StepContext& step) {
  auto ids = pinned(step, "old_members");
  std::ranges::copy(pinned(step, "old_replicas"), std::back_inserter(ids));
  return ids;
}

std::vector<std::string> old_whole(const StepContext& step) {
  auto ids = old_parts(step);
  ids.push_back(old_id(step));
  return ids;
}

namespace {

std::string end_of(const std::string& run) {
  return run.substr(run.size() - std::min(run.size(), short_run_length));
}

std::string failed_end(const std::string& run) {
  return "-failed-" + end_of(run);
}

}  // namespace

std::string short_run(const StepContext& step) {
  return end_of(step.run());
}

bool is_kept_name(const std::string& name, const std::string& run) {
  return name.ends_with(failed_end(run));
}

std::string kept_name(const std::string& name, const std::string& run) {
  const std::string end = failed_end(run);
  std::string front = name.substr(0, longest_name - end.size());
  while (front.ends_with('-')) front.pop_back();  // RDS takes no two hyphens in a row
  return front + end;
}

std::string set_aside_name(const StepContext& step, const std::string& name) {
  return fmt::format("{}-old-{}", name, short_run(step));
}

bool fits_set_aside(const std::string& name) {
  static_assert(longest_target + std::string_view("-old-").size() + short_run_length == longest_name);
  return name.size() <= longest_target;
}

Pending wait_for(std::string what) {
  return {.note = {std::move(what)}};
}

bool is_ready(const Database& database) {
  const auto what = provider::classify(database.status);
  if (what == provider::StatusClass::failed || what == provider::StatusClass::stopped)
    throw Error("DatabaseFailed",
                fmt::format("{} {} is {}", to_string(database.kind), database.name, database.status));
  return what == provider::StatusClass::ready;
}

bool opens(StepContext& step, const Secret& password) {
  const auto database = must_have_new(step);
  return is_ready(database) && step.databases.opens(database.id, password);
}

std::string run_secret_name(const std::string& run) {
  return "dbrefresh/run/" + run;
}

namespace {

Json run_secrets(StepContext& step) {
  const auto kept = step.services.secrets.get(run_secret_name(step.run()), SecretStage::current);
  return kept ? Json::parse(kept->reveal()) : Json::object();
}

void keep_run_secrets(StepContext& step, const Json& kept) {
  step.services.secrets.put_pending(run_secret_name(step.run()), Secret(kept.dump()));
  step.services.secrets.promote(run_secret_name(step.run()));
}

}  // namespace

Secret run_secret(StepContext& step, const std::string& field) {
  const Json kept = run_secrets(step);
  if (!kept.contains(field))
    throw Error("SecretNotFound", fmt::format("the secrets of run {} do not have {}", step.run(), field));
  return Secret(kept[field].get<std::string>());
}

void remember_secret(StepContext& step, const std::string& name) {
  Json kept = run_secrets(step);
  const std::string key = "before:" + name;
  if (kept.contains(key)) return;
  const auto now = step.services.secrets.get(name, SecretStage::current);
  kept[key] = now ? Json(now->reveal()) : Json();
  keep_run_secrets(step, kept);
}

void put_secret_back(StepContext& step, const std::string& name) {
  const Json kept = run_secrets(step);
  const auto before = kept.find("before:" + name);
  if (before == kept.end()) return;  // we never wrote it
  auto& secrets = step.services.secrets;
  if (before->is_null()) return secrets.remove(name);
  secrets.drop_pending(name);
  const Secret value(before->get<std::string>());
  if (secrets.get(name, SecretStage::current) == value) return;
  secrets.put_pending(name, value);
  secrets.promote(name);
}

void remember_rotation(StepContext& step, const std::string& name) {
  Json kept = run_secrets(step);
  const std::string key = "rotation:" + name;
  if (kept.contains(key)) return;
  const auto now = step.services.secrets.rotation(name);
  kept[key] = now ? Json{{"function", now->function}, {"days", now->days}} : Json();
  keep_run_secrets(step, kept);
}

void put_rotation_back(StepContext& step, const std::string& name) {
  const Json kept = run_secrets(step);
  auto& secrets = step.services.secrets;
  const auto before = kept.find("rotation:" + name);
  if (before == kept.end() || !secrets.get(name, SecretStage::current)) return;
  std::optional<provider::SecretStore::Rotation> rotation;
  if (!before->is_null()) rotation = {before->at("function"), before->at("days")};
  secrets.rotate_regularly(name, rotation);
}

void write_secret(StepContext& step, const std::string& name, const Secret& value) {
  remember_secret(step, name);
  if (step.services.secrets.get(name, SecretStage::pending) != value)
    step.services.secrets.put_pending(name, value);
  step.result["secret"] = name;
}

Secret password_in_secret(StepContext& step, const std::string& name) {
  auto& secrets = step.services.secrets;
  auto value = name == step.facts.published_secret ? secrets.get(name, SecretStage::pending) : std::nullopt;
  if (!value) value = secrets.get(name, SecretStage::current);
  if (!value) throw Error("SecretNotFound", fmt::format("there is no secret '{}'", name));
  const Json json = Json::parse(value->reveal(), nullptr, false);
  if (!json.is_object() || !json.contains("password") || !json["password"].is_string())
    throw Error("SecretInvalid", fmt::format("the secret '{}' is not a JSON object with a password", name));
  return Secret(json["password"].get<std::string>());
}

Secret scripts_password(StepContext& step) {
  return step.facts.scripts_secret.empty() || makes_password_up(step)
             ? master_password(step)
             : password_in_secret(step, step.facts.scripts_secret);
}

bool makes_password_up(const StepContext& step) {
  return step.facts.master_password.empty();
}

std::string shown_secret_name(const Facts& facts, const Json& names) {
  if (!facts.master_password.empty() || !facts.published_secret.empty() || !facts.rotated_secret.empty())
    return "";
  return "dbrefresh/master/" + names.at("target").get<std::string>();
}

Secret master_password(StepContext& step) {
  if (!makes_password_up(step)) return run_secret(step, step.facts.master_password);
  Json kept = run_secrets(step);
  if (!kept.contains(made_up)) {
    kept[made_up] = os::random_text(32);
    keep_run_secrets(step, kept);
  }
  return Secret(kept[made_up].get<std::string>());
}

Secret secret_value(StepContext& step, const Secret& password) {
  const Database database = must_have_new(step);
  Json value = {{"username", database.master_user},
                {"password", password.reveal()},
                {"engine", database.engine},
                {"host", database.host},
                {"port", database.port},
                {database.kind == provider::Kind::cluster ? "dbClusterIdentifier" : "dbInstanceIdentifier",
                 step.names().at("target")}};
  if (!database.db_name.empty()) value["dbname"] = database.db_name;
  return Secret(value.dump());
}

Work<Done> remove_whole(StepContext& step, const Database& database) {
  auto remove = [&](const std::string& id) { return step.databases.remove(id, step.budget); };
  const auto members = done_if_all(database.members, remove);
  return std::holds_alternative<Pending>(members) ? members : remove(database.id);
}

Json told(const StepContext& step, std::string_view name) {
  return told(step.state, name);
}

Json told(const Json& state, std::string_view name) {
  const Json results = state.value("results", Json::object());
  for (const auto& [key, result] : results.items())
    if (result.is_object() && result.contains(name)) return result[std::string(name)];
  return {};
}

}  // namespace refresh
