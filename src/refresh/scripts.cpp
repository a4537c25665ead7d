#include "refresh/scripts.h"

#include <fmt/format.h>

#include "base/error.h"
#include "refresh/lookup.h"
#include "refresh/marks.h"

namespace refresh {
namespace {

constexpr std::size_t most_scripts_listed = 500;
/// A copy of which the scripts were interrupted is made afresh; not for ever.
constexpr int most_copies = 5;

}  // namespace

std::vector<Unit> units(const Facts& facts) {
  std::vector<Unit> all;
  for (const auto& key : facts.scripts.value_or(std::vector<std::string>{})) all.push_back({"", key});
  for (const auto& [name, decision] : facts.databases)
    for (const auto& key : decision.scripts) all.push_back({name, key});
  for (const auto& [name, decision] : facts.databases)
    if (decision.what == Decision::What::dropped) all.push_back({name, ""});
  return all;
}

std::string scripts_family(const Json& member, const std::string& engine) {
  return provider::family_of(member.value("engine", engine));
}

std::string object_of(const Json& member, const std::string& key) {
  const auto prefix = member.at("prefix").get<std::string>();
  // A file's is the root of this host.
  if (prefix.empty() && member.at("bucketname") != provider::ScriptStore::files) return key;
  return prefix + "/" + key;
}

std::string text_of(provider::Services& services, const Json& member, const std::string& key) {
  return services.scripts.read(member.at("bucketname"), object_of(member, key));
}

std::unique_ptr<sql::Connection> lock_scripts(StepContext& step, const std::string& copy) {
  auto session = step.databases.login(copy, master_password(step));
  const auto left = std::chrono::ceil<std::chrono::seconds>(step.budget.until - step.budget.clock.now());
  if (!session->try_lock(scripts_lock(step.run()), left + std::chrono::minutes(1))) return nullptr;
  return session;
}

Work<Done> throw_away(StepContext& step, const std::optional<provider::Database>& copy) {
  if (copy)
    if (const auto gone = remove_whole(step, *copy); std::holds_alternative<Pending>(gone)) return gone;
  const Json copies = told(step, "copies");
  if (copies.is_number_integer() && copies >= most_copies)
    throw base::Error(
        "ScriptsKeepBreaking",
        fmt::format("the scripts were interrupted on {} copies, one after the other", most_copies),
        "see what ends them: the history has the reason of each attempt");
  throw base::Error(std::string(scripts_interrupted),
                    "the scripts were interrupted; their copy is thrown away and made afresh");
}

Json* add_script_result(StepContext& step, const Unit& unit) {
  Json& all = step.result["scripts"];
  if (all.size() >= most_scripts_listed) return nullptr;
  all.push_back({{"script", unit.script}});
  if (!unit.schema.empty()) all.back()["database"] = unit.schema;
  return &all.back();
}

}  // namespace refresh
