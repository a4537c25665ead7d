#include "asl/interpreter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "asl/choice.h"
#include "base/error.h"

namespace asl {
namespace {

using base::Error;
using base::Time;
using Phase = Frame::Phase;
using std::chrono::microseconds;

constexpr std::string_view runtime_error = "States.Runtime";

microseconds to_duration(double seconds) {
  return microseconds(std::llround(seconds * 1e6));
}

bool matches(const std::vector<std::string>& names, const std::string& error) {
  return std::ranges::any_of(names, [&](const std::string& name) {
    if (name == error || name == "States.ALL") return true;
    return name == "States.TaskFailed" && error != "States.Timeout";
  });
}

/// One call of advance(): the machine and execution it moves, and what it has decided so far.
class Advance {
 public:
  Advance(const Machine& machine, Execution& execution, Time now, std::uint64_t seed)
      : machine_(machine), execution_(execution), now_(now), entropy_{seed} {}

  Decision run(const Event& event) {
    if (std::holds_alternative<Start>(event)) {
      log("ExecutionStarted", "", {{"input", execution_.input}});
      if (machine_.timeout_seconds > 0) execution_.deadline = now_ + to_duration(machine_.timeout_seconds);
    }
    apply(event);
    settle();
    decision_.more = execution_.status == Execution::Status::running && find_ready(execution_.root);
    return std::move(decision_);
  }

  std::vector<TaskRequest> requests() {
    collect(machine_, execution_.root, "0", Json::object());
    return std::move(decision_.tasks);
  }

 private:
  /// A frame, the machine it runs and the variables that it sees from outside.
  struct Here {
    const Machine& machine;
    Frame& frame;
    const std::string& path;
    const Json& outer;
    const State& state() const { return machine.state(frame.state); }
    const Json& definition() const { return state().definition; }
  };

  // ---- history

  std::int64_t log(std::string type, const std::string& state, Json details = nullptr) {
    decision_.events.push_back({++execution_.events, std::move(type), state, std::move(details)});
    return execution_.events;
  }

  // ---- what expressions see

  Json context(const Here& here) const {
    Json out = {{"Execution",
                 {{"Id", execution_.id},
                  {"Name", execution_.name},
                  {"Input", execution_.input},
                  {"RoleArn", ""},
                  {"StartTime", base::iso_utc(execution_.started)}}},
                {"State",
                 {{"Name", here.frame.state},
                  {"EnteredTime", base::iso_utc(here.frame.entered)},
                  {"RetryCount", retry_count(here.frame)}}},
                {"StateMachine", {{"Id", execution_.machine_name}, {"Name", execution_.machine_name}}},
                {"Task", {{"Token", token(here)}}}};
    if (!here.frame.item.is_null()) out["Map"]["Item"] = here.frame.item;
    return out;
  }

  static int retry_count(const Frame& frame) {
    int count = 0;
    for (const int each : frame.attempts) count += each;
    return count;
  }

  std::string token(const Here& here) const { return fmt::format("{}#{}", here.path, here.frame.visit); }

  static Json visible(const Json& outer, const Json& own) {
    Json all = outer;
    all.update(own);
    return all;
  }

  /// Values as this state sees them. Holds what the Scope refers to.
  struct View {
    Json context, variables;
    Scope of(const Json& input) const { return {input, context, variables}; }
  };
  View view(const Here& here) const {
    return {here.state().uses_context ? context(here) : Json(), visible(here.outer, here.frame.variables)};
  }

  // ---- input and output processing (specification, "Input and Output Processing")

  Json path_or_empty(const Here& here, const View& view, const char* field, const Json& input) {
    const Json& definition = here.definition();
    if (!definition.contains(field)) return input;
    if (definition[field].is_null()) return Json::object();
    const std::string text = definition[field];
    if (!text.starts_with('$')) return evaluate_intrinsic(text, view.of(input), entropy_);
    const Path path = Path::parse(text);
    auto value = path.select(view.of(input));
    if (!value)
      throw Error(std::string(runtime_error),
                  fmt::format("Invalid path '{}' : No results for path: {}", text, path.bracketed()));
    return *std::move(value);
  }

