// What the history of an execution says, in the words of our own engine.
#pragma once

#include "asl/interpreter.h"
#include "executions/machine.h"

namespace executions {

/// Events of tasks as asl::HistoryEvent has them: TaskStateEntered, TaskSucceeded, TaskFailed; nothing for
/// those that say nothing of a task. `state` is where the execution is: it is changed as events enter others.
std::optional<asl::HistoryEvent> heard(const Json& event, std::string& state);

/// As the history of a run has them: {state, tries, started, ended, outcome}.
Json attempts(const std::vector<Json>& events);
/// The same: {id, at, type, state}.
Json events_view(const std::vector<Json>& events);

/// What the newest of these carries; null where none does.
Json newest_data(const std::vector<Json>& events);
/// Was the run of this state planned? Before that nothing is done.
bool has_begun(const Json& state);
Json text_or_null(const std::string& text);

/// What the step at work waits for, as the state of a run says; "" if it says nothing.
std::string waits_for(const Json& state, const std::string& at);

}  // namespace executions
