// Retries, catches, and how a state fails.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "asl/advance.h"
#include "base/error.h"

namespace asl {

using base::Error;
using base::Time;
using Phase = Frame::Phase;

namespace {

bool matches(const std::vector<std::string>& names, const std::string& error) {
  return std::ranges::any_of(names, [&](const std::string& name) {
    if (name == error || name == "States.ALL") return true;
    return name == "States.TaskFailed" && error != "States.Timeout";
  });
}

}  // namespace

std::string Advance::located(const Here& here, const std::string& message) const {
  return fmt::format("An error occurred while executing the state '{}' (entered at the event id #{}). {}",
                     here.frame.state, here.frame.entered_event, message);
}

void Advance::handle(const Here& here, const std::optional<std::string>& error,
                     const std::optional<std::string>& cause) {
  Frame& frame = here.frame;
  const std::string name = error.value_or("");
  frame.due.reset();
  frame.heartbeat_due.reset();
  const bool catchable = name != runtime_error;  // recorded: not even by naming it
  if (catchable && name != too_many_checks && retry(here, name)) return;
  log_state_failed(here, error, cause);
  if (catchable && catch_error(here, name, cause.value_or(""))) return;
  frame.children.clear();
  frame.pending.clear();
  frame.phase = Phase::failed;
  frame.error = error;
  frame.cause = cause;
}

void Advance::log_state_failed(const Here& here, const std::optional<std::string>& error,
                               const std::optional<std::string>& cause) {
  const bool started = here.frame.phase == Phase::children;
  if (here.state().type == Type::map && started) log("MapStateFailed", here.frame.state);
  if (here.state().type == Type::parallel)
    log("ParallelStateFailed", here.frame.state,
        {{"error", error.value_or("")}, {"cause", cause.value_or("")}});
}

bool Advance::retry(const Here& here, const std::string& error) {
  const auto& retriers = here.state().retriers;
  const auto found =
      std::ranges::find_if(retriers, [&](const Retrier& each) { return matches(each.errors, error); });
  if (found == retriers.end()) return false;
  int& used = here.frame.attempts[static_cast<std::size_t>(found - retriers.begin())];
  if (used >= found->max_attempts) return false;
  double delay = found->interval_seconds * std::pow(found->backoff_rate, used);
  if (found->max_delay_seconds > 0) delay = std::min(delay, found->max_delay_seconds);
  if (found->full_jitter) delay *= static_cast<double>(entropy_.next() >> 11) / 9007199254740992.0;
  ++used;
  here.frame.children.clear();
  here.frame.pending.clear();
  here.frame.phase = Phase::retrying;
  here.frame.due = now_ + to_duration(delay);
  return true;
}

bool Advance::catch_error(const Here& here, const std::string& error, const std::string& cause) {
  const auto& catchers = here.state().catchers;
  const auto found =
      std::ranges::find_if(catchers, [&](const Catcher& each) { return matches(each.errors, error); });
  if (found == catchers.end()) return false;
  extend_limit();
  const Json caught = {{"Error", error}, {"Cause", cause}};
  assign(here, found->definition, caught, view(here));
  Json output = place_result(found->definition, here.frame.input, caught);
  const std::string next = found->next;
  leave(here, std::move(output), next);
  return true;
}

void Advance::attempt(const Here& here, const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    const bool located_message = error.code == runtime_error || error.code.starts_with("States.");
    const bool size = error.code == "States.DataLimitExceeded";
    handle(here, error.code, located_message && !size ? located(here, error.message) : to_string(error));
  } catch (const Json::exception& error) {
    handle(here, std::string(runtime_error), located(here, error.what()));
  }
}

}  // namespace asl
