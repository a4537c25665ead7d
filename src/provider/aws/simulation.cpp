#include "provider/aws/simulation.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace provider::aws {
namespace {

/// "arn:aws:sts::123456789012:assumed-role/NAME/SESSION": the parts behind the account.
std::string role_of_session(const std::string& arn) {
  constexpr std::string_view mark = ":assumed-role/";
  const auto at = arn.find(mark);
  if (at == std::string::npos) return "";
  const auto name = arn.substr(at + mark.size());
  return name.substr(0, name.find('/'));
}

/// A resource that fits a pattern of ours; "" for a pattern of any name at all.
std::string example(std::string resource) {
  if (resource == "*") return resource;
  if (resource.ends_with(":*")) return "";
  for (char& c : resource)
    if (c == '?' || c == '*') c = 'x';
  return resource;
}

bool is_of_cluster(const std::string& resource) {
  return resource.find(":cluster:") != std::string::npos ||
         resource.find(":cluster-snapshot:") != std::string::npos;
}

/// Does a refresh of this kind ask for this action of this resource? Our statements name instances and
/// clusters together; those that people write need not.
bool concerns(const Denial& denial, Kind kind) {
  if (!denial.action.starts_with("rds:") || denial.resource == "*") return true;
  const bool of_cluster = denial.action.find("DBCluster") != std::string::npos;
  const bool of_any = denial.action == "rds:AddTagsToResource";
  if (kind == Kind::instance && (of_cluster || is_of_cluster(denial.resource))) return false;
  return of_any || of_cluster == is_of_cluster(denial.resource);
}

struct Question {
  std::set<std::string> actions, resources;
  Json context = Json::array();
};

/// By resources and conditions. Who we are may be asked by anybody.
std::map<std::string, Question> questions_of(const Json& policy) {
  std::map<std::string, Question> all;
  for (const Json& statement : part(policy, "Statement")) {
    Question& question = all[statement.at("Resource").dump() + part(statement, "Condition").dump()];
    for (const Json& action : statement.at("Action"))
      if (action != "sts:GetCallerIdentity") question.actions.insert(action.get<std::string>());
    for (const Json& resource : statement.at("Resource"))
      if (const auto one = example(resource.get<std::string>()); !one.empty()) question.resources.insert(one);
    question.context = Json::array();
    for (const auto& [name, keys] : part(statement, "Condition").items())
      for (const auto& [key, value] : keys.items())
        question.context.push_back({{"ContextKeyName", key},
                                    {"ContextKeyValues", Json::array({example(value)})},
                                    {"ContextKeyType", name == "Bool" ? "boolean" : "string"}});
  }
  std::erase_if(
      all, [](const auto& each) { return each.second.actions.empty() || each.second.resources.empty(); });
  return all;
}

void add(const Json& result, const std::string& action, const char* decision, std::set<Denial>& to) {
  const auto said = text(result, decision);
  if (said != "allowed") to.insert({action, text(result, "EvalResourceName"), said == "explicitDeny"});
}

}  // namespace

std::string principal_of(Service& service, const std::string& caller, const Budget& budget) {
  const auto name = role_of_session(caller);
  if (name.empty()) return caller.ends_with(":root") ? "" : caller;
  try {
    const Json found = service.call("iam", "GetRole", {{"RoleName", name}}, budget);
    return text(part(found, "Role"), "Arn");
  } catch (const base::Error&) {                       // most roles have no path
    const auto parts = base::split_list(caller, ':');  // it has no Region, and nothing empty is a part
    return fmt::format("arn:{}:iam::{}:role/{}", parts.at(1), parts.at(3), name);
  }
}

/// Of several resources the decision on each is in ResourceSpecificResults (API reference, EvaluationResult).
std::set<Denial> denials(Service& service, const std::string& principal, const Json& policy, Kind kind,
                         const Budget& budget) {
  std::set<Denial> all;
  for (const auto& [key, question] : questions_of(policy)) {
    Json input = {{"PolicySourceArn", principal},
                  {"ActionNames", question.actions},
                  {"ResourceArns", question.resources}};
    if (!question.context.empty()) input["ContextEntries"] = question.context;
    for (const Json& result :
         service.all("iam", "SimulatePrincipalPolicy", input, "EvaluationResults", budget)) {
      const auto action = text(result, "EvalActionName");
      const Json& each_resource = part(result, "ResourceSpecificResults");
      for (const Json& each : each_resource) add(each, action, "EvalResourceDecision", all);
      if (each_resource.empty()) add(result, action, "EvalDecision", all);
    }
  }
  std::erase_if(all, [&](const Denial& each) { return !concerns(each, kind); });
  return all;
}

}  // namespace provider::aws
