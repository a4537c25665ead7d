// An execution that was stopped has caught nothing: what it did is put back by another one.
#include <fmt/format.h>

#include "base/error.h"
#include "executions/executions.h"
#include "executions/record.h"
#include "refresh/document.h"

namespace executions {
namespace {

using base::Error;

/// Names of executions have 80 characters at most (API reference, StartExecution).
constexpr std::size_t longest_front = 70;

/// When the last call that an execution made is over, at the latest: it may go on when nobody waits for it.
base::Time quiet_at(const std::vector<Json>& events, base::Time now) {
  std::string state;
  base::Time until = now;
  for (const Json& event : events) {
    const auto of_task = heard(event, state);
    const auto type = event.at("type").get<std::string>();
    if (of_task && of_task->type != "TaskStateEntered") until = now;
    if (type != "LambdaFunctionScheduled" && type != "TaskScheduled") continue;
    const auto called = base::parse_iso_offset(event.at("timestamp").get<std::string>()).value_or(now);
    until = std::max(now, called + refresh::longest_call(state));
  }
  return until;
}

/// What the new execution is started with; nothing where the old one had begun nothing.
std::optional<Json> input_of(const Json& state, const std::string& error, const std::string& cause) {
  if (!state.is_object() || !state.value("results", Json::object()).contains("plan")) return std::nullopt;
  if (const auto again = refresh::roll_back_again(state)) return again->input;
  Json input = state;
  if (!input.contains("failure")) input["failure"] = {{"Error", error}, {"Cause", cause}};
  return input;
}

}  // namespace

std::string back_name(const std::string& name, int number) {
  return fmt::format("{}-back-{}", name.substr(0, longest_front), number);
}

std::string Executions::put_back(const std::string& name, const std::string& error,
                                 const std::string& cause) {
  const Json execution = must_find(name);
  const std::string arn = execution.at("executionArn");
  const bool running = execution.at("status") == "RUNNING";
  const auto called = execution.at("name").get<std::string>();
  if (running && execution.value("input", "").find(refresh::quiet_member) != std::string::npos)
    throw Error("BadInput",
                fmt::format("execution {} puts back what another one did: it is let do so", called),
                "dbrefresh --provider aws status " + called);
  if (running) machine_.stop(arn, error, cause);
  const Json state = machine_.state(arn);
  const bool begun = state.is_object() && state.value("results", Json::object()).contains("plan");
  if (!running &&
      (execution.at("status") == "SUCCEEDED" || !begun || why_not_put_back(execution, state).empty()))
    throw Error("BadInput", fmt::format("execution {} has ended, and left nothing to be put back: {}", called,
                                        execution.at("status").get<std::string>()));
  auto input = input_of(state, error, cause);
  if (!input) return "";
  (*input)[refresh::quiet_member] = base::iso_utc(quiet_at(machine_.events(arn), clock_.now()));
  for (int i = 1;; ++i) try {
      const auto back = back_name(called, i);
      machine_.start(back, *input);
      return back;
    } catch (const Error& taken) {
      if (taken.code != "ExecutionAlreadyExists") throw;
    }
}

void Executions::follow(const std::string& name, runs::Listener& listener, const std::stop_token& stop) {
  constexpr auto look_again = std::chrono::seconds(2);
  std::int64_t seen = 0;
  std::string state;
  while (true) {
    const bool ended = must_find(name).at("status") != "RUNNING";  // before its last events are read
    for (const Json& event : machine_.events(name, seen)) {
      seen = event.at("id").get<std::int64_t>();
      const auto at = base::parse_iso_offset(event.at("timestamp").get<std::string>()).value_or(clock_.now());
      if (const auto it = heard(event, state)) listener.history(name, *it, at);
      if (const auto what = waits_for(data_of(event), state); !what.empty())
        listener.progress(name, state, {.what = what});
    }
    if (ended || !clock_.sleep_until(clock_.now() + look_again, stop)) {
      listener.leaves(name, ended);
      return;
    }
  }
}

}  // namespace executions
