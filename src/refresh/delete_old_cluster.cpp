#include "refresh/lookup.h"
#include "refresh/plan.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    identifier("cluster", "Cluster to delete, by its usual name.").as(":target").only_aurora()};

void plan(Planning& plan) {
  if (plan.member == nullptr && plan.is_cluster()) tell_what_stays(plan);
}

Work<Done> advance(StepContext& step) {
  new_must_serve(step);
  const auto old = old_database(step);
  return old ? step.databases.remove(old->id, step.budget) : Done{};
}

}  // namespace

extern constexpr Step delete_old_cluster{
    .key = "deletecluster",
    .states = {"delete-old-cluster", "wait-delete-cluster", "check-status-delete-cluster",
               "outcome-delete-cluster"},
    .summary = "Delete the old Aurora cluster, known by its resource id.",
    .fields = fields,
    .checktodo = "checkdeletecluster",
    .asked_by = ":deletes",
    .cancellable = false,
    .plan = plan,
    .advance = advance,
};
static_assert(well_formed(delete_old_cluster));

}  // namespace refresh
