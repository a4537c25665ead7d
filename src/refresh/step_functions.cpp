// The document of a refresh as AWS Step Functions runs it, with functions of AWS Lambda for its tasks.
#include "refresh/document.h"
#include "refresh/workflow.h"

namespace refresh {
namespace {

using Ordered = nlohmann::ordered_json;

/// How long a call may take: what its function has (deploy/awssoldb_compute.template), and some more, so that
/// Lambda's own word of it comes first.
constexpr int light_seconds = 150, heavy_seconds = 930;

/// CloudFormation substitutes these (DefinitionSubstitutions).
std::string_view function_of(Right right) {
  switch (right) {
    case Right::look:
      return "${PlanFunction}";
    case Right::change:
      return "${ChangeFunction}";
    case Right::sql:
      return "${SqlFunction}";
    case Right::report:
      return "${ReportFunction}";
  }
  return "";
}

/// What becomes of a function without a word of its own: Lambda is away or has no room, the process ended, or
/// its time did. Nobody knows what it did by then; whoever asks again looks first.
/// (Lambda Developer Guide, "Understanding retry behavior"; Step Functions Developer Guide, "Handle Lambda
/// service exceptions".)
Ordered retrier_of_lambda(const Ordered& like) {
  Ordered out = like;
  out["ErrorEquals"] = {"Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException",
                        "Lambda.ClientExecutionTimeoutException", "Lambda.TooManyRequestsException",
                        // A function in a VPC that nobody has called for weeks is rebuilt by its first call.
                        "Lambda.ResourceNotReadyException", "Lambda.CodeArtifactUserPendingException",
                        "Lambda.ResourceConflictException", "Lambda.EC2ThrottledException",
                        "Lambda.EC2UnexpectedException", "Lambda.ENILimitReachedException",
                        "Lambda.SubnetIPAddressLimitReachedException", "Lambda.Unknown", "Runtime.ExitError",
                        "Runtime.OutOfMemory", "Sandbox.Timedout", "States.Timeout"};
  return out;
}

void give_to_function(Ordered& task, Right right, std::int64_t seconds) {
  task["Resource"] = function_of(right);
  task["TimeoutSeconds"] = seconds;
  task["Retry"].push_back(retrier_of_lambda(task["Retry"][0]));
}

/// Makes the input of a run of what the execution was started with. Nothing has happened yet, and nobody
/// knows whom to tell: where it fails, the execution's own failure is the message.
Ordered prepare(const Ordered& retry, std::string_view next) {
  return {{"Type", "Task"},
          {"Parameters",
           {{"state", prepare_state},
            {"file.$", "$"},
            {"execution.$", "$$.Execution.Id"},
            {"started.$", "$$.Execution.StartTime"}}},
          {"ResultPath", "$"},
          {"Retry", retry},
          {"Catch",
           Ordered::array({Ordered{
               {"ErrorEquals", {"States.ALL"}}, {"ResultPath", "$.failure"}, {"Next", "RESTORE-FAILED"}}})},
          {"Next", next}};
}

/// What another execution did is put back once no call of that one can be under way any more. Only prepare()
/// says so: whoever starts an execution may write anything into its input.
Ordered choose(std::string_view otherwise) {
  return {
      {"Type", "Choice"},
      {"Choices",
       Ordered::array({Ordered{{"Variable", "$.failure"}, {"IsPresent", true}, {"Next", "wait-for-quiet"}}})},
      {"Default", otherwise}};
}

Ordered wait_for_quiet() {
  return {{"Type", "Wait"},
          {"TimestampPath", std::string("$.") + quiet_member},
          {"Next", roll_back_step().states.start}};
}

}  // namespace

std::chrono::seconds longest_call(std::string_view state) {
  const auto* step = step_of(state);
  return std::chrono::seconds(step != nullptr && step->right == Right::sql ? heavy_seconds : light_seconds);
}

Ordered step_functions_machine() {
  Ordered machine = state_machine();
  Ordered states = Ordered::object();
  for (const auto& [name, state] : machine["States"].items()) {
    states[name] = state;
    if (name != machine["StartAt"]) continue;
    const auto& retry = machine["States"][std::string(planning_step().states.start)]["Retry"];
    states[prepare_state] = prepare(retry, "choose-roll-back");
    states["choose-roll-back"] = choose(state["Next"].get<std::string>());
    states["wait-for-quiet"] = wait_for_quiet();
    states[name]["Next"] = prepare_state;
  }
  for (const auto& [name, state] : states.items())
    if (state["Type"] == "Task") {
      const auto* step = step_of(name);
      give_to_function(states[name], step == nullptr ? Right::change : step->right,
                       longest_call(name).count());
    }
  machine["States"] = std::move(states);
  return machine;
}

}  // namespace refresh
