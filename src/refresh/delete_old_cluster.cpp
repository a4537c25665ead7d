#include "refresh/lookup.h"

namespace refresh {
namespace {

constexpr Field fields[] = {identifier("cluster", "Cluster to delete, by its usual name.").only_aurora()};

void start(StepContext& step) {
  const auto old = old_database(step);
  if (old && old->status != "deleting") step.databases.remove(old->id, step.budget);
}

Progress check(StepContext& step) {
  return old_database(step) ? Progress::pending : Progress::succeeded;
}

}  // namespace

extern constexpr Step delete_old_cluster{
    .key = "deletecluster",
    .states = {"delete-old-cluster", "wait-delete-cluster", "check-status-delete-cluster",
               "outcome-delete-cluster"},
    .summary = "Delete the old Aurora cluster, known by its resource id.",
    .fields = fields,
    .checktodo = "checkdeletecluster",
    .cancellable = false,
    .start = start,
    .check = check,
};
static_assert(well_formed(delete_old_cluster));

}  // namespace refresh