  Json effective_input(const Here& here, const View& view, const char* parameters) {
    Json input = path_or_empty(here, view, "InputPath", here.frame.input);
    const Json& definition = here.definition();
    return definition.contains(parameters)
               ? evaluate_template(definition[parameters], view.of(input), entropy_)
               : input;
  }

  static Json place_result(const Json& definition, const Json& raw_input, Json result) {
    if (!definition.contains("ResultPath")) return result;
    if (definition["ResultPath"].is_null()) return raw_input;
    const Path path = Path::parse(definition["ResultPath"].get<std::string>());
    Json out = raw_input;
    path.assign(out, std::move(result));
    return out;
  }

  void assign(const Here& here, const Json& definition, const Json& input, const View& view) {
    if (!definition.contains("Assign")) return;
    here.frame.variables.update(evaluate_template(definition["Assign"], view.of(input), entropy_));
  }

  void check_size(const Here& here, const Json& output) const {
    if (output.dump().size() > max_payload_bytes)
      throw Error(
          "States.DataLimitExceeded",
          fmt::format(
              "The state/task '{}' returned a result with a size exceeding the maximum number of bytes "
              "service limit.",
              here.frame.state));
  }

  // ---- transitions

  void enter(const Here& here) {
    Frame& frame = here.frame;
    frame.entered = now_;
    frame.attempts.assign(here.state().retriers.size(), 0);
    frame.entered_event = log(fmt::format("{}StateEntered", to_string(here.state().type)), frame.state);
  }

  void leave(const Here& here, Json output, const std::string& next) {
    Frame& frame = here.frame;
    const State& state = here.state();
    log(fmt::format("{}StateExited", to_string(state.type)), frame.state, {{"output", output}});
    frame.input = std::move(output);
    frame.due.reset();
    frame.heartbeat_due.reset();
    frame.children.clear();
    frame.pending.clear();
    if (next.empty()) {
      frame.phase = Phase::succeeded;
    } else {
      frame.phase = Phase::ready;
      frame.state = next;
      frame.entered_event = 0;
    }
  }

  /// The rest of a state that has its result: ResultSelector is done, ResultPath and OutputPath are not.
  void finish(const Here& here, Json result) {
    const Json& definition = here.definition();
    const View seen = view(here);
    if (definition.contains("ResultSelector"))
      result = evaluate_template(definition["ResultSelector"], seen.of(result), entropy_);
    assign(here, definition, result, seen);
    const Json placed = place_result(definition, here.frame.input, std::move(result));
    Json output = path_or_empty(here, seen, "OutputPath", placed);
    check_size(here, output);
    leave(here, std::move(output), here.state().next);
  }

  // ---- the states

  void execute(const Here& here) {
    switch (here.state().type) {
      case Type::pass:
        return pass(here);
      case Type::succeed:
        return through(here, "");
      case Type::choice:
        return choose(here);
      case Type::wait:
        return wait(here);
      case Type::fail:
        return fail_state(here);
      case Type::task:
        return task(here);
      case Type::parallel:
        return parallel(here);
      case Type::map:
        return map(here);
    }
  }

  void pass(const Here& here) {
    Json result = effective_input(here, view(here), "Parameters");
    if (here.definition().contains("Result")) result = here.definition()["Result"];
    finish(here, std::move(result));
  }

  /// States that have no result of their own: InputPath, then OutputPath.
  void through(const Here& here, const std::string& next) {
    const View seen = view(here);
    Json output =
        path_or_empty(here, seen, "OutputPath", path_or_empty(here, seen, "InputPath", here.frame.input));
    leave(here, std::move(output), next);
  }

