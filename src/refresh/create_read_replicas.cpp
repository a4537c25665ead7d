#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "refresh/lookup.h"
#include "refresh/plan.h"
#include "refresh/storage.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    list("replicas", "Replicas to make: name_class_port for rds, name_class for aurora, with commas between.")
        .as(":replicas"),
    text("application", "Becomes the tag refresh-application.").as("application", ":target"),
    text("environment", "Becomes the tag refresh-environment.").as("environment", "\"development\""),
    identifier("dbinstance", "Instance to replicate.").as(":instance"),
    boolean("autominor", "Whether minor versions are upgraded by themselves.")
        .as("aws.auto_minor_upgrade", "false"),
    boolean("copytagstosnap", "Whether snapshots get the tags.").as("aws.copy_tags", "true"),
    boolean("multiaz", "Whether they have a standby in another zone.").as("aws.multi_az", "false").only_rds(),
    boolean("iamdbauth", "Whether IAM may authenticate logins.").as("aws.iam_auth", "false").only_rds(),
    list("secgrpids", "VPC security groups, ids with commas between.")
        .as("aws.security_groups")
        .or_inherited()
        .only_rds(),
    storage_type,
    provisioned_iops,
    identifier("cluster", "Cluster to add readers to.").as(":target").only_aurora(),
    choice("engine", engine_choices, "Database engine; that of the cluster.")
        .as("engine")
        .or_inherited()
        .only_aurora(),
    text("subgrp", "DB subnet group.").as("aws.subnet_group").or_inherited().only_aurora(),
    text("dbparamgrp", "DB parameter group.").as("aws.parameter_group").or_inherited().only_aurora(),
};

constexpr std::int64_t highest_port = 65535;

struct Wanted {
  std::string name;
  std::string db_class;
  int port = 0;
};

/// `name_class_port`; nothing for a spelling that is none. A short file's may have `-` for a class or a port
/// that it does not say.
std::optional<Wanted> read(const std::string& text, bool aurora) {
  const auto parts = base::split_list(text, '_');
  if (parts.size() != (aurora ? 2U : 3U)) return std::nullopt;
  Wanted wanted{base::lower(parts[0]), parts[1] == "-" ? "" : parts[1]};
  if (aurora) return wanted;
  if (parts[2] == "-") return wanted;
  const auto port = as_integer(Json(parts[2]));
  if (!port || *port < 1 || *port > highest_port) return std::nullopt;
  wanted.port = static_cast<int>(*port);
  return wanted;
}

std::vector<Problem> rules(const Json& member) {
  std::vector<Problem> problems;
  const bool aurora = member["dbservice"] == "aurora";
  std::set<std::string> names;
  for (const auto& each : base::split_list(member["replicas"].get<std::string>())) {
    const auto wanted = read(each, aurora);
    if (!wanted)
      problems.push_back(
          {0, ".replicas",
           fmt::format("'{}' is not of the form {}", each,
                       aurora ? "name_class" : "name_class_port, with a port from 1 to 65535")});
    else if (!names.insert(wanted->name).second)
      problems.push_back({0, ".replicas", fmt::format("'{}' is in it twice", wanted->name)});
  }
  warn_of_unused_iops(member, problems);
  return problems;
}

Json expected_check(const Json& member) {
  std::vector<std::string> names;
  for (const auto& each : base::split_list(member["replicas"].get<std::string>()))
    names.push_back(each.substr(0, each.find('_')));
  return {{"replicas", base::join(names, ",")}};
}

std::vector<provider::CreateRequest> requests(const Json& member) {
  std::vector<provider::CreateRequest> all;
  for (const auto& text : member.at("replicas").get<std::vector<std::string>>()) {
    const auto wanted = read(text, member.at("dbservice") == "aurora").value();
    provider::Shape shape{.port = wanted.port,
                          .instance_class = wanted.db_class,
                          .subnet_group = member.value("subgrp", ""),
                          .parameter_group = member.value("dbparamgrp", ""),
                          .storage_type = member.value("storagetype", ""),
                          .security_groups = member.value("secgrpids", std::vector<std::string>{}),
                          .iam_auth = member.value("iamdbauth", false),
                          .copy_tags_to_snapshots = member.value("copytagstosnap", false),
                          .multi_az = member.value("multiaz", false),
                          .auto_minor_upgrade = member.value("autominor", false)};
    if (member.contains("iops")) shape.iops = member["iops"].get<std::int64_t>();
    all.push_back({.name = wanted.name,
                   .tags = {{"refresh-application", member.at("application")},
                            {"refresh-environment", member.at("environment")},
                            {"refresh-instance", wanted.name}},
                   .shape = std::move(shape)});
  }
  return all;
}

/// Their names are to be free, or those of what is to go.
void plan(Planning& plan) {
  plan.paths[provider::Objection::About::replicas] = plan.path("replicas");
  if (plan.member == nullptr) return;
  plan.intent.replicas = requests(*plan.member);
  auto goes = [&](const std::string& id) {
    return plan.old &&
           (std::ranges::count(plan.old->members, id) > 0 || std::ranges::count(plan.old->replicas, id) > 0);
  };
  for (const auto& each : plan.intent.replicas) {
    for (const char* own : {"instance", "instance_temp"})
      if (each.name == plan.names.at(own))
        plan.problem("replicas", fmt::format("'{}' is the name of what is replicated", each.name));
    const auto found = plan.services.databases.find(provider::Kind::instance, each.name);
    if (!found || goes(found->id) || plan.is_ours(*found)) continue;
    const bool deleting = found->status == "deleting";
    plan.problem("replicas", fmt::format("'{}' {}", each.name,
                                         deleting ? "is deleting; wait until it is gone"
                                                  : "exists, and is no replica of what is replaced"));
  }
}

/// Done when every replica is ready and in step, not only the last one.
Work<Done> advance(StepContext& step) {
  const auto of = must_have_new(step);
  return done_if_all(requests(step.input), [&](provider::CreateRequest request) -> Work<Done> {
    request.token = step.token(request.name);
    request.of = of.id;
    if (of.kind == provider::Kind::cluster) request.tags["refresh-cluster"] = step.names().at("target");
    const auto work = step.databases.create(request, step.budget);
    if (const auto* pending = std::get_if<Pending>(&work)) return *pending;
    if (step.databases.replica_in_sync(std::get<provider::Database>(work).id)) return Done{};
    return wait_for(request.name + " to be in step");
  });
}

Work<Done> undo(StepContext& step) {
  auto made = step.databases.made(provider::Kind::instance);
  std::erase_if(made, [](const auto& each) { return each.replica_of.empty(); });
  return done_if_all(made, [&](const auto& each) { return step.databases.remove(each.id, step.budget); });
}

}  // namespace

extern constexpr Step create_read_replicas{
    .key = "createreplicas",
    .states = {"create-read-replicas", "wait-replicas", "check-status-replicas", "outcome-replicas"},
    .summary = "Make read replicas of the new database; done when all are in step with it.",
    .fields = fields,
    .checktodo = "checkreplicas",
    .asked_by = "replicas",
    .deadline_minutes = 12 * 60,
    .expected_check = expected_check,
    .rules = rules,
    .plan = plan,
    .advance = advance,
    .undo = undo,
};
static_assert(well_formed(create_read_replicas));

}  // namespace refresh
