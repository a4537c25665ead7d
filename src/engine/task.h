// What a task is to the engine: a function from JSON to JSON that may take its time.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/note.h"
#include "base/text.h"

namespace engine {

/// One attempt at a task. References are valid for the duration of the call.
struct Attempt {
  const std::string& execution;
  const std::string& state;
  const base::Json& input;
  base::Clock& clock;
  /// Stops when this process is to end. A task then throws base::Error{"Interrupted"} soon: the attempt stays
  /// open in the journal and is taken up by whoever resumes.
  std::stop_token stop;
  /// Stops when somebody asked to cancel the execution, before the attempt or while it runs. What that ends
  /// is the task's to know: tasks that undo or report go on all the same. Callbacks of it run on the engine's
  /// thread and must be quick.
  std::stop_token cancel;
  /// Tells people how far it has got. Thread-safe.
  std::function<void(const base::Note&)> tell;
};

/// What a thrown error is to a state machine: the name that Retry and Catch of its document know, and the
/// cause, for people.
struct TaskFailure {
  std::string name, cause;
};
inline constexpr const char* retryable_failure = "Dbrefresh.Retryable";
/// Whoever repeats what may have happened looks before it acts.
inline TaskFailure failure_of(const base::Error& error) {
  const std::string hint = error.hint.empty() ? "" : "\nhint: " + error.hint;
  return {error.retryable || error.maybe_delivered ? retryable_failure : error.code,
          base::valid_utf8(error.code + ": " + error.message + hint)};
}

/// Runs on a worker thread, several at a time. What it throws (base::Error) becomes the failure of the state:
/// the error name is `Dbrefresh.Retryable` if error.retryable or error.maybe_delivered, `Cancelled` if it was
/// cut short (`Interrupted` while this process goes on), else error.code; the cause is code, message, hint.
/// An attempt of which nobody knows what came of it is begun again: a task looks before it acts.
using Task = std::function<base::Json(const Attempt&)>;

}  // namespace engine
