// What makes a state machine document wrong (States Language specification; Step Functions' quotas).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "asl/choice.h"
#include "asl/intrinsics.h"
#include "asl/machine.h"
#include "base/error.h"
#include "base/text.h"

namespace asl {
namespace {

using base::Problem;

constexpr std::string_view type_names[] = {"Task",    "Pass", "Wait",     "Choice",
                                           "Succeed", "Fail", "Parallel", "Map"};

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

class Linter {
 public:
  std::vector<Problem> problems;

  void machine(const Json& json, const std::string& where) {
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

 private:
  void problem(std::string path, std::string message) {
    problems.push_back({0, std::move(path), std::move(message)});
  }

  void target(const Json& states, const Json& name, const std::string& where,
              std::set<std::string>& reached) {
    if (!name.is_string()) return problem(where, "must be the name of a state");
    if (!states.contains(name.get<std::string>()))
      return problem(where, fmt::format("there is no state {}", name.dump()));
    reached.insert(name);
  }

  void state(const Json& states, const std::string& name, const Json& json, const std::string& machine_path,
             std::set<std::string>& reached) {
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

  void fields(const Json& json, std::string_view type, const std::string& where) {
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

  void transition(const Json& states, const Json& json, std::string_view type, const std::string& where,
                  std::set<std::string>& reached) {
    if (type == "Succeed" || type == "Fail" || type == "Choice") return;
    const bool end = json.contains("End");
    if (end && !json["End"].is_boolean()) problem(where + ".End", "must be a boolean");
    if (json.contains("Next") == (end && json["End"] == true)) problem(where, "needs either Next or End");
    if (json.contains("Next")) target(states, json["Next"], where + ".Next", reached);
  }

  void handlers(const Json& states, const Json& json, const std::string& where,
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
        if (kind == std::string_view("Catch") && each.contains("ResultPath"))
          reference(each, "ResultPath", at);
      }
    }
  }

  void error_equals(const Json& handler, const std::string& where, bool last) {
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

  void retrier(const Json& json, const std::string& where) {
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
    if (json.contains("JitterStrategy") && json["JitterStrategy"] != "FULL" &&
        json["JitterStrategy"] != "NONE")
      problem(where + ".JitterStrategy", "must be FULL or NONE");
  }

  void value_text(const Json& value, const std::string& where) {
    if (!value.is_string()) return problem(where, "must be a path or an intrinsic function");
    const auto& text = value.get_ref<const std::string&>();
    if (!text.starts_with('$')) {
      if (auto why = check_intrinsic(text); !why.empty()) problem(where, why);
      return;
    }
    try {
      Path::parse(text);
    } catch (const base::Error& error) {
      problem(where, error.message);
    }
  }

  void reference(const Json& json, const char* field, const std::string& where) {
    const Json& value = json[field];
    if (value.is_null()) return;
    const std::string at = base::member_path(where, field);
    const auto before = problems.size();
    value_text(value, at);
    if (problems.size() > before) return;
    const auto& text = value.get_ref<const std::string&>();
    if (!text.starts_with('$') || text.starts_with("$$") || !Path::parse(text).reference())
      problem(at, fmt::format("must be a reference path, got {}", value.dump()));
  }

  void templates(const Json& json, const std::string& where) {
    if (json.is_array()) {
      for (std::size_t i = 0; i < json.size(); ++i) templates(json[i], fmt::format("{}[{}]", where, i));
    }
    if (!json.is_object()) return;
    for (const auto& [name, member] : json.items()) {
      const std::string at = base::member_path(where, name);
      if (!name.ends_with(".$")) {
        templates(member, at);
        continue;
      }
      value_text(member, at);
      if (json.contains(name.substr(0, name.size() - 2)))
        problem(at, "names the same member as one without .$");
    }
  }

  void paths(const Json& json, const std::string& where) {
    for (const char* field :
         {"InputPath", "OutputPath", "SecondsPath", "TimestampPath", "ItemsPath", "TimeoutSecondsPath",
          "HeartbeatSecondsPath", "MaxConcurrencyPath", "ErrorPath", "CausePath"})
      if (json.contains(field) && !json[field].is_null())
        value_text(json[field], base::member_path(where, field));
    if (json.contains("ResultPath")) reference(json, "ResultPath", where);
    for (const char* field : {"Parameters", "ResultSelector", "ItemSelector", "Assign"})
      if (json.contains(field)) templates(json[field], base::member_path(where, field));
  }

  void wait(const Json& json, const std::string& where) {
    int ways = 0;
    for (const char* field : {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"})
      ways += json.contains(field) ? 1 : 0;
    if (ways != 1) problem(where, "needs exactly one of Seconds, SecondsPath, Timestamp, TimestampPath");
    if (json.contains("Seconds") &&
        !(json["Seconds"].is_number_integer() && json["Seconds"] >= 0 && json["Seconds"] <= 99999999))
      problem(where + ".Seconds", "must be an integer from 0 to 99999999");
  }

  void choices(const Json& states, const Json& json, const std::string& where,
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

  void branches(const Json& json, const std::string& where) {
    if (!json.contains("Branches") || !json["Branches"].is_array() || json["Branches"].empty()) {
      return problem(where, "needs Branches, a non-empty array");
    }
    for (std::size_t i = 0; i < json["Branches"].size(); ++i)
      machine(json["Branches"][i], fmt::format("{}.Branches[{}]", where, i));
  }

  void map(const Json& json, const std::string& where) {
    const bool processor = json.contains("ItemProcessor"), iterator = json.contains("Iterator");
    if (processor == iterator) return problem(where, "needs either ItemProcessor or Iterator");
    const char* name = processor ? "ItemProcessor" : "Iterator";
    machine(json[name], base::member_path(where, name));
    if (processor && json[name].is_object() && json[name].contains("ProcessorConfig") &&
        json[name]["ProcessorConfig"].value("Mode", "INLINE") != "INLINE")
      problem(where + ".ItemProcessor.ProcessorConfig.Mode", "only INLINE is supported");
    for (const char* distributed : {"ItemReader", "ItemBatcher", "ResultWriter"})
      if (json.contains(distributed))
        problem(base::member_path(where, distributed),
                "belongs to distributed maps, which are not supported");
  }

  std::set<std::string> names_;
};

}  // namespace

std::vector<Problem> lint(const base::LocatedJson& document) {
  if (!document.problems().empty()) return document.problems();
  Linter linter;
  linter.machine(document.value(), "$");
  for (Problem& problem : linter.problems) problem.line = document.line_of(problem.path);
  std::ranges::stable_sort(linter.problems, {}, &Problem::line);
  return linter.problems;
}

}  // namespace asl
