#include "refresh/lookup.h"

namespace refresh {
namespace {

constexpr Field fields[] = {identifier("dbinstance", "Instance to stop, by its usual name.").only_rds()};

void start(StepContext& step) {
  const auto old = old_database(step);
  if (old && provider::classify(old->status) == provider::StatusClass::ready)
    step.databases.stop(old->id, step.budget);
}

Progress check(StepContext& step) {
  const auto old = old_database(step);
  return !old || provider::classify(old->status) == provider::StatusClass::stopped ? Progress::succeeded
                                                                                   : Progress::pending;
}

}  // namespace

extern constexpr Step stop_old_database{
    .key = "stopdb",
    .states = {"stop-old-database", "wait-shutdown", "check-status-shutdown", "outcome-shutdown"},
    .summary = "Stop the old instance, once the new one serves in its place.",
    .fields = fields,
    .checktodo = "checkstopdb",
    .cancellable = false,
    .start = start,
    .check = check,
};
static_assert(well_formed(stop_old_database));

}  // namespace refresh
