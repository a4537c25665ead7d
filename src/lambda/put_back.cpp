#include "lambda/put_back.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "executions/record.h"
#include "refresh/document.h"
#include "refresh/workflow.h"

namespace lambda {
namespace {

using base::Error;
using base::Json;

/// Events from the one on that enters the plan, or the rolling back of one that put back another: its input
/// was made by us.
std::vector<Json> prepared(std::vector<Json> events) {
  const auto enters = [](const Json& event) {
    const auto name = executions::state_entered(event);
    return name == refresh::planning_step().states.start || name == refresh::roll_back_step().states.start;
  };
  events.erase(events.begin(), std::ranges::find_if(events, enters));
  return events;
}

/// When the last call that it made is over, at the latest: it may go on when nobody waits for it.
base::Time quiet_at(const std::vector<Json>& events, base::Time now) {
  std::string state;
  base::Time until = now;
  for (const Json& event : events) {
    const auto of_task = executions::heard(event, state);
    const auto type = event.at("type").get<std::string>();
    if (of_task && of_task->type != "TaskStateEntered") until = now;
    if (type != "LambdaFunctionScheduled" && type != "TaskScheduled") continue;
    const auto called = base::parse_iso_offset(event.at("timestamp").get<std::string>()).value_or(now);
    until = std::max(now, called + refresh::longest_call(state));
  }
  return until;
}

}  // namespace

Json state_to_put_back(provider::aws::Service& service, const std::string& asking, const std::string& name) {
  executions::Machine machine(service, executions::machine_of(asking));
  const auto found = machine.find(name);
  if (!found || found->at("status") == "RUNNING")
    throw Error("BadInput", fmt::format("execution {} {}", name, found ? "is under way" : "is not there"),
                "dbrefresh --provider aws cancel " + name);
  const auto events = prepared(machine.events(name));
  Json state = executions::newest_data(events);
  if (!executions::has_begun(state))
    throw Error("BadInput", fmt::format("execution {} had begun nothing that could be put back", name));
  if (const auto again = refresh::roll_back_again(state)) state = again->input;
  if (!state.contains("failure"))
    state["failure"] = {
        {"Error", "RefreshCancelled"},
        {"Cause", fmt::format("execution {} was stopped ({})", name,
                              found->value("cause", found->at("status").get<std::string>()))}};
  state[refresh::quiet_member] = base::iso_utc(quiet_at(events, service.clock().now()));
  state["execution"] = asking;
  return state;
}

}  // namespace lambda
