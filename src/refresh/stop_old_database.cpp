#include "refresh/lookup.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    identifier("dbinstance", "Instance to stop, by its usual name.").as(":instance").only_rds()};

Work<Done> advance(StepContext& step) {
  new_must_serve(step);
  const auto old = old_database(step);
  if (!old || provider::classify(old->status) == provider::StatusClass::stopped) return Done{};
  return done_if(step.databases.make_so(old->id, {.running = false}, step.budget));
}

}  // namespace

extern constexpr Step stop_old_database{
    .key = "stopdb",
    .states = {"stop-old-database", "wait-shutdown", "check-status-shutdown", "outcome-shutdown"},
    .summary = "Stop the old instance, once the new one serves in its place.",
    .fields = fields,
    .checktodo = "checkstopdb",
    .asked_by = "old.stop",
    .cancellable = false,
    .advance = advance,
};
static_assert(well_formed(stop_old_database));

}  // namespace refresh
