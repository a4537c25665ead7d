#include <algorithm>

#include "refresh/lookup.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    identifier("cluster", "Cluster of which the readers are deleted.").only_aurora(),
    identifier("dbinstance", "Instance of which the read replicas are deleted.").only_rds(),
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

void start(StepContext& step) {
  for (const auto& id : old_replicas(step))
    if (const auto replica = step.databases.get(id); replica && replica->status != "deleting")
      step.databases.remove(id, step.budget);
}

Progress check(StepContext& step) {
  const auto ids = old_replicas(step);
  return std::ranges::none_of(ids, [&](const auto& id) { return step.databases.get(id).has_value(); })
             ? Progress::succeeded
             : Progress::pending;
}

}  // namespace

extern constexpr Step delete_replicas{
    .key = "deletereplicas",
    .states = {"delete-replicas", "wait-delete-replicas", "check-status-deletereplicas",
               "outcome-delete-replicas"},
    .summary = "Delete every read replica of the old database.",
    .fields = fields,
    .checktodo = "checkdeletereplicas",
    .cancellable = false,
    .start = start,
    .check = check,
};
static_assert(well_formed(delete_replicas));

}  // namespace refresh
