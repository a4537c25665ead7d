#include "refresh/rename.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    identifier("dbinstance", "The temporary name; the final one is without the ending 'temp'."),
    identifier("dbinstance_newname", "The final name, in files whose temporary name has no such ending.")
        .optional(),
};

Json expected_check(const Json& member) {
  return final_name_check(member, "dbinstance");
}

void start(StepContext& step) {
  const auto ours = must_have_new_instance(step);
  step.databases.rename(ours.id, step.names().at("instance"));
  if (kind_of(step) == provider::Kind::instance) step.databases.set_open(ours.id, true, step.budget);
  step.result = {{"id", ours.id}, {"name", step.names().at("instance")}};
}

Progress check(StepContext& step) {
  return has_taken_name(step, must_have_new_instance(step), step.names().at("instance"));
}

Progress undo(StepContext& step) {
  if (kind_of(step) == provider::Kind::cluster) {
    for (const auto& made : step.databases.made(provider::Kind::instance))
      if (made.name == step.names().at("instance"))
        step.databases.rename(made.id, step.names().at("instance_temp"));
    return Progress::succeeded;
  }
  return give_name_back(step);
}

}  // namespace

Progress has_taken_name(StepContext& step, const provider::Database& ours, const std::string& name) {
  const auto named = step.databases.find(ours.kind, name);
  if (!named || named->id != ours.id) return Progress::pending;
  if (!is_ready(*named) || !named->open) return Progress::pending;
  const auto password = master_password(step);
  return !password || opens(step, *password) ? Progress::succeeded : Progress::pending;
}

Json final_name_check(const Json& member, const std::string& field) {
  const auto given = member.find(field + "_newname");
  if (given != member.end()) return {{field, *given}};
  const std::string name = member.at(field);
  return {{field, name.size() > 4 ? name.substr(0, name.size() - 4) : name}};
}

Progress give_name_back(StepContext& step) {
  const auto ours = new_database(step);
  if (!ours || ours->name != step.names().at("target")) return Progress::succeeded;
  step.databases.set_open(ours->id, false, step.budget);
  step.databases.rename(ours->id, step.names().at("temp"));
  return Progress::pending;
}

extern constexpr Step rename_database{
    .key = "rename",
    .states = {"rename-database", "wait-rename", "check-status-rename", "outcome-rename"},
    .summary = "Give the new instance its final name; proven by its resource id and a login.",
    .fields = fields,
    .checktodo = "checkrename",
    .deadline_minutes = 120,
    .expected_check = expected_check,
    .start = start,
    .check = check,
    .undo = undo,
};
static_assert(well_formed(rename_database));

}  // namespace refresh