  void choose(const Here& here) {
    const View seen = view(here);
    const Json input = path_or_empty(here, seen, "InputPath", here.frame.input);
    const Json& definition = here.definition();
    for (const Json& rule : definition["Choices"]) {
      if (!choice_holds(rule, seen.of(input))) continue;
      assign(here, rule, input, seen);
      return through(here, rule["Next"]);
    }
    if (!definition.contains("Default"))
      throw Error(
          "States.NoChoiceMatched",
          fmt::format(
              "Failed to transition out of the state '{}'. No Choice rule matched and there is no Default.",
              here.frame.state));
    assign(here, definition, input, seen);
    through(here, definition["Default"]);
  }

  void fail_state(const Here& here) {
    const View seen = view(here);
    auto text = [&](const char* field) -> std::optional<std::string> {
      const Json& definition = here.definition();
      if (definition.contains(field)) return definition[field].get<std::string>();
      const std::string by_path = std::string(field) + "Path";
      if (!definition.contains(by_path)) return std::nullopt;
      const Json value = evaluate_value(definition[by_path].get<std::string>(), by_path,
                                        seen.of(here.frame.input), entropy_);
      if (!value.is_string())
        throw Error(std::string(runtime_error),
                    fmt::format("The {} parameter does not reference a string", by_path));
      return value.get<std::string>();
    };
    here.frame.error = text("Error");
    here.frame.cause = text("Cause");
    here.frame.phase = Phase::failed;
  }

  void wait(const Here& here) {
    const View seen = view(here);
    const Json input = path_or_empty(here, seen, "InputPath", here.frame.input);
    const Time until = wait_until(here.definition(), seen.of(input));
    if (until - now_ > std::chrono::seconds(INT32_MAX))
      throw Error(std::string(runtime_error), "Wait state delay is too long.");
    here.frame.due = until;
    here.frame.phase = Phase::waiting;
  }

  Time wait_until(const Json& definition, const Scope& scope) const {
    if (definition.contains("Seconds"))
      return now_ + std::chrono::seconds(definition["Seconds"].get<std::int64_t>());
    if (definition.contains("Timestamp")) return parse_timestamp("Timestamp", "", definition["Timestamp"]);
    const bool seconds = definition.contains("SecondsPath");
    const char* field = seconds ? "SecondsPath" : "TimestampPath";
    const std::string path = definition[field];
    const auto value = Path::parse(path).select(scope);
    if (!value)
      throw Error(std::string(runtime_error),
                  fmt::format("The {} parameter does not reference an input value: {}", field, path));
    if (!seconds) return parse_timestamp(field, path, *value);
    if (!value->is_number_integer())
      throw Error(std::string(runtime_error),
                  fmt::format("The SecondsPath parameter cannot be parsed as a long value: {} == {}", path,
                              value->dump()));
    if (*value < 0)
      throw Error(
          std::string(runtime_error),
          fmt::format("The SecondsPath parameter must be a positive integer: {} == {}", path, value->dump()));
    const double delay = value->get<double>();
    return now_ + (delay > INT32_MAX ? std::chrono::seconds(INT32_MAX) + std::chrono::seconds(1)
                                     : std::chrono::seconds(value->get<std::int64_t>()));
  }

  static Time parse_timestamp(const char* field, const std::string& path, const Json& value) {
    const auto time = value.is_string() ? base::parse_iso_offset(value.get<std::string>()) : std::nullopt;
    if (time) return *time;
    throw Error(std::string(runtime_error),
                fmt::format("The {} parameter does not reference a valid ISO-8601 extended offset date-time "
                            "format string: {} == {}",
                            field, path, value.is_string() ? value.get<std::string>() : value.dump()));
  }

