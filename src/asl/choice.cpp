#include "asl/choice.h"

#include <fmt/format.h>

#include <algorithm>

#include "asl/pattern.h"
#include "base/clock.h"
#include "base/error.h"

namespace asl {
namespace {

using base::Error;

enum class Operand { string, numeric, boolean, timestamp };

struct Kind {
  std::string_view prefix;
  Operand operand;
};
constexpr Kind kinds[] = {{"String", Operand::string},
                          {"Numeric", Operand::numeric},
                          {"Boolean", Operand::boolean},
                          {"Timestamp", Operand::timestamp}};
constexpr std::string_view comparisons[] = {"Equals", "LessThan", "GreaterThan", "LessThanEquals",
                                            "GreaterThanEquals"};
constexpr std::string_view tests[] = {"IsNull",   "IsPresent", "IsNumeric",
                                      "IsString", "IsBoolean", "IsTimestamp"};

/// `NumericLessThanEqualsPath` taken apart.
struct Comparison {
  Operand operand;
  std::string_view relation;
  bool by_path;
};

std::optional<Comparison> parse_comparison(std::string_view name) {
  const bool by_path = name.ends_with("Path");
  if (by_path) name.remove_suffix(4);
  for (const Kind& kind : kinds) {
    if (!name.starts_with(kind.prefix)) continue;
    const auto relation = name.substr(kind.prefix.size());
    if (kind.operand == Operand::boolean && relation != "Equals") return std::nullopt;
    if (std::ranges::find(comparisons, relation) != std::end(comparisons))
      return Comparison{kind.operand, relation, by_path};
  }
  return std::nullopt;
}

template <class T>
bool relate(const T& a, std::string_view relation, const T& b) {
  if (relation == "Equals") return a == b;
  if (relation == "LessThan") return a < b;
  if (relation == "GreaterThan") return b < a;
  if (relation == "LessThanEquals") return !(b < a);
  return !(a < b);
}

std::optional<base::Time> timestamp(const Json& value) {
  return value.is_string() ? base::parse_iso_offset(value.get_ref<const std::string&>()) : std::nullopt;
}

bool compare(const Comparison& comparison, const Json& a, const Json& b) {
  switch (comparison.operand) {
    case Operand::string:
      return a.is_string() && b.is_string() &&
             relate(a.get_ref<const std::string&>(), comparison.relation, b.get_ref<const std::string&>());
    case Operand::numeric:
      return a.is_number() && b.is_number() && relate(a, comparison.relation, b);
    case Operand::boolean:
      return a.is_boolean() && b.is_boolean() && a == b;
    case Operand::timestamp: {
      const auto at = timestamp(a), bt = timestamp(b);
      return at && bt && relate(*at, comparison.relation, *bt);
    }
  }
  return false;
}

bool type_test(std::string_view name, const Json& value) {
  if (name == "IsNull") return value.is_null();
  if (name == "IsNumeric") return value.is_number();
  if (name == "IsString") return value.is_string();
  if (name == "IsBoolean") return value.is_boolean();
  return timestamp(value).has_value();
}

Json must_select(const std::string& path, const Scope& scope) {
  auto value = Path::parse(path).select(scope);
  if (!value) {
    throw Error(
        "States.Runtime",
        fmt::format("Invalid path '{}': The choice state's condition path references an invalid value.",
                    path));
  }
  return *std::move(value);
}

bool data_test(const std::string& name, const Json& operand, const std::string& variable,
               const Scope& scope) {
  if (name == "IsPresent") return Path::parse(variable).select(scope).has_value() == operand.get<bool>();
  const Json value = must_select(variable, scope);
  if (name == "StringMatches") {
    return value.is_string() &&
           matches_pattern(operand.get_ref<const std::string&>(), value.get_ref<const std::string&>());
  }
  if (std::ranges::find(tests, name) != std::end(tests)) return type_test(name, value) == operand.get<bool>();
  const auto comparison = parse_comparison(name);
  if (!comparison) throw Error("States.Runtime", "unknown comparison operator " + name);
  return compare(*comparison, value,
                 comparison->by_path ? must_select(operand.get<std::string>(), scope) : operand);
}

bool is_annotation(std::string_view name) {
  return name == "Next" || name == "Comment" || name == "Assign" || name == "Variable" || name == "Output";
}

void check_operand(const std::string& name, const Json& operand, const std::string& where,
                   std::vector<base::Problem>& problems) {
  auto problem = [&](std::string message) {
    problems.push_back({0, base::member_path(where, name), std::move(message)});
  };
  if (name == "StringMatches") {
    if (!operand.is_string()) problem("must be a string");
    return;
  }
  if (std::ranges::find(tests, name) != std::end(tests)) {
    if (!operand.is_boolean()) problem("must be a boolean");
    return;
  }
  const auto comparison = parse_comparison(name);
  if (!comparison) {
    problem("is not a comparison operator");
    return;
  }
  const bool right = comparison->by_path                       ? operand.is_string()
                     : comparison->operand == Operand::string  ? operand.is_string()
                     : comparison->operand == Operand::numeric ? operand.is_number()
                     : comparison->operand == Operand::boolean ? operand.is_boolean()
                                                               : timestamp(operand).has_value();
  if (!right) problem(fmt::format("has an operand of the wrong type: {}", operand.dump()));
}

}  // namespace

bool choice_holds(const Json& rule, const Scope& scope) {
  auto holds = [&](const Json& each) { return choice_holds(each, scope); };
  if (rule.contains("And")) return std::ranges::all_of(rule["And"], holds);
  if (rule.contains("Or")) return std::ranges::any_of(rule["Or"], holds);
  if (rule.contains("Not")) return !holds(rule["Not"]);
  const std::string variable = rule.at("Variable");
  for (const auto& [name, operand] : rule.items())
    if (!is_annotation(name)) return data_test(name, operand, variable, scope);
  return false;
}

void check_choice(const Json& rule, const std::string& where, bool top,
                  std::vector<base::Problem>& problems) {
  auto problem = [&](std::string message) { problems.push_back({0, where, std::move(message)}); };
  if (!rule.is_object()) return problem("must be an object");
  if (top && !rule.contains("Next")) problem("needs Next");
  if (!top && rule.contains("Next")) problem("Next belongs to the outermost rule only");
  std::vector<std::string> operators;
  for (const auto& [name, operand] : rule.items())
    if (!is_annotation(name)) operators.push_back(name);
  if (operators.size() != 1)
    return problem(fmt::format("needs exactly one operator, has {}", operators.size()));
  const std::string& name = operators[0];
  if (name == "And" || name == "Or") {
    if (!rule[name].is_array() || rule[name].empty())
      return problem(name + " needs a non-empty array of rules");
    for (std::size_t i = 0; i < rule[name].size(); ++i)
      check_choice(rule[name][i], fmt::format("{}.{}[{}]", where, name, i), false, problems);
  } else if (name == "Not") {
    check_choice(rule[name], where + ".Not", false, problems);
  } else if (!rule.contains("Variable") || !rule["Variable"].is_string()) {
    problem("needs Variable, a path");
  } else {
    check_operand(name, rule[name], where, problems);
  }
}

}  // namespace asl
