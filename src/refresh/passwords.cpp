#include "refresh/passwords.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "refresh/lookup.h"
#include "refresh/workflow.h"

namespace refresh {
namespace {

/// By whatever member's name for one: a check repeats those of other members.
std::set<std::string, std::less<>> names_of_passwords() {
  std::set<std::string, std::less<>> all;
  for (const Step* step : sequence())
    for (const Field& field : step->fields)
      if (field.secret) all.emplace(field.name);
  return all;
}

void take(Json& object, const std::string& where, const std::set<std::string, std::less<>>& names,
          std::vector<std::string>& taken) {
  for (const auto& name : names)
    if (const auto found = object.find(name); found != object.end()) {
      if (found->is_string() && !found->get_ref<const std::string&>().empty() && *found != "CHANGE_ME")
        taken.push_back(where + "." + name);
      object.erase(found);
    }
}

}  // namespace

std::vector<std::string> take_passwords(Json& document) {
  std::vector<std::string> taken;
  if (!document.is_object()) return taken;
  const auto names = names_of_passwords();
  for (auto& [key, member] : document.items()) {
    if (!member.is_object()) continue;
    const auto where = base::member_path("$", key);
    take(member, where, names, taken);
    if (const auto check = member.find("check"); check != member.end() && check->is_object())
      take(*check, where + ".check", names, taken);
  }
  return taken;
}

void put_passwords(Json& document, const Json& kept) {
  for (const auto& [name, value] : kept.items()) {
    const auto dot = name.find('.');
    const auto member = document.find(name.substr(0, dot));
    if (member != document.end() && member->is_object()) (*member)[name.substr(dot + 1)] = value;
  }
}

std::optional<Problem> master_password_problem(
    const RefreshFile& file, provider::DatabaseService& databases,
    const std::function<std::string(const base::Secret&, const std::string& engine)>& objection) {
  const std::string field = facts_of(file.members).master_password;
  const auto given = file.secrets.find(field);
  if (given == file.secrets.end()) return std::nullopt;
  const auto source = databases.find_source(file.names.kind, file.names.source);
  const auto why = source ? objection(given->second, source->engine) : std::string();
  if (why.empty()) return std::nullopt;
  return Problem{0, "$." + field, why};
}

void seal_passwords(provider::SecretStore& secrets, const std::string& run, const RefreshFile& file) {
  Json kept = Json::object();
  for (const auto& [name, value] : file.secrets) kept[name] = value.reveal();
  const std::string name = run_secret_name(run);
  secrets.put_pending(name, base::Secret(kept.dump()));
  secrets.promote(name);
}

}  // namespace refresh
