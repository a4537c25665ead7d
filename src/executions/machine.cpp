#include "executions/machine.h"

#include <algorithm>

#include "base/error.h"
#include "provider/aws/stores.h"

namespace executions {
namespace {

constexpr const char* stepfunctions = "stepfunctions";
/// Of GetExecutionHistory and ListExecutions; a page with data may be long.
constexpr int page = 100;
/// arn:aws:states:REGION:ACCOUNT:stateMachine:NAME has executions
/// arn:aws:states:REGION:ACCOUNT:execution:NAME:EXECUTION.
constexpr std::string_view machine_kind = ":stateMachine:", execution_kind = ":execution:";

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

std::string state_entered(const Json& event) {
  return event.value("stateEnteredEventDetails", Json::object()).value("name", "");
}

std::string machine_of(const std::string& execution) {
  auto arn = execution.substr(0, execution.rfind(':'));
  if (const auto at = arn.find(execution_kind); at != std::string::npos)
    arn.replace(at, execution_kind.size(), machine_kind);
  return arn;
}

Json Machine::ask(const std::string& operation, Json input) {
  return provider::aws::Asker(service_).ask(stepfunctions, operation, std::move(input));
}

std::string Machine::arn_of(const std::string& name) const {
  if (name.starts_with("arn:")) return name;
  auto arn = arn_;
  if (const auto at = arn.find(machine_kind); at != std::string::npos)
    arn.replace(at, machine_kind.size(), execution_kind);
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

void Machine::newest_first(const std::string& name, const std::function<bool(const Json&)>& take) {
  Json input = {{"executionArn", arn_of(name)}, {"maxResults", page}, {"reverseOrder", true}};
  while (true) {
    const Json answer = ask("GetExecutionHistory", input);
    for (const Json& each : answer.at("events"))
      if (!take(each)) return;
    const auto next = answer.value("nextToken", "");
    if (next.empty()) return;
    input["nextToken"] = next;
  }
}

std::vector<Json> Machine::events(const std::string& name, std::int64_t after) {
  std::vector<Json> all;
  newest_first(name, [&](const Json& event) {
    const bool is_new = event.at("id").get<std::int64_t>() > after;
    if (is_new) all.push_back(event);
    return is_new;
  });
  std::ranges::reverse(all);
  return all;
}

Standing Machine::standing(const std::string& name) {
  Standing found;
  newest_first(name, [&](const Json& event) {
    if (found.data.is_null()) found.data = data_of(event);
    if (found.state.empty()) found.state = state_entered(event);
    return found.data.is_null() || found.state.empty();
  });
  return found;
}

}  // namespace executions
