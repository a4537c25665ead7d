#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "refresh/listening.h"
#include "refresh/lookup.h"
#include "refresh/marks.h"
#include "refresh/plan.h"
#include "refresh/restore.h"
#include "refresh/retry.h"
#include "refresh/storage.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    choice("restoretype", "latestpoint|restorepoint|fromsnapshot|fastcloning",
           "What to restore: the latest state, a point in time, a snapshot, or a copy-on-write clone (Aurora "
           "only).")
        .as(":restoretype"),
    identifier("source", "Instance to restore from; it is only read.").as("from.source").only_rds(),
    identifier("target", "Instance to make; until it is fit to be seen it is called <target>temp.")
        .as(":target")
        .only_rds(),
    identifier("sourcecluster", "Cluster to restore from; it is only read.").as("from.source").only_aurora(),
    identifier("targetcluster",
               "Cluster to make; until it is fit to be seen it is called <targetcluster>temp.")
        .as(":target")
        .only_aurora(),
    utc_time("restoretime", "Point in time to restore, UTC, as YYYY-MM-DD HH:MM:SS.")
        .as(":restoretime")
        .when("restoretype", "restorepoint"),
    text("snapshot", "Snapshot to restore, identifier or ARN.")
        .as(":snapshot")
        .when("restoretype", "fromsnapshot"),
    choice("engine", engine_choices, "Database engine.")
        .as("engine")
        .or_inherited()
        .needs(Need::optional, Need::required),
    text("engineversion", "Version of the engine; the snapshot's own if left out.")
        .as("aws.engine_version")
        .only_aurora(Need::optional),
    integer("backtrack", 0, "Seconds to keep for backtracking; Aurora MySQL only.")
        .as("aws.backtrack_seconds")
        .only_aurora(Need::optional),
    text("application", "Becomes the tag refresh-application.").as("application", ":target"),
    text("environment", "Becomes the tag refresh-environment.").as("environment", "\"development\""),
    integer("port", 1, "TCP port of the new database.").as("listen.port").or_inherited(),
    listen_address,
    listen_tls,
    listen_certificate,
    listen_key,
    listen_networks,
    text("subgrp", "DB subnet group.").as("aws.subnet_group").or_inherited(),
    list("secgrpids", "VPC security groups, ids with commas between.")
        .as("aws.security_groups")
        .or_inherited(),
    boolean("iamdbauth", "Whether IAM may authenticate logins.").as("aws.iam_auth", "false"),
    boolean("copytagstosnap", "Whether snapshots get the tags.").as("aws.copy_tags", "true"),
    boolean("deletionprotection", "Whether the new database is protected from deletion.")
        .as("aws.deletion_protection", "false"),
    list("cwalogs", "Logs to export; may be empty.",
         "audit|error|general|slowquery|postgresql|upgrade|trace|alert|listener|agent")
        .as("aws.logs", "[]"),
    text("dbparamgrp", "DB parameter group.").as("aws.parameter_group").or_inherited().only_rds(),
    text("cluparamgrp", "Cluster parameter group.")
        .as("aws.cluster_parameter_group")
        .or_inherited()
        .only_aurora(),
    boolean("multiaz", "Whether it has a standby in another zone.").as("aws.multi_az", "false").only_rds(),
    boolean("autominor", "Whether minor versions are upgraded by themselves.")
        .as("aws.auto_minor_upgrade", "false")
        .only_rds(),
    text("dbclass", "Instance class.").as("aws.class").or_inherited().only_rds(),
    storage_type,
    provisioned_iops,
    text("dbname", "Accepted and ignored, as it always was.").only_rds(Need::optional),
};

/// "" for any.
std::string logs_of(const std::string& family) {
  return family == "mariadb"     ? "audit,error,general,slowquery"
         : family == "postgres"  ? "postgresql,upgrade"
         : family == "oracle"    ? "trace,audit,alert,listener"
         : family == "sqlserver" ? "agent,error"
                                 : "";
}

