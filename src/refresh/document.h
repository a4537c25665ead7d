// The state machine document of a refresh, generated from the steps: the one definition of the work, for the
// embedded engine and for AWS Step Functions.
#pragma once

#include <nlohmann/json.hpp>

#include "asl/interpreter.h"
#include "engine/task.h"
#include "refresh/file.h"

namespace refresh {

/// What the resource of every task is called in the document of the embedded engine.
inline constexpr std::string_view task_resource = "${DbrefreshTaskArn}";

/// In the order of the work.
nlohmann::ordered_json state_machine();

/// The same for AWS Step Functions: each task goes to the function that has the rights of its step, and what
/// the execution is started with, a refresh file, goes through this state first.
nlohmann::ordered_json step_functions_machine();
inline constexpr const char* prepare_state = "prepare";
/// How long a call of the task of a state lasts there at the most.
std::chrono::seconds longest_call(std::string_view state);
/// Where what the first task answers has `failure`, as the state of a run that has failed, the execution puts
/// back what that run did, from the time on that this member says (ISO 8601).
inline constexpr const char* quiet_member = "quiet_at";

/// The input of a run: no secret is in it.
Json run_input(const std::string& run, const RefreshFile& file, bool keep_failed, base::Time now);

/// The cause of a failure, for people: of a function of Lambda it is JSON, {errorMessage, errorType,
/// stackTrace} (Step Functions Developer Guide, "Handling error conditions").
std::string plain_cause(const std::string& cause);

/// How a run goes on that has failed, and could not be rolled back either: `state` is what it ended with.
/// Nothing if all was put back.
std::optional<asl::Redrive> roll_back_again(const Json& state);
/// Why it could not be; "" if all was put back.
std::string roll_back_failure(const Json& state);
/// How often that was tried since it had failed.
int rolled_back_again(const Json& state);

/// The reference of every member and field, as Markdown: of one step, or of all if `key` is "".
std::string reference(std::string_view key);
Json reference_json();

/// How long one call of a task may take, before it answers that it is to be asked again.
struct CallTimes {
  std::chrono::microseconds light = std::chrono::seconds(2);
  std::optional<std::chrono::microseconds> heavy;  ///< nothing: as long as the work lasts
};

/// The handler of the document's tasks: dispatches on the state's name. `services` must outlive it.
engine::Task make_task(provider::Services& services, CallTimes times = {});
/// Does the task of this state last as long as its work does?
bool is_heavy(std::string_view state);

}  // namespace refresh