  void task(const Here& here) {
    Frame& frame = here.frame;
    ++frame.visit;
    const Json input = request(here);
    check_size(here, input);
    frame.phase = Phase::task;
    frame.due.reset();
    if (const double seconds = limit_seconds(here, "TimeoutSeconds"); seconds > 0)
      frame.due = now_ + to_duration(seconds);
    frame.heartbeat_seconds = limit_seconds(here, "HeartbeatSeconds");
    if (frame.heartbeat_seconds > 0) frame.heartbeat_due = now_ + to_duration(frame.heartbeat_seconds);
    log("TaskScheduled", frame.state);
  }

  /// Adds the task request of a frame to the decision; returns its input.
  Json request(const Here& here) {
    Json input = effective_input(here, view(here), "Parameters");
    decision_.tasks.push_back({token(here), here.frame.state, here.definition()["Resource"], input});
    return input;
  }

  double limit_seconds(const Here& here, const char* field) {
    const Json& definition = here.definition();
    if (definition.contains(field)) return definition[field].get<double>();
    const std::string by_path = std::string(field) + "Path";
    if (!definition.contains(by_path)) return 0;
    const View seen = view(here);
    const Json value =
        evaluate_value(definition[by_path].get<std::string>(), by_path, seen.of(here.frame.input), entropy_);
    if (!value.is_number_integer() || value <= 0)
      throw Error(std::string(runtime_error),
                  fmt::format("The {} parameter must be a positive integer: {}", by_path, value.dump()));
    return value.get<double>();
  }

  void parallel(const Here& here) {
    const Json input = effective_input(here, view(here), "Parameters");
    log("ParallelStateStarted", here.frame.state);
    here.frame.phase = Phase::children;
    here.frame.children.clear();
    for (const Machine& branch : here.state().branches)
      here.frame.children.push_back(Frame{.state = branch.start_at, .input = input, .item = here.frame.item});
  }

  void map(const Here& here) {
    const View seen = view(here);
    const Json& definition = here.definition();
    const Json input = path_or_empty(here, seen, "InputPath", here.frame.input);
    const std::string items_path = definition.value("ItemsPath", "$");
    const auto items = Path::parse(items_path).select(seen.of(input));
    if (!items)
      throw Error(std::string(runtime_error), fmt::format("Invalid path '{}' : No results for path: {}",
                                                          items_path, Path::parse(items_path).bracketed()));
    if (!items->is_array())
      throw Error(std::string(runtime_error),
                  fmt::format("Reference path \"{}\" must point to array.", items_path));
    const char* selector = definition.contains("ItemSelector") ? "ItemSelector" : "Parameters";
    std::vector<Json> inputs;
    for (std::size_t i = 0; i < items->size(); ++i) {
      const Json item = {{"Index", i}, {"Value", (*items)[i]}};
      View with_item = seen;
      if (here.state().uses_context) with_item.context["Map"]["Item"] = item;
      Json child = definition.contains(selector)
                       ? evaluate_template(definition[selector], with_item.of(input), entropy_)
                       : (*items)[i];
      inputs.push_back({{"input", std::move(child)}, {"item", item}});
    }
    here.frame.max_concurrency = max_concurrency(here, seen, input);
    log("MapStateStarted", here.frame.state, {{"length", inputs.size()}});
    here.frame.phase = Phase::children;
    here.frame.children.clear();
    here.frame.pending.assign(inputs.rbegin(), inputs.rend());
  }

  std::size_t max_concurrency(const Here& here, const View& seen, const Json& input) {
    const Json& definition = here.definition();
    Json value = definition.value("MaxConcurrency", Json(0));
    if (definition.contains("MaxConcurrencyPath"))
      value = evaluate_value(definition["MaxConcurrencyPath"].get<std::string>(), "MaxConcurrencyPath",
                             seen.of(input), entropy_);
    if (value.is_string() && !value.get<std::string>().empty() &&
        std::ranges::all_of(value.get<std::string>(), [](char c) { return c >= '0' && c <= '9'; }))
      value = Json::parse(value.get<std::string>());  // recorded: "1" is taken as 1
    if (!value.is_number_integer() || value < 0)
      throw Error(
          std::string(runtime_error),
          fmt::format("The MaxConcurrencyPath parameter must be a non-negative integer: {}", value.dump()));
    return value.get<std::size_t>();
  }

