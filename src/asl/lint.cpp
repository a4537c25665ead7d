// Machines and their states.
#include <fmt/format.h>

#include <algorithm>

#include "asl/choice.h"
#include "asl/linter.h"
#include "base/text.h"

namespace asl {

using base::Problem;

namespace {

constexpr std::string_view type_names[] = {"Task",    "Pass", "Wait",     "Choice",
                                           "Succeed", "Fail", "Parallel", "Map"};

}  // namespace

void Linter::machine(const Json& json, const std::string& where) {
  if (!json.is_object()) return problem(where, "must be an object");
  if (json.value("QueryLanguage", Json("JSONPath")) != "JSONPath")
    problem(where + ".QueryLanguage", "only JSONPath is supported");
  if (!json.contains("States") || !json["States"].is_object() || json["States"].empty()) {
    return problem(where, "needs States, a non-empty object");
  }
  const Json& states = json["States"];
  std::set<std::string> reached;
  if (!json.contains("StartAt") || !json["StartAt"].is_string()) {
    problem(where, "needs StartAt, the name of a state");
  } else {
    target(states, json["StartAt"], where + ".StartAt", reached);
  }
  for (const auto& [name, definition] : states.items()) state(states, name, definition, where, reached);
  for (const auto& [name, definition] : states.items())
    if (!reached.contains(name) && json.contains("StartAt"))
      problem(base::member_path(where + ".States", name), "cannot be reached");
}

void Linter::problem(std::string path, std::string message) {
  problems.push_back({0, std::move(path), std::move(message)});
}

void Linter::target(const Json& states, const Json& name, const std::string& where,
                    std::set<std::string>& reached) {
  if (!name.is_string()) return problem(where, "must be the name of a state");
  if (!states.contains(name.get<std::string>()))
    return problem(where, fmt::format("there is no state {}", name.dump()));
  reached.insert(name);
}

void Linter::state(const Json& states, const std::string& name, const Json& json,
                   const std::string& machine_path, std::set<std::string>& reached) {
  const std::string where = base::member_path(machine_path + ".States", name);
  if (name.size() > 80)
    problem(where, fmt::format("has a name of {} characters; 80 is the limit", name.size()));
  if (!names_.insert(name).second) problem(where, "is a name that another state of this document has too");
  if (!json.is_object()) return problem(where, "must be an object");
  const std::string type =
      json.contains("Type") && json["Type"].is_string() ? json["Type"].get<std::string>() : "";
  if (std::ranges::find(type_names, type) == std::end(type_names)) {
    return problem(where + ".Type", type.empty() ? "is required"
                                                 : fmt::format("'{}' is not a type of state; {}", type,
                                                               base::did_you_mean(type, type_names)));
  }
  fields(json, type, where);
  transition(states, json, type, where, reached);
  handlers(states, json, where, reached);
  paths(json, where);
  if (type == "Task" && !json.contains("Resource")) problem(where, "needs Resource");
  if (type == "Wait") wait(json, where);
  if (type == "Choice") choices(states, json, where, reached);
  if (type == "Parallel") branches(json, where);
  if (type == "Map") map(json, where);
}

void Linter::transition(const Json& states, const Json& json, std::string_view type, const std::string& where,
                        std::set<std::string>& reached) {
  if (type == "Succeed" || type == "Fail" || type == "Choice") return;
  const bool end = json.contains("End");
  if (end && !json["End"].is_boolean()) problem(where + ".End", "must be a boolean");
  if (json.contains("Next") == (end && json["End"] == true)) problem(where, "needs either Next or End");
  if (json.contains("Next")) target(states, json["Next"], where + ".Next", reached);
}

void Linter::wait(const Json& json, const std::string& where) {
  int ways = 0;
  for (const char* field : {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"})
    ways += json.contains(field) ? 1 : 0;
  if (ways != 1) problem(where, "needs exactly one of Seconds, SecondsPath, Timestamp, TimestampPath");
  if (json.contains("Seconds") &&
      !(json["Seconds"].is_number_integer() && json["Seconds"] >= 0 && json["Seconds"] <= 99999999))
    problem(where + ".Seconds", "must be an integer from 0 to 99999999");
}

void Linter::choices(const Json& states, const Json& json, const std::string& where,
                     std::set<std::string>& reached) {
  if (!json.contains("Choices") || !json["Choices"].is_array() || json["Choices"].empty()) {
    problem(where, "needs Choices, a non-empty array");
  } else {
    for (std::size_t i = 0; i < json["Choices"].size(); ++i) {
      const Json& rule = json["Choices"][i];
      const std::string at = fmt::format("{}.Choices[{}]", where, i);
      check_choice(rule, at, true, problems);
      if (rule.is_object() && rule.contains("Next")) target(states, rule["Next"], at + ".Next", reached);
    }
  }
  if (json.contains("Default")) target(states, json["Default"], where + ".Default", reached);
}

void Linter::branches(const Json& json, const std::string& where) {
  if (!json.contains("Branches") || !json["Branches"].is_array() || json["Branches"].empty()) {
    return problem(where, "needs Branches, a non-empty array");
  }
  for (std::size_t i = 0; i < json["Branches"].size(); ++i)
    machine(json["Branches"][i], fmt::format("{}.Branches[{}]", where, i));
}

void Linter::map(const Json& json, const std::string& where) {
  const bool processor = json.contains("ItemProcessor"), iterator = json.contains("Iterator");
  if (processor == iterator) return problem(where, "needs either ItemProcessor or Iterator");
  const char* name = processor ? "ItemProcessor" : "Iterator";
  machine(json[name], base::member_path(where, name));
  if (json[name].is_object() && json[name].contains("ProcessorConfig")) {
    const Json& config = json[name]["ProcessorConfig"];
    if (!config.is_object() || config.value("Mode", Json("INLINE")) != "INLINE")
      problem(fmt::format("{}.{}.ProcessorConfig.Mode", where, name), "only INLINE is supported");
  }
  for (const char* distributed : {"ItemReader", "ItemBatcher", "ResultWriter"})
    if (json.contains(distributed))
      problem(base::member_path(where, distributed), "belongs to distributed maps, which are not supported");
}

std::vector<Problem> lint(const base::LocatedJson& document) {
  if (!document.problems().empty()) return document.problems();
  Linter linter;
  linter.machine(document.value(), "$");
  for (Problem& problem : linter.problems) problem.line = document.line_of(problem.path);
  std::ranges::stable_sort(linter.problems, {}, &Problem::line);
  return linter.problems;
}

}  // namespace asl
