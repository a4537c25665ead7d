// What a state sees, and what it leaves: input and output processing, variables, the context object.
#include <fmt/format.h>

#include "asl/advance.h"
#include "base/error.h"

namespace asl {

using base::Error;
using base::Time;
using Phase = Frame::Phase;

namespace {

/// Adds the operations that make `to` of `from` (RFC 6902). What differs below `levels` is replaced whole.
void compare(const Json& from, const Json& to, const Json::json_pointer& at, int levels, Json& changes) {
  if (from == to) return;
  if (levels == 0 || !from.is_object() || !to.is_object()) {
    changes.push_back({{"op", "replace"}, {"path", at.to_string()}, {"value", to}});
    return;
  }
  for (const auto& [name, value] : from.items())
    if (!to.contains(name)) changes.push_back({{"op", "remove"}, {"path", (at / name).to_string()}});
  for (const auto& [name, value] : to.items()) {
    if (from.contains(name))
      compare(from[name], value, at / name, levels - 1, changes);
    else
      changes.push_back({{"op", "add"}, {"path", (at / name).to_string()}, {"value", value}});
  }
}

/// What an exit adds to the history: what the output changes in the state's input, or the whole where that is
/// shorter, or nothing.
Json exit_details(const Json& input, const Json& output) {
  if (input == output) return nullptr;
  constexpr int levels = 4;  // a run's state is no deeper where steps put their results
  Json changes = Json::array();
  compare(input, output, Json::json_pointer(), levels, changes);
  if (changes.dump().size() < output.dump().size()) return {{"changes", std::move(changes)}};
  return {{"output", output}};
}

}  // namespace

std::int64_t Advance::log(std::string type, const std::string& state, Json details) {
  decision_.events.push_back({++execution_.events, std::move(type), state, std::move(details)});
  return execution_.events;
}

Json Advance::context(const Here& here) const {
  Json out = {{"Execution",
               {{"Id", execution_.id},
                {"Name", execution_.name},
                {"Input", execution_.input},
                {"RoleArn", ""},
                {"StartTime", base::iso_utc(execution_.started)},
                {"RedriveCount", execution_.redrives}}},
              {"State", {{"Name", here.frame.state}, {"EnteredTime", base::iso_utc(here.frame.entered)}}},
              {"StateMachine", {{"Id", execution_.machine_name}, {"Name", execution_.machine_name}}}};
  const Type type = here.state().type;
  if (type == Type::task || type == Type::parallel || type == Type::map)
    out["State"]["RetryCount"] = retry_count(here.frame);
  if (type == Type::task) out["Task"]["Token"] = token(here);
  if (!here.frame.item.is_null()) out["Map"]["Item"] = here.frame.item;
  return out;
}

int Advance::retry_count(const Frame& frame) {
  int count = 0;
  for (const int each : frame.attempts) count += each;
  return count;
}

std::string Advance::token(const Here& here) const {
  return fmt::format("{}#{}", here.path, here.frame.visit);
}

Json Advance::visible(const Json& outer, const Json& own) {
  Json all = outer;
  all.update(own);
  return all;
}

Advance::View Advance::view(const Here& here) const {
  return {here.state().uses_context ? context(here) : Json(), visible(here.outer, here.frame.variables)};
}

Json Advance::path_or_empty(const Here& here, const View& view, const char* field, const Json& input) {
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

Json Advance::effective_input(const Here& here, const View& view, const char* parameters) {
  Json input = path_or_empty(here, view, "InputPath", here.frame.input);
  const Json& definition = here.definition();
  return definition.contains(parameters) ? evaluate_template(definition[parameters], view.of(input), entropy_)
                                         : input;
}

Json Advance::place_result(const Json& definition, const Json& raw_input, Json result) {
  if (!definition.contains("ResultPath")) return result;
  if (definition["ResultPath"].is_null()) return raw_input;
  const Path path = Path::parse(definition["ResultPath"].get<std::string>());
  Json out = raw_input;
  path.assign(out, std::move(result));
  return out;
}

void Advance::assign(const Here& here, const Json& definition, const Json& input, const View& view) {
  if (!definition.contains("Assign")) return;
  here.frame.variables.update(evaluate_template(definition["Assign"], view.of(input), entropy_));
}

void Advance::check_size(const Here& here, const Json& output) const {
  if (base::is_too_deep(output))
    throw Error(std::string(runtime_error),
                fmt::format("The state's output is nested deeper than {} levels.", base::max_json_depth));
  if (output.dump().size() > max_payload_bytes)
    throw Error(
        "States.DataLimitExceeded",
        fmt::format("The state/task '{}' returned a result with a size exceeding the maximum number of bytes "
                    "service limit.",
                    here.frame.state));
}

void Advance::enter(const Here& here) {
  Frame& frame = here.frame;
  frame.entered = now_;
  frame.attempts.assign(here.state().retriers.size(), 0);
  frame.entered_event = log(fmt::format("{}StateEntered", to_string(here.state().type)), frame.state);
}

void Advance::leave(const Here& here, Json output, const std::string& next) {
  Frame& frame = here.frame;
  const State& state = here.state();
  log(fmt::format("{}StateExited", to_string(state.type)), frame.state, exit_details(frame.input, output));
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

void Advance::finish(const Here& here, Json result) {
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

}  // namespace asl
