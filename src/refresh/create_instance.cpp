#include "refresh/lookup.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    identifier("cluster", "Cluster to make the instance in, by its temporary name."),
    identifier("dbinstance",
               "Instance to make; until its cluster is fit to be seen it is called <dbinstance>temp."),
    text("application", "Becomes the tag refresh-application."),
    text("environment", "Becomes the tag refresh-environment."),
    text("dbclass", "Instance class."),
    choice("engine", engine_choices, "Database engine; that of the cluster."),
    text("subgrp", "DB subnet group."),
    text("dbparamgrp", "DB parameter group."),
    boolean("autominor", "Whether minor versions are upgraded by themselves."),
    boolean("copytagstosnap", "Whether snapshots get the tags."),
    boolean("perfinsights", "Whether Performance Insights is on.").optional(),
    choice("perfinsightsretention", "7|731", "Days that Performance Insights keeps.")
        .optional()
        .when("perfinsights", "true"),
    text("perfinsightskmskeyid", "Key that encrypts Performance Insights.")
        .optional()
        .when("perfinsights", "true"),
    boolean("enhancedmon", "Whether Enhanced Monitoring is on.").optional(),
    choice("enhancedmoninterval", "1|5|10|15|30|60", "Seconds between two readings of Enhanced Monitoring.")
        .optional()
        .when("enhancedmon", "true"),
    text("enhancedmonrolearn", "Role that Enhanced Monitoring writes with.")
        .optional()
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

void start(StepContext& step) {
  if (!made_instance(step)) {
    step.databases.create_member(must_have_new(step).id, step.names().at("instance_temp"),
                                 {{"refresh-application", step.input.at("application")},
                                  {"refresh-environment", step.input.at("environment")},
                                  {"refresh-instance", "to_modify_after_rename"}},
                                 step.input, step.budget);
  }
  step.result = {{"name", step.names().at("instance_temp")}};
}

Progress check(StepContext& step) {
  const auto made = made_instance(step);
  return made && is_ready(*made) && is_ready(must_have_new(step)) ? Progress::succeeded : Progress::pending;
}

Progress undo(StepContext& step) {
  if (step.state.value("keep_failed", false)) return Progress::succeeded;
  const auto made = made_instance(step);
  if (!made) return Progress::succeeded;
  if (made->status != "deleting") step.databases.remove(made->id, step.budget);
  return Progress::pending;
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
    .deadline_minutes = 180,
    .expected_check = expected_check,
    .start = start,
    .check = check,
    .undo = undo,
};
static_assert(well_formed(create_instance));

}  // namespace refresh
