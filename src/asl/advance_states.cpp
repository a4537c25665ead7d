// The states, but those with children.
#include <fmt/format.h>

#include <algorithm>

#include "asl/advance.h"
#include "asl/choice.h"
#include "base/error.h"

namespace asl {

using base::Error;
using base::Time;
using Phase = Frame::Phase;

void Advance::execute(const Here& here) {
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

void Advance::pass(const Here& here) {
  Json result = effective_input(here, view(here), "Parameters");
  if (here.definition().contains("Result")) result = here.definition()["Result"];
  finish(here, std::move(result));
}

void Advance::through(const Here& here, const std::string& next) {
  const View seen = view(here);
  Json output =
      path_or_empty(here, seen, "OutputPath", path_or_empty(here, seen, "InputPath", here.frame.input));
  leave(here, std::move(output), next);
}

void Advance::choose(const Here& here) {
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

void Advance::fail_state(const Here& here) {
  const View seen = view(here);
  auto text = [&](const char* field) -> std::optional<std::string> {
    const Json& definition = here.definition();
    if (definition.contains(field)) return definition[field].get<std::string>();
    const std::string by_path = std::string(field) + "Path";
    if (!definition.contains(by_path)) return std::nullopt;
    const Json value =
        evaluate_value(definition[by_path].get<std::string>(), by_path, seen.of(here.frame.input), entropy_);
    if (!value.is_string())
      throw Error(std::string(runtime_error),
                  fmt::format("The {} parameter does not reference a string", by_path));
    return value.get<std::string>();
  };
  here.frame.error = text("Error");
  here.frame.cause = text("Cause");
  here.frame.phase = Phase::failed;
}

void Advance::wait(const Here& here) {
  const View seen = view(here);
  const Json input = path_or_empty(here, seen, "InputPath", here.frame.input);
  const Time until = wait_until(here.definition(), seen.of(input));
  if (until - now_ > std::chrono::seconds(INT32_MAX))
    throw Error(std::string(runtime_error), "Wait state delay is too long.");
  here.frame.due = until;
  here.frame.phase = Phase::budget;
}

Time Advance::wait_until(const Json& definition, const Scope& scope) const {
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
        fmt::format("The SecondsPath parameter references a negative value: {} == {}", path, value->dump()));
  const double delay = value->get<double>();
  return now_ + (delay > INT32_MAX ? std::chrono::seconds(INT32_MAX) + std::chrono::seconds(1)
                                   : std::chrono::seconds(value->get<std::int64_t>()));
}

Time Advance::parse_timestamp(const char* field, const std::string& path, const Json& value) {
  const auto time = value.is_string() ? base::parse_iso_offset(value.get<std::string>()) : std::nullopt;
  if (time) return *time;
  throw Error(std::string(runtime_error),
              fmt::format("The {} parameter does not reference a valid ISO-8601 extended offset date-time "
                          "format string: {} == {}",
                          field, path, value.is_string() ? value.get<std::string>() : value.dump()));
}

void Advance::check_limit() const {
  if (execution_.event_limit == 0 || execution_.events < execution_.event_limit) return;
  throw Error(std::string(too_many_checks),
              fmt::format("the run has {} events in its history; the rest of the {} that a run may have are "
                          "kept for its way out",
                          execution_.events, max_history_events),
              "let it look less often: a longer wait_time");
}

/// Called where a Catch takes an error: undoing, recording and telling get events of their own.
void Advance::extend_limit() {
  constexpr std::int64_t way_out = 4'000, last = 24'000;
  if (execution_.event_limit == 0) return;
  execution_.event_limit = execution_.events >= last
                               ? 0
                               : std::clamp(execution_.events + way_out, execution_.event_limit,
                                            std::max(last, execution_.event_limit));
}

void Advance::task(const Here& here) {
  Frame& frame = here.frame;
  check_limit();
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

Json Advance::request(const Here& here) {
  Json input = effective_input(here, view(here), "Parameters");
  decision_.tasks.push_back({token(here), here.frame.state, here.definition()["Resource"], input});
  return input;
}

double Advance::limit_seconds(const Here& here, const char* field) {
  const Json& definition = here.definition();
  if (definition.contains(field)) return definition[field].get<double>();
  const std::string by_path = std::string(field) + "Path";
  if (!definition.contains(by_path)) return 0;
  const Json value = path_or_empty(here, view(here), by_path.c_str(), here.frame.input);
  if (!value.is_number_integer() || value <= 0)
    throw Error(std::string(runtime_error),
                fmt::format("The {} parameter must be a positive integer: {}", by_path, value.dump()));
  return value.get<double>();
}

}  // namespace asl
