#include <fmt/format.h>

#include <algorithm>

#include "refresh/lookup.h"
#include "refresh/plan.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    identifier("dbinstance", "Instance to delete, by its usual name.").as(":instance")};

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
  if (plan.member == nullptr)
    tell_what_stays(plan);
  else if (!plan.replicas_stay.empty())
    plan.problem_at(plan.replicas_stay, fmt::format("is not true, and '{}' has {} read replicas",
                                                    plan.old->name, plan.old->replicas.size()));
}

/// Who is still connected to it, by an address that was resolved before the swap: told once, before it goes.
void tell_of_connections(StepContext& step, const std::vector<provider::Database>& all) {
  if (step.result.contains("connections")) return;
  std::int64_t count = 0;
  for (const auto& each : all) count += step.services.databases.connections(each.id, step.budget).value_or(0);
  step.result["connections"] = count;
  if (count > 0)
    step.budget.tell(
        {fmt::format("the old database had {} connections in its last minutes: they end with it", count)});
}

Work<Done> advance(StepContext& step) {
  new_must_serve(step);
  const auto all = old_instances(step);
  tell_of_connections(step, all);
  return done_if_all(all, [&](const auto& each) { return step.databases.remove(each.id, step.budget); });
}

}  // namespace

extern constexpr Step delete_old_database{
    .key = "delete",
    .states = {"delete-old-database", "wait-delete", "check-status-delete", "outcome-delete"},
    .summary = "Delete the old instance, known by its resource id.",
    .fields = fields,
    .checktodo = "checkdelete",
    .asked_by = ":deletes",
    .cancellable = false,
    .plan = plan,
    .advance = advance,
};
static_assert(well_formed(delete_old_database));

}  // namespace refresh