std::vector<Problem> rules(const Json& member) {
  std::vector<Problem> problems;
  const bool aurora = member["dbservice"] == "aurora";
  if (member["restoretype"] == "fastcloning" && !aurora)
    problems.push_back({0, ".restoretype", "'fastcloning' is for dbservice aurora"});
  if (const auto port = member.contains("port") ? as_integer(member["port"]) : 0; *port > 65535)
    problems.push_back({0, ".port", fmt::format("must be at most 65535, got {}", *port)});
  check_listening(member, problems);
  const std::string engine = member.value("engine", "");
  if (aurora && !engine.empty() && !engine.starts_with("aurora"))
    problems.push_back({0, ".engine", fmt::format("'{}' is not an Aurora engine", engine)});
  if (member.contains("backtrack") && as_integer(member["backtrack"]) != 0 && engine == "aurora-postgresql")
    problems.push_back({0, ".backtrack", "is for Aurora MySQL only"});
  warn_of_unused_iops(member, problems);
  const std::string allowed = logs_of(provider::family_of(engine));
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

void read(Reading& reading) {
  auto text_of = [&](const char* field) { return base::lower(reading.member.at(field).get<std::string>()); };
  reading.names.kind = reading.cluster ? provider::Kind::cluster : provider::Kind::instance;
  reading.names.source = text_of(reading.cluster ? "sourcecluster" : "source");
  const char* target = reading.cluster ? "targetcluster" : "target";
  reading.say("target", target, text_of(target));
  reading.say("restoretype", "restoretype", text_of("restoretype"));
}

void tell(const Json& member, Facts& facts) {
  facts.application = member.at("application");
  facts.environment = member.at("environment");
  facts.restore_type = member.at("restoretype");
  facts.snapshot = member.value("snapshot", "");
  facts.restore_time = member.value("restoretime", "");
}

/// What a failed run has kept is made this run's own: it must be what that run left, and closed.
void plan_kept(Planning& plan) {
  const auto copy = plan.services.databases.get(plan.retry->copy);
  if (!copy || tag_of(*copy, "refresh-run") != plan.retry->of)
    return plan.problem_at("$." + plan.key, fmt::format("the copy that run {} kept is gone", plan.retry->of));
  if (copy->open)
    return plan.problem_at("$." + plan.key, fmt::format("'{}', which run {} kept, is open to users",
                                                        copy->name, plan.retry->of));
  plan.plan.pins["kept"] = copy->members;
  plan.plan.pins["kept"].push_back(copy->id);
  plan.plan.notes.push_back(
      fmt::format("no copy is made: it goes on with '{}', which run {} kept", copy->name, plan.retry->of));
  const std::string wanted = plan.member->value("restoretime", "");
  if (!wanted.empty() && wanted != plan.retry->data_time)
    plan.plan.notes.push_back(
        fmt::format("the kept copy shows {} UTC, and not {}: dbrefresh run makes another",
                    plan.retry->data_time, wanted));
}

void plan(Planning& plan) {
  using About = provider::Objection::About;
  if (plan.retry) plan_kept(plan);
  const std::string from = plan.path(plan.is_cluster() ? "sourcecluster" : "source");
  plan.paths = {{About::source, from},
                {About::snapshot, plan.path("snapshot")},
                {About::time, plan.path("restoretime")},
                {About::target, plan.path(plan.is_cluster() ? "targetcluster" : "target")},
                {About::port, plan.path("port")},
                {About::shape, "$." + plan.key}};
  static constexpr std::pair<const char*, const char*> shape_fields[] = {
      {"port", "port"},
      {"engine_version", "engineversion"},
      {"instance_class", "dbclass"},
      {"subnet_group", "subgrp"},
      {"parameter_group", "dbparamgrp"},
      {"cluster_parameter_group", "cluparamgrp"},
      {"storage_type", "storagetype"},
      {"security_groups", "secgrpids"},
      {"log_exports", "cwalogs"},
      {"iops", "iops"},
      {"backtrack_seconds", "backtrack"},
      {"iam_auth", "iamdbauth"},
      {"copy_tags_to_snapshots", "copytagstosnap"},
      {"deletion_protection", "deletionprotection"},
      {"multi_az", "multiaz"},
      {"auto_minor_upgrade", "autominor"}};
  for (const auto& [of_shape, of_file] : shape_fields) plan.shape_paths[of_shape] = plan.path(of_file);
  for (const auto& [of, of_file] : listening_fields)
    plan.shape_paths[fmt::format("listening.{}", of)] = plan.path(of_file);
  plan.must_be_free(plan.names.at("temp"), plan.kind());
  const std::string name = plan.names.at("source");
  plan.source = plan.services.databases.find_source(plan.kind(), name);
  if (!plan.source)
    return plan.problem_at(
        from,
        fmt::format("'{}': there is no such {}{}", name, to_string(plan.kind()),
                    plan.member->value("restoretype", "") == "fromsnapshot"
                        ? "; a snapshot is restored in the name of what it is of, which must be there: an "
                          "empty one of that name will do"
                        : ""));
  plan.plan.pins["source"] = plan.source->id;
  plan.intent.restore = restore_request(plan.names, *plan.member, plan.facts, plan.source->id, plan.run);
  const std::string engine = plan.member->value("engine", plan.source->engine);
  if (provider::family_of(engine) != provider::family_of(plan.source->engine))
    plan.problem("engine", fmt::format("says '{}', and {} is {}", engine, name, plan.source->engine));
}

/// Whoever dies while it makes a copy leaves none, and the next one begins anew: no copy ends that takes
/// longer than its makers live. Told after a restore was asked for: which copy is being made, and how many
/// went.
constexpr int most_lost = 20;

void count_lost(StepContext& step) {
  const auto now = new_database(step);
  const std::string before = step.result.value("making", ""), id = now ? now->id : "";
  const int lost = step.result.value("lost", 0) + (before.empty() || before == id ? 0 : 1);
  if (lost == most_lost)
    throw base::Error(
        "CopyKeepsBreaking",
        fmt::format("{} copies went, one after the other, with the processes that made them", lost),
        "let a call or its process last longer than a copy takes, or see what ends them");
  step.result["lost"] = lost;
  step.result["making"] = id;
}

/// The kept copy, or an instance of it. The tags are set once: whoever is asked again, late, must not undo
/// the mark of scripts that have begun, nor a later name.
Work<Done> take_over(StepContext& step, const Retry& retry, const provider::Database& kept,
                     const std::string& name, const provider::Tags& tags) {
  const bool is_ours = tag_of(kept, "refresh-run") == step.run();
  if (is_ours && kept.name != name && !is_kept_name(kept.name, retry.of)) return Done{};
  provider::Desired wanted{.name = name};
  if (!is_ours) wanted.tags = tags;
  return done_if(step.databases.adopt(kept.id, wanted, step.budget));
}

provider::Database must_be_there(StepContext& step, const Retry& retry, const std::string& id) {
  if (auto found = step.databases.get(id)) return *std::move(found);
  throw base::Error("KeptCopyGone", fmt::format("the copy that run {} kept is gone", retry.of),
                    "a new run makes another one");
}

/// Makes the copy that a failed run has kept this run's own, under the names that a new one would have; a
/// cluster's instance first, which goes by it.
Work<Done> adopt(StepContext& step, const Retry& retry, const provider::RestoreRequest& request) {
  auto tags = request.tags;
  tags.merge(headway_tag(step.run(), retry.scripts));
  const auto copy = must_be_there(step, retry, retry.copy);
  const auto instances = done_if_all(copy.members, [&](const std::string& id) {
    return take_over(step, retry, must_be_there(step, retry, id), step.names().at("instance_temp"), tags);
  });
  if (std::holds_alternative<Pending>(instances)) return instances;
  const auto taken = take_over(step, retry, copy, request.name, tags);
  if (std::holds_alternative<Pending>(taken)) return taken;
  step.result.update({{"id", copy.id},
                      {"arn", copy.arn},
                      {"name", request.name},
                      {"dataTime", retry.data_time},
                      {"method", retry.method},
                      {"keptBy", retry.of}});
  return Done{};
}

/// What is still being deleted was thrown away by a later step: its name is awaited. How often a copy was
/// made is counted, for whoever throws them away; one that was thrown away is not taken from another run
/// again.
Work<Done> advance(StepContext& step) {
  const Json before = step.state.value("results", Json::object()).value(step.key, Json::object());
  const auto copies = before.value("copies", 0) + (step.result.empty() ? 1 : 0);
  auto request =
      restore_request(step.names(), step.input, step.facts, step.state.at("plan").at("source"), step.run());
  request.replaces = old_id(step);
  if (const auto retry = retry_of(step.state); retry && copies == 1) {
    step.result["copies"] = copies;
    return adopt(step, *retry, request);
  }
  const auto made = new_database(step);
  if (made && made->status == "deleting") {
    step.result["copies"] = copies;
    return wait_for(made->name + " to be gone");
  }
  const auto work = step.databases.restore(request, step.budget);
  step.result["copies"] = copies;
  if (const auto* pending = std::get_if<Pending>(&work)) {
    count_lost(step);
    return *pending;
  }
  const auto& restored = std::get<provider::Restored>(work);
  step.result.update({{"id", restored.database.id},
                      {"arn", restored.database.arn},
                      {"name", restored.database.name},
                      {"dataTime", base::ledger_utc(restored.data_time)},
                      {"method", restored.method}});
  return Done{};
}

/// Closed, under names that are in nobody's way; its instances first, which go by the cluster's.
Work<Done> keep(StepContext& step, const provider::Database& copy) {
  if (copy.kind == provider::Kind::cluster)
    for (const auto& id : copy.members) {
      const auto named = done_if(step.databases.make_so(
          id, {.name = kept_name(step.names().at("instance"), step.run())}, step.budget));
      if (std::holds_alternative<Pending>(named)) return named;
    }
  return done_if(step.databases.make_so(
      copy.id, {.name = kept_name(step.names().at("target"), step.run()), .open = false}, step.budget));
}

/// The copy goes, or stays, if the run was told to keep it and there is anything to keep: it was made, and is
/// not broken.
Work<Done> undo(StepContext& step) {
  const auto made = new_database(step);
  if (!made) return Done{};
  const bool whole = made->status != "creating" && made->status != "deleting" &&
                     provider::classify(made->status) != provider::StatusClass::failed;
  return whole && step.state.value("keep_failed", false) ? keep(step, *made) : remove_whole(step, *made);
}

}  // namespace

