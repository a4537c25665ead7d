#include "asl/interpreter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "asl/advance.h"

namespace asl {

using base::Time;
using Phase = Frame::Phase;

namespace {

void earliest(const Frame& frame, std::optional<Time>& due) {
  for (const auto& each : {frame.due, frame.heartbeat_due})
    if (each && (!due || *each < *due)) due = each;
  for (const Frame& child : frame.children) earliest(child, due);
}

}  // namespace

/// Three centuries at the most: backoff without a limit outgrows every clock.
std::chrono::microseconds to_duration(double seconds) {
  return std::chrono::microseconds(std::llround(std::min(seconds, 1e10) * 1e6));
}

Decision Advance::run(const Event& event) {
  if (std::holds_alternative<Start>(event)) {
    log("ExecutionStarted", "", {{"input", execution_.input}});
    start_limit();
  }
  apply(event);
  settle();
  decision_.more = execution_.status == Execution::Status::running && find_ready(execution_.root);
  return std::move(decision_);
}

std::vector<TaskRequest> Advance::requests() {
  collect(machine_, execution_.root, "0", Json::object());
  return std::move(decision_.tasks);
}

bool Advance::walk(const Machine& machine, Frame& frame, const std::string& path, const Json& outer,
                   const Visit& visit) {
  if (frame.phase == Phase::children) {
    const State& state = machine.state(frame.state);
    const Json inner = visible(outer, frame.variables);
    for (std::size_t i = 0; i < frame.children.size(); ++i) {
      const Machine& child = state.branches[state.type == Type::map ? 0 : i];
      if (walk(child, frame.children[i], fmt::format("{}.{}", path, i), inner, visit)) return true;
    }
  }
  return visit(Here{machine, frame, path, outer});
}

bool Advance::walk(const Visit& visit) {
  return walk(machine_, execution_.root, "0", Json::object(), visit);
}

bool Advance::find_ready(const Frame& frame) {
  if (frame.phase == Phase::ready) return true;
  return frame.phase == Phase::children && std::ranges::any_of(frame.children, find_ready);
}

void Advance::apply(const Event& event) {
  if (const auto* result = std::get_if<TaskResult>(&event)) {
    decision_.stale = !walk([&](const Here& here) { return take_result(here, *result); });
  } else if (const auto* beat = std::get_if<TaskHeartbeat>(&event)) {
    decision_.stale = !walk([&](const Here& here) { return take_heartbeat(here, beat->token); });
  } else if (const auto* again = std::get_if<Redrive>(&event)) {
    decision_.stale = !redrive(*again);
  } else if (std::holds_alternative<Hurry>(event)) {
    bool any = false;
    walk([&](const Here& here) {
      any |= hurry(here);
      return false;
    });
    decision_.stale = !any;
  } else if (std::holds_alternative<Tick>(event)) {
    walk([&](const Here& here) {
      tick(here);
      return false;
    });
  } else {
    walk([&](const Here& here) { return step(here); });
  }
}

void Advance::start_limit() {
  if (machine_.timeout_seconds > 0) execution_.deadline = now_ + to_duration(machine_.timeout_seconds);
}

/// The times that a machine and its states may take begin anew (Step Functions' guide, "Redriving state
/// machine executions"). The count of visits goes on: the tokens of the tasks before are stale.
bool Advance::redrive(const Redrive& event) {
  if (execution_.status != Execution::Status::failed) return false;
  execution_.root = {.state = event.state,
                     .input = event.input,
                     .variables = std::move(execution_.root.variables),
                     .visit = execution_.root.visit};
  execution_.status = Execution::Status::running;
  log("ExecutionRedriven", "", {{"redriveCount", ++execution_.redrives}});
  start_limit();
  extend_limit();
  return walk([&](const Here& here) { return step(here); });
}

bool Advance::step(const Here& here) {
  if (here.frame.phase != Phase::ready) return false;
  if (here.frame.entered_event == 0) enter(here);
  attempt(here, [&] { execute(here); });
  return true;
}

bool Advance::take_result(const Here& here, const TaskResult& result) {
  if (here.frame.phase != Phase::task || token(here) != result.token) return false;
  if (result.error) {
    log("TaskFailed", here.frame.state, {{"error", *result.error}, {"cause", result.cause}});
    handle(here, result.error, result.cause);
  } else {
    attempt(here, [&] {
      check_size(here, result.output);
      log("TaskSucceeded", here.frame.state);
      finish(here, result.output);
    });
  }
  return true;
}

bool Advance::take_heartbeat(const Here& here, const std::string& wanted) {
  if (here.frame.phase != Phase::task || token(here) != wanted) return false;
  if (here.frame.heartbeat_seconds > 0)
    here.frame.heartbeat_due = now_ + to_duration(here.frame.heartbeat_seconds);
  return true;
}

void Advance::tick(const Here& here) {
  Frame& frame = here.frame;
  const bool late =
      (frame.due && *frame.due <= now_) || (frame.heartbeat_due && *frame.heartbeat_due <= now_);
  if (!late) return;
  if (frame.phase == Phase::budget) {
    attempt(here, [&] {
      assign(here, here.definition(), frame.input, view(here));
      through(here, here.state().next);
    });
  } else if (frame.phase == Phase::retrying) {
    frame.due.reset();
    frame.phase = Phase::ready;
  } else if (frame.phase == Phase::task) {
    log("TaskTimedOut", frame.state);
    handle(here, "States.Timeout", std::nullopt);
  }
}

bool Advance::hurry(const Here& here) {
  if (here.frame.phase != Phase::budget && here.frame.phase != Phase::retrying) return false;
  here.frame.due = now_;
  tick(here);
  return true;
}

void Advance::settle() {
  while (walk([&](const Here& here) { return here.frame.phase == Phase::children && gather(here); })) {
  }
  Frame& root = execution_.root;
  if (execution_.status != Execution::Status::running) return;
  if (execution_.deadline && *execution_.deadline <= now_) {
    execution_.status = Execution::Status::timed_out;
    log("ExecutionTimedOut", "");
    return;
  }
  if (execution_.events >= max_history_events && root.phase != Phase::succeeded &&
      root.phase != Phase::failed) {
    root.phase = Phase::failed;
    root.error = std::string(runtime_error);
    root.cause = "The execution reached the maximum number of history events (25000).";
  }
  if (root.phase == Phase::succeeded) {
    execution_.status = Execution::Status::succeeded;
    log("ExecutionSucceeded", "", {{"output", root.input}});
  } else if (root.phase == Phase::failed) {
    execution_.status = Execution::Status::failed;
    log("ExecutionFailed", "", {{"error", root.error.value_or("")}, {"cause", root.cause.value_or("")}});
  }
}

void Advance::collect(const Machine& machine, Frame& frame, const std::string& path, const Json& outer) {
  walk(machine, frame, path, outer, [&](const Here& here) {
    if (here.frame.phase == Phase::task) request(here);
    return false;
  });
}

Execution begin(std::string id, std::string name, std::string machine_name, Json input, Time now) {
  Execution execution{.id = std::move(id),
                      .name = std::move(name),
                      .machine_name = std::move(machine_name),
                      .started = now,
                      .input = input};
  execution.root.input = std::move(input);
  return execution;
}

Decision advance(const Machine& machine, Execution& execution, const Event& event, Time now,
                 std::uint64_t seed) {
  if (execution.root.state.empty()) execution.root.state = machine.start_at;
  return Advance(machine, execution, now, seed).run(event);
}

std::optional<Time> next_due(const Execution& execution) {
  std::optional<Time> due;
  if (execution.status != Execution::Status::running) return due;
  earliest(execution.root, due);
  if (execution.deadline && (!due || *execution.deadline < *due)) due = execution.deadline;
  return due;
}

std::vector<TaskRequest> open_tasks(const Machine& machine, const Execution& execution, std::uint64_t seed) {
  Execution copy = execution;
  return Advance(machine, copy, execution.started, seed).requests();
}

}  // namespace asl
