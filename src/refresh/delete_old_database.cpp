#include <algorithm>

#include "refresh/lookup.h"
#include "refresh/plan.h"

namespace refresh {
namespace {

constexpr Field fields[] = {identifier("dbinstance", "Instance to delete, by its usual name.")};

/// The old instance; of a cluster, its instances, readers before the writer.
std::vector<provider::Database> old_instances(StepContext& step) {
  std::vector<provider::Database> all;
  const auto ids =
      kind_of(step) == provider::Kind::cluster ? pinned(step, "old_members") : std::vector{old_id(step)};
  for (const auto& id : ids)
    if (!id.empty())
      if (auto found = step.databases.get(id)) all.push_back(*std::move(found));
  std::ranges::stable_sort(all, {}, &provider::Database::writer);
  return all;
}

void plan(Planning& plan) {
  if (plan.member == nullptr) must_run_to_replace(plan);
}

Work<Done> advance(StepContext& step) {
  return done_if_all(old_instances(step),
                     [&](const auto& each) { return step.databases.remove(each.id, step.budget); });
}

}  // namespace

extern constexpr Step delete_old_database{
    .key = "delete",
    .states = {"delete-old-database", "wait-delete", "check-status-delete", "outcome-delete"},
    .summary = "Delete the old instance, known by its resource id.",
    .fields = fields,
    .checktodo = "checkdelete",
    .cancellable = false,
    .plan = plan,
    .advance = advance,
};
static_assert(well_formed(delete_old_database));

}  // namespace refresh
