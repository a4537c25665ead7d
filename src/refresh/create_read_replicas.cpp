#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "refresh/lookup.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    list("replicas",
         "Replicas to make: name_class_port for rds, name_class for aurora, with commas between."),
    text("application", "Becomes the tag refresh-application."),
    text("environment", "Becomes the tag refresh-environment."),
    identifier("dbinstance", "Instance to replicate."),
    boolean("autominor", "Whether minor versions are upgraded by themselves."),
    boolean("copytagstosnap", "Whether snapshots get the tags."),
    boolean("multiaz", "Whether they have a standby in another zone.").only_rds(),
    boolean("iamdbauth", "Whether IAM may authenticate logins.").only_rds(),
    list("secgrpids", "VPC security groups, ids with commas between.").only_rds(),
    choice("storagetype", "gp2|gp3|io1|io2", "Storage type.").only_rds(),
    integer("iops", 1, "Provisioned I/O operations a second.").only_rds().when("storagetype", "io1|io2"),
    identifier("cluster", "Cluster to add readers to.").only_aurora(),
    choice("engine", engine_choices, "Database engine; that of the cluster.").only_aurora(),
    text("subgrp", "DB subnet group.").only_aurora(),
    text("dbparamgrp", "DB parameter group.").only_aurora(),
};

struct Wanted {
  std::string name;
  std::string db_class;
  int port = 0;
};

/// `name_class_port`; nothing for a spelling that is none.
std::optional<Wanted> read(const std::string& text, bool aurora) {
  const auto parts = base::split_list(text, '_');
  if (parts.size() != (aurora ? 2U : 3U) || (!aurora && !base::is_digits(parts[2]))) return std::nullopt;
  return Wanted{base::lower(parts[0]), parts[1], aurora ? 0 : std::atoi(parts[2].c_str())};
}

std::vector<Problem> rules(const Json& member) {
  std::vector<Problem> problems;
  const bool aurora = member["dbservice"] == "aurora";
  for (const auto& each : base::split_list(member["replicas"].get<std::string>()))
    if (!read(each, aurora))
      problems.push_back(
          {0, ".replicas",
           fmt::format("'{}' is not of the form {}", each, aurora ? "name_class" : "name_class_port")});
  return problems;
}

Json expected_check(const Json& member) {
  std::vector<std::string> names;
  for (const auto& each : base::split_list(member["replicas"].get<std::string>()))
    names.push_back(each.substr(0, each.find('_')));
  return {{"replicas", base::join(names, ",")}};
}

std::vector<Wanted> wanted(StepContext& step) {
  std::vector<Wanted> all;
  for (const auto& each : step.input.at("replicas").get<std::vector<std::string>>())
    all.push_back(read(each, kind_of(step) == provider::Kind::cluster).value());
  return all;
}

std::vector<provider::Database> made_replicas(StepContext& step) {
  auto all = step.databases.made(provider::Kind::instance);
  std::erase_if(all, [](const auto& each) { return each.replica_of.empty(); });
  return all;
}

/// What an earlier attempt left half made goes, and is waited for; the others stay.
void remove_failed(StepContext& step) {
  for (const auto& each : made_replicas(step)) {
    if (provider::classify(each.status) == provider::StatusClass::failed)
      step.databases.remove(each.id, step.budget);
    const auto now = step.databases.get(each.id);
    if (!now || now->status != "deleting") continue;
    base::Error error("InvalidDBInstanceState", fmt::format("{} is still being deleted", each.name));
    error.retryable = true;
    throw error;
  }
}

void start(StepContext& step) {
  remove_failed(step);
  const auto made = made_replicas(step);
  const auto of = must_have_new(step);
  for (const Wanted& each : wanted(step)) {
    if (std::ranges::find(made, each.name, &provider::Database::name) != made.end()) continue;
    step.databases.create_replica(of.id, each.name, each.port,
                                  {{"refresh-application", step.input.at("application")},
                                   {"refresh-environment", step.input.at("environment")},
                                   {"refresh-instance", each.name}},
                                  step.input, step.budget);
  }
}

/// Done when every replica is ready and in step, not only the last one.
Progress check(StepContext& step) {
  const auto made = made_replicas(step);
  if (made.size() < wanted(step).size()) return Progress::pending;
  const bool all = std::ranges::all_of(
      made, [&](const auto& each) { return is_ready(each) && step.databases.replica_in_sync(each.id); });
  return all ? Progress::succeeded : Progress::pending;
}

Progress undo(StepContext& step) {
  const auto made = made_replicas(step);
  for (const auto& each : made)
    if (each.status != "deleting") step.databases.remove(each.id, step.budget);
  return made.empty() ? Progress::succeeded : Progress::pending;
}

}  // namespace

extern constexpr Step create_read_replicas{
    .key = "createreplicas",
    .states = {"create-read-replicas", "wait-replicas", "check-status-replicas", "outcome-replicas"},
    .summary = "Make read replicas of the new database; done when all are in step with it.",
    .fields = fields,
    .checktodo = "checkreplicas",
    .deadline_minutes = 12 * 60,
    .expected_check = expected_check,
    .rules = rules,
    .start = start,
    .check = check,
    .undo = undo,
};
static_assert(well_formed(create_read_replicas));

}  // namespace refresh
