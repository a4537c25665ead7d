#include "refresh/rename.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    identifier("cluster", "The temporary name; the final one is without the ending 'temp'."),
    identifier("cluster_newname", "The final name, in files whose temporary name has no such ending.")
        .optional(),
};

Json expected_check(const Json& member) {
  return final_name_check(member, "cluster");
}

void start(StepContext& step) {
  const auto ours = must_have_new(step);
  step.databases.rename(ours.id, step.names().at("target"));
  step.databases.set_open(ours.id, true, step.budget);
  step.result = {{"id", ours.id}, {"name", step.names().at("target")}};
}

Progress check(StepContext& step) {
  return has_taken_name(step, must_have_new(step), step.names().at("target"));
}

}  // namespace

extern constexpr Step rename_cluster{
    .key = "renamecluster",
    .states = {"rename-cluster", "wait-rename-cluster", "check-status-rename-cluster",
               "outcome-rename-cluster"},
    .summary = "Give the new Aurora cluster its final name; proven by its resource id and a login.",
    .fields = fields,
    .checktodo = "checkrenamecluster",
    .deadline_minutes = 120,
    .expected_check = expected_check,
    .start = start,
    .check = check,
    .undo = give_name_back,
};
static_assert(well_formed(rename_cluster));

}  // namespace refresh
