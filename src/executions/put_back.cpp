// An execution that was stopped has caught nothing: what it did is put back by another one.
#include <fmt/format.h>

#include "base/digest.h"
#include "base/error.h"
#include "executions/executions.h"
#include "executions/record.h"
#include "refresh/launch.h"
#include "refresh/lookup.h"

namespace executions {
namespace {

using base::Error;

/// Names of executions have 80 characters at most (API reference, StartExecution).
constexpr std::size_t longest_front = 70;

}  // namespace

std::string back_name(const std::string& name, int number) {
  if (name.size() <= longest_front) return fmt::format("{}-back-{}", name, number);
  // What is cut off tells it from others that begin alike.
  const auto rest = base::hex(base::sha256(name)).substr(0, 8);
  return fmt::format("{}-{}-back-{}", name.substr(0, longest_front - rest.size() - 1), rest, number);
}

std::string Executions::put_back(const std::string& name, const std::string& error,
                                 const std::string& cause) {
  const Json execution = must_find(name);
  const std::string arn = execution.at("executionArn");
  const bool running = execution.at("status") == "RUNNING";
  const auto called = execution.at("name").get<std::string>();
  if (running && refresh::put_back_of(input_of(execution)))
    throw Error("BadInput",
                fmt::format("execution {} puts back what another one did: it is let do so", called),
                "dbrefresh --provider aws status " + called);
  if (running) machine_.stop(arn, error, cause);
  const Json state = state_of(arn);
  const bool begun = has_begun(state);
  if (!running &&
      (execution.at("status") == "SUCCEEDED" || !begun || why_not_put_back(execution, state).empty()))
    throw Error("BadInput", fmt::format("execution {} has ended, and left nothing to be put back: {}", called,
                                        execution.at("status").get<std::string>()));
  if (!begun) {
    account_->services().secrets.remove(refresh::run_secret_name(called));  // nobody else would
    return "";
  }
  const Json input = refresh::put_back_input(called);
  for (int i = 1;; ++i) try {
      const auto back = back_name(called, i);
      machine_.start(back, input);
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
