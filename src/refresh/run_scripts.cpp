#include <fmt/format.h>

#include "base/error.h"
#include "refresh/lookup.h"
#include "sql/script.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    choice("engine", engine_choices, "Engine that the scripts are written for."),
    identifier("dbinstance", "Instance to run them on.").only_rds(),
    identifier("cluster", "Cluster to run them on.").only_aurora(),
    choice("access", "pwd|secret", "Where the password comes from."),
    text("temppwd", "The master password.").when("access", "pwd").kept_secret(),
    text("secretname", "Secret that holds the master password.").when("access", "secret"),
    choice("method", "lambda|ec2", "Run them in the task itself, or through an EC2 instance."),
    text("bucketname", "Bucket of the scripts."),
    text("prefix", "Folder of the scripts in the bucket."),
    list("keys", "Scripts, names with commas between; they run in this order."),
};

std::vector<Problem> rules(const Json& member) {
  const std::string engine = member["engine"];
  if (engine != "oracle" && engine != "sqlserver") return {};
  return {{0, ".engine",
           fmt::format("'{}': its scripts cannot be run; the MySQL family and PostgreSQL can", engine)}};
}

base::Secret password(StepContext& step) {
  if (step.input.at("access") == "pwd") return run_secret(step, "runscripts.temppwd");
  using Stage = provider::SecretStore::Stage;
  const std::string name = step.input.at("secretname");
  auto value = name == published_secret(step) ? step.services.secrets.get(name, Stage::pending)
                                              : std::nullopt;  // ours, not readers', yet
  if (!value) value = step.services.secrets.get(name, Stage::current);
  if (!value) throw base::Error("SecretNotFound", fmt::format("there is no secret '{}'", name));
  const Json json = Json::parse(value->reveal(), nullptr, false);
  if (!json.is_object() || !json.contains("password"))
    throw base::Error("SecretInvalid",
                      fmt::format("the secret '{}' is not a JSON object with a password", name));
  return base::Secret(json["password"].get<std::string>());
}

constexpr std::size_t most_statements_listed = 200;

/// Statement number, line, rows and duration; never text or data.
Json record(const sql::StatementDone& done) {
  return {{"number", done.number},
          {"line", done.line},
          {"rows", done.rows},
          {"ms", static_cast<std::int64_t>(done.seconds * 1000)}};
}

Json run_one(StepContext& step, sql::Connection& connection, const std::string& key) {
  const auto script = sql::parse_script(
      step.services.scripts.read(step.input.at("bucketname"),
                                 fmt::format("{}/{}", step.input.at("prefix").get<std::string>(), key)),
      provider::family_of(step.input.at("engine")));
  Json statements = Json::array();
  std::uint64_t rows = 0;
  sql::run_script(connection, key, script, step.budget, [&](const sql::StatementDone& done) {
    rows += done.rows;
    if (statements.size() < most_statements_listed) statements.push_back(record(done));
    step.budget.tell({fmt::format("{}: statement {} of {}", key, done.number, script.statements.size())});
  });
  return {{"script", key},
          {"form", to_string(script.form)},
          {"count", script.statements.size()},
          {"rows", rows},
          {"statements", std::move(statements)}};
}

/// Scripts are not run twice on the same data: after an attempt of which nobody knows how far it came, the
/// copy is thrown away and restored afresh (document.cpp catches ScriptsInterrupted).
void start(StepContext& step) {
  const auto database = must_have_new(step);
  if (step.maybe_happened) {
    for (const auto& id : database.members) step.databases.remove(id, step.budget);
    step.databases.remove(database.id, step.budget);
    throw base::Error("ScriptsInterrupted",
                      "the scripts were interrupted; their copy is thrown away and made afresh");
  }
  for (const auto& key : step.input.at("keys").get<std::vector<std::string>>()) {
    const auto connection =
        step.databases.login(database.id, password(step));  // what one sets is not the next one's
    step.result["encrypted"] = connection->encrypted();
    step.result["scripts"].push_back(run_one(step, *connection, key));
  }
}

Progress check(StepContext& step) {
  const Json& done = step.state.at("results").at("runscripts");
  if (done.at("scripts").size() != step.input.at("keys").size())
    throw base::Error("ScriptsIncomplete", "not every script has run");
  return Progress::succeeded;
}

}  // namespace

extern constexpr Step run_scripts{
    .key = "runscripts",
    .states = {"run-scripts-mysql", "wait-run-scripts", "check-run-scripts", "outcome-run-scripts"},
    .summary = "Run SQL scripts on the new database, while nobody else can reach it.",
    .fields = fields,
    .checktodo = "runscripts",
    .choice_state = "engine-choice",
    .deadline_minutes = 24 * 60,
    .rules = rules,
    .start = start,
    .check = check,
};
static_assert(well_formed(run_scripts));

}  // namespace refresh
