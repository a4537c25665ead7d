#include <fmt/format.h>

#include "base/error.h"
#include "refresh/plan.h"
#include "refresh/step.h"

namespace refresh {
namespace {

/// Looks at the world once more, now that the lease is ours, and pins identities: from here on names are not
/// trusted.
Work<Done> advance(StepContext& step) {
  // Nothing is this run's own yet: what carries its id was made by another one with the same.
  if (!step.services.databases.find({.tags = {{"refresh-run", step.run()}}}).empty())
    throw base::Error("PlanRefused", fmt::format("run {} has been made already", step.run()),
                      "begin another run");
  const Plan plan =
      make_plan(step.names(), step.state.at("members"), step.services, "", retry_of(step.state));
  if (!plan.ok()) {
    std::string list;
    for (const Problem& problem : plan.problems)
      list += fmt::format("\n  {}: {}", problem.path, problem.message);
    throw base::Error("PlanRefused", "the refresh would not work:" + list);
  }
  step.result = plan.pins;
  return Done{};
}

}  // namespace

extern constexpr Step plan_step{
    .key = "plan",
    .in_file = false,
    .stage = Stage::pre_restore,
    .states = {"plan"},
    .summary = "Find everything that would fail later, and pin the databases by their resource ids.",
    .right = Right::look,
    .advance = advance,
};
static_assert(well_formed(plan_step));

}  // namespace refresh