  void start_iterations(const Here& here) {
    Frame& frame = here.frame;
    auto running = [&] {
      return static_cast<std::size_t>(std::ranges::count_if(
          frame.children, [](const Frame& child) { return child.phase != Phase::succeeded; }));
    };
    while (!frame.pending.empty() && (frame.max_concurrency == 0 || running() < frame.max_concurrency)) {
      Json next = std::move(frame.pending.back());
      frame.pending.pop_back();
      log("MapIterationStarted", frame.state, {{"index", next["item"]["Index"]}});
      frame.children.push_back(Frame{.state = here.state().branches[0].start_at,
                                     .input = std::move(next["input"]),
                                     .item = std::move(next["item"])});
    }
  }

  // ---- errors

  std::string located(const Here& here, const std::string& message) const {
    return fmt::format("An error occurred while executing the state '{}' (entered at the event id #{}). {}",
                       here.frame.state, here.frame.entered_event, message);
  }

  /// Retries, catches, or fails the frame. `error` may be absent: a Fail state need not name one.
  void handle(const Here& here, const std::optional<std::string>& error,
              const std::optional<std::string>& cause) {
    Frame& frame = here.frame;
    const std::string name = error.value_or("");
    frame.due.reset();
    frame.heartbeat_due.reset();
    const bool catchable = name != runtime_error;  // recorded: not even by naming it
    if (catchable && retry(here, name)) return;
    log_state_failed(here, error, cause);
    if (catchable && catch_error(here, name, cause.value_or(""))) return;
    frame.children.clear();
    frame.pending.clear();
    frame.phase = Phase::failed;
    frame.error = error;
    frame.cause = cause;
  }

  void log_state_failed(const Here& here, const std::optional<std::string>& error,
                        const std::optional<std::string>& cause) {
    if (here.state().type == Type::map) log("MapStateFailed", here.frame.state);
    if (here.state().type == Type::parallel)
      log("ParallelStateFailed", here.frame.state,
          {{"error", error.value_or("")}, {"cause", cause.value_or("")}});
  }

