#include <fmt/format.h>

#include <algorithm>

#include "refresh/lookup.h"
#include "refresh/plan.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    identifier("cluster", "Cluster of which the readers are deleted.").as(":target").only_aurora(),
    identifier("dbinstance", "Instance of which the read replicas are deleted.").as(":instance").only_rds(),
};

/// Of a cluster, all instances but the writer.
std::vector<std::string> old_replicas(StepContext& step) {
  auto ids = old_parts(step);
  std::erase_if(ids, [&](const std::string& id) {
    const auto part = step.databases.get(id);
    return part && part->writer;
  });
  return ids;
}

void plan(Planning& plan) {
  if (plan.member == nullptr && plan.old && !plan.old->replicas.empty())
    plan.replicas_stay = plan.path("torun");
}

Work<Done> advance(StepContext& step) {
  new_must_serve(step);
  return done_if_all(old_replicas(step),
                     [&](const std::string& id) { return step.databases.remove(id, step.budget); });
}

}  // namespace

extern constexpr Step delete_replicas{
    .key = "deletereplicas",
    .states = {"delete-replicas", "wait-delete-replicas", "check-status-deletereplicas",
               "outcome-delete-replicas"},
    .summary = "Delete every read replica of the old database.",
    .fields = fields,
    .checktodo = "checkdeletereplicas",
    .asked_by = ":deletes",
    .cancellable = false,
    .plan = plan,
    .advance = advance,
};
static_assert(well_formed(delete_replicas));

}  // namespace refresh
