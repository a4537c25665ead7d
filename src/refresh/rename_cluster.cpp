#include "refresh/rename.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    identifier("cluster", "The temporary name; the final one is without the ending 'temp'.")
        .as(":target temp"),
    identifier("cluster_newname", "The final name, in files whose temporary name has no such ending.")
        .as(":new name")
        .optional(),
};

Json expected_check(const Json& member) {
  return final_name_check(member, "cluster");
}

void read(Reading& reading) {
  read_target(reading, "cluster");
}

Work<Done> advance(StepContext& step) {
  return take_name(step, must_have_new(step), step.names().at("target"));
}

}  // namespace

extern constexpr Step rename_cluster{
    .key = "renamecluster",
    .states = {"rename-cluster", "wait-rename-cluster", "check-status-rename-cluster",
               "outcome-rename-cluster"},
    .summary = "Give the new Aurora cluster its final name; proven by its resource id and a login.",
    .fields = fields,
    .checktodo = "checkrenamecluster",
    .presence = {Need::forbidden, Need::required, "without it the new cluster would never get its name"},
    .makes_names = true,
    .right = Right::sql,
    .deadline_minutes = 120,
    .expected_check = expected_check,
    .read = read,
    .advance = advance,
    .undo = give_name_back,
};
static_assert(well_formed(rename_cluster));

}  // namespace refresh
