// A state machine of AWS Step Functions, and its executions.
#pragma once

#include <functional>

#include "provider/aws/service.h"

namespace executions {

using base::Json;

/// What the stack of deploy/ calls it, as the original did.
inline constexpr const char* usual_machine = "state-machine-awssol";

/// What a state of an execution was given, or gave, as an event of its history has it; null for other events.
Json data_of(const Json& event);

/// The state that an event enters; "" for other events.
std::string state_entered(const Json& event);
/// The ARN of the machine that an execution is of, by that one's.
std::string machine_of(const std::string& execution);

/// Where an execution is: the state that it has entered last, and what it carries from state to state; "" and
/// null of one that has none yet.
struct Standing {
  std::string state;
  Json data;
};

/// Calls of its own half a minute each; not thread-safe. Answers are spelled as AWS Step Functions' API
/// reference has them, executions as DescribeExecution, events as GetExecutionHistory.
class Machine {
 public:
  Machine(provider::aws::Service& service, std::string arn) : service_(service), arn_(std::move(arn)) {}
  const std::string& arn() const { return arn_; }

  /// The ARN of the execution. One of this name with the same input that runs is it. Throws
  /// ExecutionAlreadyExists, StateMachineDoesNotExist.
  std::string start(const std::string& name, const Json& input);
  /// Its tasks that are under way are not ended by that, and nothing is caught.
  void stop(const std::string& name, const std::string& error, const std::string& cause);
  /// By its name or ARN; nothing where there is none.
  std::optional<Json> find(const std::string& name);
  /// The newest, newest first, without inputs; empty where there is no such machine.
  std::vector<Json> list(std::size_t most);
  /// Its events after this one, in their order.
  std::vector<Json> events(const std::string& name, std::int64_t after = 0);
  Standing standing(const std::string& name);

 private:
  std::string arn_of(const std::string& name) const;
  Json ask(const std::string& operation, Json input);
  /// Its events until one is not taken.
  void newest_first(const std::string& name, const std::function<bool(const Json&)>& take);

  provider::aws::Service& service_;
  std::string arn_;
};

}  // namespace executions