  bool retry(const Here& here, const std::string& error) {
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

  bool catch_error(const Here& here, const std::string& error, const std::string& cause) {
    const auto& catchers = here.state().catchers;
    const auto found =
        std::ranges::find_if(catchers, [&](const Catcher& each) { return matches(each.errors, error); });
    if (found == catchers.end()) return false;
    const Json caught = {{"Error", error}, {"Cause", cause}};
    assign(here, found->definition, caught, view(here));
    Json output = place_result(found->definition, here.frame.input, caught);
    const std::string next = found->next;
    leave(here, std::move(output), next);
    return true;
  }

  /// Runs `body`; what it throws becomes the state's failure.
  template <class Body>
  void attempt(const Here& here, Body body) {
    try {
      body();
    } catch (const Error& error) {
      const bool located_message = error.code == runtime_error || error.code.starts_with("States.");
      const bool size = error.code == "States.DataLimitExceeded";
      handle(here, error.code, located_message && !size ? located(here, error.message) : error.message);
    } catch (const Json::exception& error) {
      handle(here, std::string(runtime_error), located(here, error.what()));
    }
  }

  // ---- walking the frames

  /// Calls `visit(here)` on the frames of the tree, children first; stops where it returns true.
  template <class Visit>
  bool walk(const Machine& machine, Frame& frame, const std::string& path, const Json& outer, Visit& visit) {
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
  template <class Visit>
  bool walk(Visit visit) {
    return walk(machine_, execution_.root, "0", Json::object(), visit);
  }

  static bool find_ready(const Frame& frame) {
    if (frame.phase == Phase::ready) return true;
    return frame.phase == Phase::children && std::ranges::any_of(frame.children, find_ready);
  }

  void apply(const Event& event) {
    if (const auto* result = std::get_if<TaskResult>(&event)) {
      decision_.stale = !walk([&](const Here& here) { return take_result(here, *result); });
    } else if (const auto* beat = std::get_if<TaskHeartbeat>(&event)) {
      decision_.stale = !walk([&](const Here& here) { return take_heartbeat(here, beat->token); });
    } else if (std::holds_alternative<Tick>(event)) {
      walk([&](const Here& here) {
        tick(here);
        return false;
      });
    } else {
      walk([&](const Here& here) { return step(here); });
    }
  }

  /// Enters the frame's state if it is ready to.
  bool step(const Here& here) {
    if (here.frame.phase != Phase::ready) return false;
    if (here.frame.entered_event == 0) enter(here);
    attempt(here, [&] { execute(here); });
    return true;
  }

  bool take_result(const Here& here, const TaskResult& result) {
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

  bool take_heartbeat(const Here& here, const std::string& wanted) {
    if (here.frame.phase != Phase::task || token(here) != wanted) return false;
    if (here.frame.heartbeat_seconds > 0)
      here.frame.heartbeat_due = now_ + to_duration(here.frame.heartbeat_seconds);
    return true;
  }

  void tick(const Here& here) {
    Frame& frame = here.frame;
    const bool late =
        (frame.due && *frame.due <= now_) || (frame.heartbeat_due && *frame.heartbeat_due <= now_);
    if (!late) return;
    if (frame.phase == Phase::waiting) {
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

  /// Carries finished children up to their parents, and the root's end to the execution.
  void settle() {
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

  /// Looks at the children of a Parallel or Map; true if anything changed.
  bool gather(const Here& here) {
    Frame& frame = here.frame;
    const bool is_map = here.state().type == Type::map;
    const auto failed = std::ranges::find(frame.children, Phase::failed, &Frame::phase);
    if (failed != frame.children.end()) {
      if (is_map) log_end_of_iterations(frame);
      const auto error = failed->error, cause = failed->cause;
      handle(here, error, cause);
      return true;
    }
    bool changed = false;
    if (is_map) {
      for (Frame& child : frame.children) {
        if (child.phase != Phase::succeeded || child.reported) continue;
        child.reported = true;
        log("MapIterationSucceeded", frame.state, {{"index", child.item["Index"]}});
        changed = true;
      }
      const auto before = frame.pending.size();
      start_iterations(here);
      changed |= frame.pending.size() != before;
    }
    const bool all = frame.pending.empty() && std::ranges::all_of(frame.children, [](const Frame& child) {
                       return child.phase == Phase::succeeded;
                     });
    if (!all) return changed;
    Json results = Json::array();
    for (Frame& child : frame.children) results.push_back(std::move(child.input));
    log(is_map ? "MapStateSucceeded" : "ParallelStateSucceeded", frame.state);
    attempt(here, [&] { finish(here, std::move(results)); });
    return true;
  }

  void log_end_of_iterations(const Frame& frame) {
    for (const Frame& child : frame.children) {
      if (child.phase == Phase::succeeded) continue;
      log(child.phase == Phase::failed ? "MapIterationFailed" : "MapIterationAborted", frame.state,
          {{"index", child.item["Index"]}});
    }
  }

  void collect(const Machine& machine, Frame& frame, const std::string& path, const Json& outer) {
    auto visit = [&](const Here& here) {
      if (here.frame.phase == Phase::task) request(here);
      return false;
    };
    walk(machine, frame, path, outer, visit);
  }

  const Machine& machine_;
  Execution& execution_;
  Time now_;
  Entropy entropy_;
  Decision decision_;
};

void earliest(const Frame& frame, std::optional<Time>& due) {
  for (const auto& each : {frame.due, frame.heartbeat_due})
    if (each && (!due || *each < *due)) due = each;
  for (const Frame& child : frame.children) earliest(child, due);
}

}  // namespace

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
