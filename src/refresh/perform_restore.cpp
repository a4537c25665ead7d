#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "refresh/lookup.h"
#include "refresh/restore.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    choice("restoretype", "latestpoint|restorepoint|fromsnapshot|fastcloning",
           "What to restore: the latest state, a point in time, a snapshot, or a copy-on-write clone (Aurora "
           "only)."),
    identifier("source", "Instance to restore from; it is only read.").only_rds(),
    identifier("target", "Instance to make; until it is fit to be seen it is called <target>temp.")
        .only_rds(),
    identifier("sourcecluster", "Cluster to restore from; it is only read.").only_aurora(),
    identifier("targetcluster",
               "Cluster to make; until it is fit to be seen it is called <targetcluster>temp.")
        .only_aurora(),
    utc_time("restoretime", "Point in time to restore, UTC.").when("restoretype", "restorepoint"),
    text("snapshot", "Snapshot to restore, identifier or ARN.").when("restoretype", "fromsnapshot"),
    choice("engine", engine_choices, "Database engine.").needs(Need::optional, Need::required),
    text("engineversion", "Version of the engine; the snapshot's own if left out.")
        .only_aurora(Need::optional),
    integer("backtrack", 0, "Seconds to keep for backtracking; Aurora MySQL only.")
        .only_aurora(Need::optional),
    text("application", "Becomes the tag refresh-application."),
    text("environment", "Becomes the tag refresh-environment."),
    integer("port", 1, "TCP port of the new database."),
    text("subgrp", "DB subnet group."),
    list("secgrpids", "VPC security groups, ids with commas between."),
    boolean("iamdbauth", "Whether IAM may authenticate logins."),
    boolean("copytagstosnap", "Whether snapshots get the tags."),
    boolean("deletionprotection", "Whether the new database is protected from deletion."),
    list("cwalogs", "Logs to export; may be empty.",
         "audit|error|general|slowquery|postgresql|upgrade|trace|alert|listener"),
    text("dbparamgrp", "DB parameter group.").only_rds(),
    text("cluparamgrp", "Cluster parameter group.").only_aurora(),
    boolean("multiaz", "Whether it has a standby in another zone.").only_rds(),
    boolean("autominor", "Whether minor versions are upgraded by themselves.").only_rds(),
    text("dbclass", "Instance class.").only_rds(),
    choice("storagetype", "gp2|gp3|io1|io2", "Storage type.").only_rds(),
    integer("iops", 1, "Provisioned I/O operations a second.").only_rds().when("storagetype", "io1|io2"),
    text("dbname", "Accepted and ignored, as it always was.").only_rds(Need::optional),
};

std::vector<Problem> rules(const Json& member) {
  std::vector<Problem> problems;
  const bool aurora = member["dbservice"] == "aurora";
  if (member["restoretype"] == "fastcloning" && !aurora)
    problems.push_back({0, ".restoretype", "'fastcloning' is for dbservice aurora"});
  if (const auto port = as_integer(member["port"]); *port > 65535)
    problems.push_back({0, ".port", fmt::format("must be at most 65535, got {}", *port)});
  const std::string engine = member.value("engine", "");
  if (engine == "oracle" || engine == "sqlserver")
    problems.push_back({0, ".engine", fmt::format("'{}' is not served", engine)});
  if (aurora && !engine.starts_with("aurora"))
    problems.push_back({0, ".engine", fmt::format("'{}' is not an Aurora engine", engine)});
  if (member.contains("backtrack") && as_integer(member["backtrack"]) != 0 && engine == "aurora-postgresql")
    problems.push_back({0, ".backtrack", "is for Aurora MySQL only"});
  const std::string allowed = engine.find("postgres") != std::string::npos ? "postgresql,upgrade"
                              : engine.empty()                             ? ""
                                                                           : "audit,error,general,slowquery";
  for (const auto& each : base::split_list(member.value("cwalogs", "")))
    if (!allowed.empty() && allowed.find(each) == std::string::npos)
      problems.push_back(
          {0, ".cwalogs", fmt::format("'{}' is not a log of {}; it has {}", each, engine, allowed)});
  return problems;
}

