#include "refresh/script_times.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/clock.h"
#include "refresh/document.h"
#include "refresh/step.h"
#include "refresh/workflow.h"

namespace refresh {
namespace {

using base::Json;

Json part(const Json& of, std::string_view name) {
  return of.is_object() ? of.value(std::string(name), Json()) : Json();
}

/// Runs of older versions have the times of statements alone, of the first few: nothing where some are left
/// out.
std::optional<std::chrono::milliseconds> time_of(const Json& result) {
  if (const Json ms = part(result, "ms"); ms.is_number_integer())
    return std::chrono::milliseconds(ms.get<std::int64_t>());
  const Json statements = part(result, "statements");
  if (!statements.is_array() || part(result, "count") != statements.size()) return std::nullopt;
  std::chrono::milliseconds whole{0};
  for (const Json& each : statements)
    if (const Json ms = part(each, "ms"); ms.is_number_integer())
      whole += std::chrono::milliseconds(ms.get<std::int64_t>());
  return whole;
}

/// Was it this script that a call had no time left for? (sql/script.cpp says where, sql/watch.cpp why.)
bool was_cut(const Json& state, const std::string& script) {
  constexpr const char* over = "DeadlineExceeded";
  const Json failure = part(state, "failure"), cause = part(failure, "Cause");
  return part(failure, "Error") == over && cause.is_string() &&
         plain_cause(cause.get<std::string>()).starts_with(fmt::format("{}: {}:", over, script));
}

/// Why it is too long, "" if it is not, nothing if this run says nothing of it.
std::optional<std::string> word_of(const Json& state, const std::string& database,
                                   const std::string& script) {
  const Json run = part(state, "run");
  const auto name = run.is_string() ? run.get<std::string>() : std::string();
  const Json result = part(part(state, "results"), masking_step().key), scripts = part(result, "scripts");
  if (scripts.is_array())
    for (const Json& each : scripts) {
      const Json where = part(each, "database");
      if (part(each, "script") != script || (where.is_string() ? where : Json("")) != database) continue;
      const auto took = time_of(each);
      if (!took) return std::nullopt;
      if (*took <= script_call) return "";
      return fmt::format("took {} in run {}", base::human_duration(*took), name);
    }
  if (was_cut(state, script)) return fmt::format("was cut off in run {}, whose call had no more time", name);
  return std::nullopt;
}

void look_for(std::vector<LongScript>& all, const std::vector<Json>& states, const char* field,
              const std::string& database, const std::vector<std::string>& scripts) {
  for (const auto& script : scripts)
    for (const Json& state : states)
      if (const auto word = word_of(state, database, script)) {
        if (!word->empty()) all.push_back({field, script, *word});
        break;
      }
}

}  // namespace

std::vector<LongScript> scripts_too_long(const Json& members, const std::vector<Json>& states) {
  const auto facts = facts_of(members);
  std::vector<LongScript> all;
  if (facts.scripts_elsewhere || !facts.scripts) return all;
  look_for(all, states, "keys", "", *facts.scripts);
  for (const auto& [name, decision] : facts.databases)
    look_for(all, states, "databases", name, decision.scripts);
  return all;
}

std::string to_string(const LongScript& script) {
  return fmt::format(
      "'{}' {}: a function of Lambda has {} for a script; what runs longer is run by "
      "dbrefresh --provider aws run FILE, or by method ec2",
      script.script, script.why, base::human_duration(script_call));
}

}  // namespace refresh
