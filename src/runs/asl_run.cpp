#include "runs/asl_run.h"

namespace runs {
namespace {

using asl::Decision;
using asl::Json;

void note(AslOutcome& outcome, const Decision& decision) {
  for (const auto& event : decision.events) {
    outcome.events.push_back(event.type);
    if (event.type == "ExecutionSucceeded") outcome.output = event.details["output"];
  }
}

}  // namespace

AslOutcome run_machine(const asl::Machine& machine, const Json& input, base::Clock& clock,
                       std::uint64_t seed) {
  asl::Execution execution = asl::begin("execution", "execution", "machine", input, clock.now());
  AslOutcome outcome;
  asl::Entropy entropy{seed};
  asl::Event event = asl::Start{};
  while (true) {
    const Decision decision = asl::advance(machine, execution, event, clock.now(), entropy.next());
    note(outcome, decision);
    if (execution.status != asl::Execution::Status::running) break;
    const auto open = asl::open_tasks(machine, execution, 0);
    if (decision.more) {
      event = asl::Proceed{};
    } else if (!open.empty()) {
      event = asl::TaskResult{open[0].token, nullptr, "Dbrefresh.NoTaskHandler",
                              "asl run has no handler for " + open[0].resource};
    } else {
      clock.sleep_until(asl::next_due(execution).value_or(clock.now()), {});
      event = asl::Tick{};
    }
  }
  outcome.status = asl::to_string(execution.status);
  outcome.error = execution.root.error;
  outcome.cause = execution.root.cause;
  return outcome;
}

Json to_json(const AslOutcome& outcome) {
  Json out = {{"status", outcome.status}, {"events", outcome.events}};
  if (outcome.output) out["output"] = *outcome.output;
  if (outcome.status != "SUCCEEDED") {
    out["error"] = outcome.error ? Json(*outcome.error) : Json();
    out["cause"] = outcome.cause ? Json(*outcome.cause) : Json();
  }
  return out;
}

}  // namespace runs
