// Which field may stand where, and the handlers of errors.
#include <fmt/format.h>

#include <algorithm>

#include "asl/linter.h"

namespace asl {
namespace {

struct Allowed {
  std::string_view field;
  std::string_view types;  ///< names of the types that may have it, or "*"
};

/// Which field which type may have (specification, the table of state fields; AWS's Assign and
/// QueryLanguage).
constexpr Allowed allowed[] = {
    {"Type", "*"},
    {"Comment", "*"},
    {"QueryLanguage", "*"},
    {"InputPath", "Task Pass Wait Choice Succeed Parallel Map"},
    {"OutputPath", "Task Pass Wait Choice Succeed Parallel Map"},
    {"Next", "Task Pass Wait Parallel Map"},
    {"End", "Task Pass Wait Parallel Map"},
    {"ResultPath", "Task Pass Parallel Map"},
    {"Parameters", "Task Pass Parallel Map"},
    {"ResultSelector", "Task Parallel Map"},
    {"Retry", "Task Parallel Map"},
    {"Catch", "Task Parallel Map"},
    {"Assign", "Task Pass Wait Choice Parallel Map"},
    {"Result", "Pass"},
    {"Resource", "Task"},
    {"TimeoutSeconds", "Task"},
    {"TimeoutSecondsPath", "Task"},
    {"HeartbeatSeconds", "Task"},
    {"HeartbeatSecondsPath", "Task"},
    {"Credentials", "Task"},
    {"Seconds", "Wait"},
    {"SecondsPath", "Wait"},
    {"Timestamp", "Wait"},
    {"TimestampPath", "Wait"},
    {"Choices", "Choice"},
    {"Default", "Choice"},
    {"Error", "Fail"},
    {"ErrorPath", "Fail"},
    {"Cause", "Fail"},
    {"CausePath", "Fail"},
    {"Branches", "Parallel"},
    {"ItemsPath", "Map"},
    {"ItemSelector", "Map"},
    {"ItemProcessor", "Map"},
    {"Iterator", "Map"},
    {"MaxConcurrency", "Map"},
    {"MaxConcurrencyPath", "Map"},
    {"ItemReader", "Map"},
    {"ItemBatcher", "Map"},
    {"ResultWriter", "Map"},
    {"ToleratedFailureCount", "Map"},
    {"ToleratedFailureCountPath", "Map"},
    {"ToleratedFailurePercentage", "Map"},
    {"ToleratedFailurePercentagePath", "Map"},
    {"Label", "Map"},
};

bool contains_word(std::string_view words, std::string_view word) {
  return fmt::format(" {} ", words).find(fmt::format(" {} ", word)) != std::string::npos;
}

}  // namespace

void Linter::fields(const Json& json, std::string_view type, const std::string& where) {
  for (const auto& [field, value] : json.items()) {
    const auto* rule = std::ranges::find(allowed, field, &Allowed::field);
    if (rule == std::end(allowed)) {
      problem(base::member_path(where, field), "is not a field of a state");
    } else if (rule->types != "*" && !contains_word(rule->types, type)) {
      problem(base::member_path(where, field), fmt::format("is not a field of a {} state", type));
    }
  }
  for (const char* both : {"TimeoutSeconds", "HeartbeatSeconds", "Error", "Cause", "MaxConcurrency"})
    if (json.contains(both) && json.contains(std::string(both) + "Path"))
      problem(where, fmt::format("has both {0} and {0}Path", both));
  for (const char* seconds : {"TimeoutSeconds", "HeartbeatSeconds"})
    if (json.contains(seconds) && !(json[seconds].is_number_integer() && json[seconds] > 0))
      problem(base::member_path(where, seconds), "must be a positive integer");
  if (json.contains("QueryLanguage") && json["QueryLanguage"] != "JSONPath")
    problem(where + ".QueryLanguage", "only JSONPath is supported");
}

void Linter::handlers(const Json& states, const Json& json, const std::string& where,
                      std::set<std::string>& reached) {
  for (const char* kind : {"Retry", "Catch"}) {
    if (!json.contains(kind)) continue;
    const std::string list = base::member_path(where, kind);
    if (!json[kind].is_array()) {
      problem(list, "must be an array");
      continue;
    }
    for (std::size_t i = 0; i < json[kind].size(); ++i) {
      const Json& each = json[kind][i];
      const std::string at = fmt::format("{}[{}]", list, i);
      if (!each.is_object()) {
        problem(at, "must be an object");
        continue;
      }
      error_equals(each, at, i + 1 == json[kind].size());
      if (kind == std::string_view("Retry"))
        retrier(each, at);
      else if (each.contains("Next"))
        target(states, each["Next"], at + ".Next", reached);
      else
        problem(at, "needs Next");
      if (kind == std::string_view("Catch") && each.contains("ResultPath")) reference(each, "ResultPath", at);
    }
  }
}

void Linter::error_equals(const Json& handler, const std::string& where, bool last) {
  if (!handler.contains("ErrorEquals") || !handler["ErrorEquals"].is_array() ||
      handler["ErrorEquals"].empty()) {
    return problem(where, "needs ErrorEquals, a non-empty array");
  }
  const Json& names = handler["ErrorEquals"];
  for (const Json& name : names)
    if (!name.is_string()) return problem(where + ".ErrorEquals", "must hold names of errors");
  if (std::ranges::find(names, Json("States.ALL")) != names.end() && (names.size() > 1 || !last)) {
    problem(where + ".ErrorEquals", "States.ALL must stand alone and come last");
  }
}

void Linter::retrier(const Json& json, const std::string& where) {
  auto number = [&](const char* field, double least, bool integer) {
    if (!json.contains(field)) return;
    const Json& value = json[field];
    if (!value.is_number() || (integer && !value.is_number_integer()) || value.get<double>() < least)
      problem(base::member_path(where, field),
              fmt::format("must be {} of at least {}", integer ? "an integer" : "a number", least));
  };
  number("IntervalSeconds", 1, true);
  number("MaxAttempts", 0, true);
  number("BackoffRate", 1, false);
  number("MaxDelaySeconds", 1, true);
  if (json.contains("JitterStrategy") && json["JitterStrategy"] != "FULL" && json["JitterStrategy"] != "NONE")
    problem(where + ".JitterStrategy", "must be FULL or NONE");
}

}  // namespace asl
