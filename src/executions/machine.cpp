#include "executions/machine.h"

#include <algorithm>

#include "base/error.h"
#include "provider/aws/stores.h"

namespace executions {
namespace {

constexpr const char* stepfunctions = "stepfunctions";
/// Of GetExecutionHistory and ListExecutions; a page with data may be long.
constexpr int page = 100;

}  // namespace

Json data_of(const Json& event) {
  for (const auto& [details, member] :
       {std::pair{"stateExitedEventDetails", "output"}, std::pair{"stateEnteredEventDetails", "input"},
        std::pair{"executionStartedEventDetails", "input"},
        std::pair{"executionSucceededEventDetails", "output"}}) {
    const auto text = event.value(details, Json::object()).value(member, "");
    if (text.empty()) continue;
    Json value = Json::parse(text, nullptr, false);
    if (value.is_object()) return value;
  }
  return nullptr;
}

Json Machine::ask(const std::string& operation, Json input) {
  return provider::aws::Asker(service_).ask(stepfunctions, operation, std::move(input));
}

/// arn:aws:states:REGION:ACCOUNT:stateMachine:NAME has
/// arn:aws:states:REGION:ACCOUNT:execution:NAME:EXECUTION.
std::string Machine::arn_of(const std::string& name) const {
  if (name.starts_with("arn:")) return name;
  constexpr std::string_view kind = ":stateMachine:";
  auto arn = arn_;
  if (const auto at = arn.find(kind); at != std::string::npos) arn.replace(at, kind.size(), ":execution:");
  return arn + ":" + name;
}

std::string Machine::start(const std::string& name, const Json& input) {
  return ask("StartExecution", {{"stateMachineArn", arn_}, {"name", name}, {"input", input.dump()}})
      .at("executionArn");
}

void Machine::stop(const std::string& name, const std::string& error, const std::string& cause) {
  ask("StopExecution", {{"executionArn", arn_of(name)}, {"error", error}, {"cause", cause}});
}

std::optional<Json> Machine::find(const std::string& name) {
  return provider::aws::Asker(service_).ask_unless({"ExecutionDoesNotExist", "InvalidArn"}, stepfunctions,
                                                   "DescribeExecution", {{"executionArn", arn_of(name)}});
}

std::vector<Json> Machine::list(std::size_t most) {
  std::vector<Json> all;
  Json input = {{"stateMachineArn", arn_}, {"maxResults", page}};
  while (all.size() < most) {
    const auto answer = provider::aws::Asker(service_).ask_unless({"StateMachineDoesNotExist"}, stepfunctions,
                                                                  "ListExecutions", input);
    if (!answer) break;
    for (const Json& each : answer->at("executions")) all.push_back(each);
    const auto next = answer->value("nextToken", "");
    if (next.empty()) break;
    input["nextToken"] = next;
  }
  std::ranges::stable_sort(all, std::greater<>(),
                           [](const Json& each) { return each.value("startDate", ""); });
  if (all.size() > most) all.resize(most);
  return all;
}

std::vector<Json> Machine::events(const std::string& name, std::int64_t after) {
  std::vector<Json> all;
  Json input = {{"executionArn", arn_of(name)}, {"maxResults", page}, {"reverseOrder", true}};
  while (true) {
    const Json answer = ask("GetExecutionHistory", input);
    for (const Json& each : answer.at("events")) {
      if (each.at("id").get<std::int64_t>() <= after) {
        std::ranges::reverse(all);
        return all;
      }
      all.push_back(each);
    }
    const auto next = answer.value("nextToken", "");
    if (next.empty()) break;
    input["nextToken"] = next;
  }
  std::ranges::reverse(all);
  return all;
}

Json Machine::state(const std::string& name) {
  Json input = {{"executionArn", arn_of(name)}, {"maxResults", page}, {"reverseOrder", true}};
  while (true) {
    const Json answer = ask("GetExecutionHistory", input);
    for (const Json& each : answer.at("events"))
      if (Json data = data_of(each); !data.is_null()) return data;
    const auto next = answer.value("nextToken", "");
    if (next.empty()) return nullptr;
    input["nextToken"] = next;
  }
}

}  // namespace executions
