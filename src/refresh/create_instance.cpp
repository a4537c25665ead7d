#include "base/text.h"
#include "refresh/lookup.h"
#include "refresh/plan.h"
#include "refresh/retry.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    identifier("cluster", "Cluster to make the instance in, by its temporary name.").as(":target temp"),
    identifier("dbinstance",
               "Instance to make; until its cluster is fit to be seen it is called <dbinstance>temp.")
        .as(":instance"),
    text("application", "Becomes the tag refresh-application.").as("application", ":target"),
    text("environment", "Becomes the tag refresh-environment.").as("environment", "\"development\""),
    text("dbclass", "Instance class.").as("aws.class").or_inherited(),
    choice("engine", engine_choices, "Database engine; that of the cluster.").as("engine").or_inherited(),
    text("subgrp", "DB subnet group.").as("aws.subnet_group").or_inherited(),
    text("dbparamgrp", "DB parameter group.").as("aws.parameter_group").or_inherited(),
    boolean("autominor", "Whether minor versions are upgraded by themselves.")
        .as("aws.auto_minor_upgrade", "false"),
    boolean("copytagstosnap", "Whether snapshots get the tags.").as("aws.copy_tags", "true"),
    boolean("perfinsights", "Whether Performance Insights is on.").as("aws.performance_insights").optional(),
    choice("perfinsightsretention", "7|731", "Days that Performance Insights keeps.")
        .as("aws.performance_insights_days")
        .optional()
        .when("perfinsights", "true"),
    text("perfinsightskmskeyid", "Key that encrypts Performance Insights.")
        .as("aws.performance_insights_key")
        .optional()
        .when("perfinsights", "true"),
    boolean("enhancedmon", "Whether Enhanced Monitoring is on.").as("aws.enhanced_monitoring").optional(),
    choice("enhancedmoninterval", "1|5|10|15|30|60", "Seconds between two readings of Enhanced Monitoring.")
        .as("aws.monitoring_seconds")
        .when("enhancedmon", "true"),
    text("enhancedmonrolearn", "Role that Enhanced Monitoring writes with.")
        .as("aws.monitoring_role")
        .when("enhancedmon", "true"),
};

Json expected_check(const Json& member) {
  return {{"dbinstance", member["dbinstance"].get<std::string>() + "temp"}};
}

std::optional<provider::Database> made_instance(StepContext& step) {
  for (auto& each : step.databases.made(provider::Kind::instance))
    if (each.writer) return each;
  return std::nullopt;
}

provider::CreateRequest request(const Json& names, const Json& member) {
  provider::Shape shape{.instance_class = member.value("dbclass", ""),
                        .subnet_group = member.value("subgrp", ""),
                        .parameter_group = member.value("dbparamgrp", ""),
                        .copy_tags_to_snapshots = member.at("copytagstosnap"),
                        .auto_minor_upgrade = member.at("autominor"),
                        .performance_insights = member.value("perfinsights", false),
                        .monitoring_role = member.value("enhancedmonrolearn", ""),
                        .performance_insights_key = member.value("perfinsightskmskeyid", "")};
  if (member.contains("perfinsightsretention"))
    shape.performance_insights_days = std::stoll(member["perfinsightsretention"].get<std::string>());
  if (member.value("enhancedmon", false))
    shape.monitoring_seconds = std::stoll(member.at("enhancedmoninterval").get<std::string>());
  return {.name = names.at("instance_temp"),
          .tags = {{"refresh-application", member.at("application")},
                   {"refresh-environment", member.at("environment")},
                   {"refresh-instance", "to_modify_after_rename"}},
          .shape = std::move(shape)};
}

std::vector<Problem> rules(const Json& member) {
  const std::string role = member.value("enhancedmonrolearn", "");
  if (as_boolean(member.value("enhancedmon", Json())) != true || provider::is_role_arn(role)) return {};
  return {{0, ".enhancedmonrolearn", "'" + role + "' is no ARN of a role"}};
}

void read(Reading& reading) {
  reading.say("instance", "dbinstance", base::lower(reading.member.at("dbinstance").get<std::string>()));
}

void plan(Planning& plan) {
  if (plan.member == nullptr) return;
  plan.must_be_free(plan.names.at("instance_temp"), provider::Kind::instance);
  plan.intent.writer = request(plan.names, *plan.member);
  plan.shape_paths["writer.instance_class"] = plan.path("dbclass");
  plan.shape_paths["writer.parameter_group"] = plan.path("dbparamgrp");
}

Work<Done> advance(StepContext& step) {
  auto wanted = request(step.names(), step.input);
  wanted.token = step.token();
  wanted.of = must_have_new(step).id;
  step.result = {{"name", wanted.name}};
  // A kept cluster came with its instance: its request had the token of the run that made it.
  if (const auto made = made_instance(step); made && retry_of(step.state) && made->status != "creating")
    return is_ready(*made) ? Work<Done>(Done{}) : wait_for(made->name + " to be ready");
  return done_if(step.databases.create(wanted, step.budget));
}

Work<Done> undo(StepContext& step) {
  if (step.state.value("keep_failed", false)) return Done{};
  const auto made = made_instance(step);
  return made ? step.databases.remove(made->id, step.budget) : Done{};
}

}  // namespace

extern constexpr Step create_instance{
    .key = "createinstance",
    .stage = Stage::restore,
    .states = {"create-instance", "wait-create-instance", "check-status-create-instance",
               "outcome-create-instance"},
    .summary = "Make the writer of a restored Aurora cluster.",
    .fields = fields,
    .checktodo = "checkcreate",
    .presence = {Need::forbidden, Need::required, "without it the new cluster would have no writer"},
    .makes_names = true,
    .deadline_minutes = 180,
    .expected_check = expected_check,
    .rules = rules,
    .read = read,
    .plan = plan,
    .advance = advance,
    .undo = undo,
};
static_assert(well_formed(create_instance));

}  // namespace refresh
