#include "asl/machine.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace asl {
namespace {

constexpr std::pair<std::string_view, Type> types[] = {
    {"Task", Type::task},       {"Pass", Type::pass}, {"Wait", Type::wait},         {"Choice", Type::choice},
    {"Succeed", Type::succeed}, {"Fail", Type::fail}, {"Parallel", Type::parallel}, {"Map", Type::map},
};

std::vector<std::string> error_names(const Json& handler) {
  return handler.at("ErrorEquals").get<std::vector<std::string>>();
}

Retrier parse_retrier(const Json& json) {
  return {.errors = error_names(json),
          .interval_seconds = json.value("IntervalSeconds", 1.0),
          .max_attempts = json.value("MaxAttempts", 3),
          .backoff_rate = json.value("BackoffRate", 2.0),
          .max_delay_seconds = json.value("MaxDelaySeconds", 0.0),
          .full_jitter = json.value("JitterStrategy", "NONE") == "FULL"};
}

Machine parse_valid(const Json& document);

State parse_state(const std::string& name, const Json& json) {
  State state{.name = name, .next = json.value("Next", ""), .definition = json};
  const auto* type =
      std::ranges::find(types, json.at("Type").get<std::string>(), &std::pair<std::string_view, Type>::first);
  state.type = type->second;
  state.uses_context = json.dump().find("$$") != std::string::npos;
  for (const Json& each : json.value("Retry", Json::array())) state.retriers.push_back(parse_retrier(each));
  for (const Json& each : json.value("Catch", Json::array()))
    state.catchers.push_back({error_names(each), each.at("Next"), each});
  for (const Json& each : json.value("Branches", Json::array())) state.branches.push_back(parse_valid(each));
  for (const char* processor : {"ItemProcessor", "Iterator"})
    if (json.contains(processor)) state.branches.push_back(parse_valid(json[processor]));
  return state;
}

Machine parse_valid(const Json& document) {
  Machine machine{.start_at = document.at("StartAt"),
                  .states = {},
                  .timeout_seconds = document.value("TimeoutSeconds", 0.0)};
  for (const auto& [name, state] : document.at("States").items())
    machine.states.emplace(name, parse_state(name, state));
  return machine;
}

}  // namespace

std::string_view to_string(Type type) {
  return std::ranges::find(types, type, &std::pair<std::string_view, Type>::second)->first;
}

const State& Machine::state(std::string_view name) const {
  const auto found = states.find(name);
  if (found == states.end())
    throw base::Error("InvalidDefinition", fmt::format("the document has no state '{}'", name));
  return found->second;
}

Machine parse_machine(const base::LocatedJson& document) {
  const auto problems = lint(document);
  if (!problems.empty()) {
    std::string list;
    for (const auto& problem : problems)
      list += fmt::format("\n  line {}: {}: {}", problem.line, problem.path, problem.message);
    throw base::Error("InvalidDefinition", "the state machine document is not valid:" + list);
  }
  return parse_valid(document.value());
}

Machine parse_machine(const Json& document) {
  return parse_machine(base::LocatedJson::parse(document.dump(2)));
}

}  // namespace asl