Json expected_check(const Json& member) {
  if (member["dbservice"] == "aurora")
    return {{"cluster", member["targetcluster"].get<std::string>() + "temp"}};
  return {{"dbinstance", member["target"].get<std::string>() + "temp"}};
}

/// What an earlier attempt of this run left behind: kept if it is whole or still becoming so, removed if not.
bool have_already(StepContext& step) {
  const auto made = new_database(step);
  if (!made) return false;
  if (made->status == "deleting") {
    base::Error error("InvalidDBInstanceState", fmt::format("{} is still being deleted", made->name));
    error.retryable = true;
    throw error;
  }
  if (provider::classify(made->status) != provider::StatusClass::failed) return true;
  step.databases.remove(made->id, step.budget);
  return false;
}

void start(StepContext& step) {
  if (have_already(step)) {
    const auto made = must_have_new(step);
    step.result = {{"id", made.id}, {"arn", made.arn}, {"name", made.name}};
    return;
  }
  const auto request = restore_request(step.names(), step.input, step.state.at("plan").at("source"));
  const auto restored = step.databases.restore(request, step.budget);
  step.result = {{"id", restored.database.id},
                 {"arn", restored.database.arn},
                 {"name", restored.database.name},
                 {"dataTime", base::ledger_utc(restored.data_time)},
                 {"method", restored.method}};
}

Progress check(StepContext& step) {
  return is_ready(must_have_new(step)) ? Progress::succeeded : Progress::pending;
}

/// The copy goes, or, if the run was told to keep it, stays closed under a name that is in nobody's way.
Progress undo(StepContext& step) {
  auto made = new_database(step);
  if (!made) return Progress::succeeded;
  if (provider::classify(made->status) == provider::StatusClass::transient) return Progress::pending;
  if (step.state.value("keep_failed", false) &&
      provider::classify(made->status) != provider::StatusClass::failed) {
    step.databases.set_open(made->id, false, step.budget);
    step.databases.rename(
        made->id,
        fmt::format("{}-failed-{}", step.names().at("target").get<std::string>(),
                    step.run().substr(step.run().size() - std::min<std::size_t>(step.run().size(), 6))));
    return Progress::succeeded;
  }
  for (const auto& id : made->members) step.databases.remove(id, step.budget);
  step.databases.remove(made->id, step.budget);
  return Progress::pending;
}

}  // namespace

provider::RestoreRequest restore_request(const Json& names, const Json& member, const std::string& source) {
  using provider::RestoreType;
  const std::string type = member.at("restoretype");
  provider::RestoreRequest request{
      .kind = names.at("kind") == "cluster" ? provider::Kind::cluster : provider::Kind::instance,
      .source = source,
      .name = names.at("temp"),
      .type = type == "restorepoint"   ? RestoreType::restore_point
              : type == "fromsnapshot" ? RestoreType::from_snapshot
              : type == "fastcloning"  ? RestoreType::fast_cloning
                                       : RestoreType::latest_point,
      .snapshot = member.value("snapshot", ""),
      .tags = {{"refresh-application", member.at("application")},
               {"refresh-environment", member.at("environment")},
               {"refresh-masked", "false"},
               {names.at("kind") == "cluster" ? "refresh-cluster" : "refresh-instance",
                "to_modify_after_rename"}},
      .port = member.at("port"),
      .settings = member};
  if (member.contains("restoretime"))
    request.time = base::parse_ledger_utc(member["restoretime"].get<std::string>());
  return request;
}

extern constexpr Step perform_restore{
    .key = "restore",
    .stage = Stage::restore,
    .states = {"perform-restore", "wait-restore", "check-status-restore", "outcome-restore"},
    .summary = "Make the new database under a temporary name, closed to users.",
    .fields = fields,
    .checktodo = "checkrestore",
    .deadline_minutes = 36 * 60,
    .expected_check = expected_check,
    .rules = rules,
    .start = start,
    .check = check,
    .undo = undo,
};
static_assert(well_formed(perform_restore));

}  // namespace refresh
