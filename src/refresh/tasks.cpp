// From a task of the document to a step's start or check.
#include <fmt/format.h>

#include "base/error.h"
#include "refresh/document.h"
#include "refresh/workflow.h"

namespace refresh {
namespace {

using base::Error;

/// A wait's deadline counts from the step's start, which is in the results.
base::Time deadline(const Step& step, const Json& state, bool is_check, base::Time now) {
  const auto limit = std::chrono::minutes(step.deadline_minutes);
  if (!is_check) return now + limit;
  const std::string begun = state.value("results", Json::object())
                                .value(std::string(step.key), Json::object())
                                .value("started", "");
  return base::parse_ledger_utc(begun).value_or(now) + limit;
}

/// The plan's result moves to where all steps look for it.
Json run_step(const StateRef& ref, const engine::Attempt& attempt, provider::Services& services) {
  const Step& step = *ref.step;
  Json state = attempt.input.at("run");
  if (state.contains("results") && state["results"].contains("plan"))
    state["plan"] = state["results"]["plan"];
  const Json none = Json::object();
  const Json& input = step.in_file && state.at("members").contains(std::string(step.key))
                          ? state["members"][std::string(step.key)]
                          : none;
  Guard guard(services.databases, state.at("run"), state.contains("plan") ? state["plan"] : none);
  const auto now = attempt.clock.now();
  const provider::Budget budget{attempt.clock, deadline(step, state, ref.is_check, now), attempt.stop,
                                attempt.tell};
  StepContext context{input, state, guard, services, budget, attempt.maybe_happened};
  if (!ref.is_check) {
    step.start(context);
    context.result["started"] = base::ledger_utc(now);
    return context.result;
  }
  if (step.check(context) == Progress::succeeded) return {{"status", "SUCCEEDED"}};
  if (now >= budget.until)
    throw Error("DeadlineExceeded",
                fmt::format("{} is not done after {} minutes", step.states.start, step.deadline_minutes),
                "look at the database's own log");
  return {{"status", "PENDING"}};
}

}  // namespace

engine::Task make_task(provider::Services& services) {
  return [&services](const engine::Attempt& attempt) {
    const auto ref = find_state(attempt.input.at("state").get<std::string>());
    if (!ref)
      throw Error("UnknownState", fmt::format("there is no state {}", attempt.input.at("state").dump()));
    if (attempt.cancel.stop_requested() && ref->step->cancellable)
      throw Error("RefreshCancelled", "the run was cancelled");
    return run_step(*ref, attempt, services);
  };
}

}  // namespace refresh