namespace {

provider::Shape shape_of(const Json& member) {
  provider::Shape shape{.port = member.value("port", 0),
                        .listening = listening_of(member),
                        .engine_version = member.value("engineversion", ""),
                        .instance_class = member.value("dbclass", ""),
                        .subnet_group = member.value("subgrp", ""),
                        .parameter_group = member.value("dbparamgrp", ""),
                        .cluster_parameter_group = member.value("cluparamgrp", ""),
                        .storage_type = member.value("storagetype", ""),
                        .security_groups = member.value("secgrpids", std::vector<std::string>{}),
                        .log_exports = member.value("cwalogs", std::vector<std::string>{}),
                        .iam_auth = member.value("iamdbauth", false),
                        .copy_tags_to_snapshots = member.value("copytagstosnap", false),
                        .deletion_protection = member.value("deletionprotection", false),
                        .multi_az = member.value("multiaz", false),
                        .auto_minor_upgrade = member.value("autominor", false)};
  if (member.contains("iops")) shape.iops = member["iops"].get<std::int64_t>();
  if (member.contains("backtrack")) shape.backtrack_seconds = member["backtrack"].get<std::int64_t>();
  return shape;
}

provider::RestoreType type_of(const std::string& type) {
  using provider::RestoreType;
  return type == "restorepoint"   ? RestoreType::restore_point
         : type == "fromsnapshot" ? RestoreType::from_snapshot
         : type == "fastcloning"  ? RestoreType::fast_cloning
                                  : RestoreType::latest_point;
}

}  // namespace

provider::RestoreRequest restore_request(const Json& names, const Json& member, const Facts& facts,
                                         const std::string& source, const std::string& run) {
  const bool cluster = names.at("kind") == "cluster";
  provider::RestoreRequest request{
      .token = run + "/restore",
      .kind = cluster ? provider::Kind::cluster : provider::Kind::instance,
      .source = source,
      .name = names.at("temp"),
      .type = type_of(member.at("restoretype")),
      .snapshot = member.value("snapshot", ""),
      .tags = {{"refresh-application", member.at("application")},
               {"refresh-environment", member.at("environment")},
               {"refresh-masked", "false"},
               {cluster ? "refresh-cluster" : "refresh-instance", "to_modify_after_rename"}},
      .shape = shape_of(member)};
  if (facts.scripts) request.tags.merge(scripts_mark(run, 0));
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
    .presence = {Need::required, Need::required,
                 "a refresh makes a new database and gives it the old one's name"},
    .makes_names = true,
    .deadline_minutes = 36 * 60,
    .expected_check = expected_check,
    .rules = rules,
    .read = read,
    .tell = tell,
    .plan = plan,
    .advance = advance,
    .undo = undo,
};
static_assert(well_formed(perform_restore));

}  // namespace refresh
