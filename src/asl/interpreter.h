// The interpreter: (machine, execution, event) -> decision. Pure: no I/O, no clock, no thread; the host tells
// it what happened and when, it says what to do. The host journals the execution and the decision together.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "asl/intrinsics.h"
#include "asl/machine.h"
#include "base/clock.h"

namespace asl {

/// Where one running machine stands: the whole, a branch of a Parallel, or one iteration of a Map. A value:
/// it round-trips through JSON, and that is how an execution survives its process.
struct Frame {
  enum class Phase { ready, budget, task, children, retrying, succeeded, failed };

  Phase phase = Phase::ready;
  std::string state;                ///< the current state's name
  Json input;                       ///< its raw input; when succeeded, the output
  Json variables = Json::object();  ///< assigned in this frame
  std::vector<int> attempts;        ///< retries used of each retrier in this visit
  int visit = 0;                    ///< counts task starts; tokens of earlier ones are stale
  std::int64_t entered_event = 0;
  base::Time entered{};
  std::optional<base::Time> due;            ///< when budget, retrying or a task's deadline ends
  std::optional<base::Time> heartbeat_due;  ///< a task's next sign of life
  double heartbeat_seconds = 0;
  std::vector<Frame> children;
  std::vector<Json> pending;  ///< Map: items not started yet, last first
  std::size_t max_concurrency = 0;
  Json item;              ///< in a Map iteration: {Index, Value}
  bool reported = false;  ///< a Map iteration whose success is in the history
  std::optional<std::string> error, cause;
};

/// One line of the history, named as AWS names its history events. A state's input is the output of the one
/// before; details of its exit are `{"changes": JSON patch from input to output}`, or `{"output": …}` where
/// that is shorter, or nothing where they are equal.
struct HistoryEvent {
  std::int64_t id = 0;  ///< from 1, without gaps
  std::string type;
  std::string state;
  Json details;
};

/// A run of a machine.
struct Execution {
  enum class Status { running, succeeded, failed, timed_out };

  std::string id, name, machine_name;
  base::Time started{};
  std::optional<base::Time> deadline;  ///< from the machine's TimeoutSeconds
  Json input;
  Frame root;
  std::int64_t events = 0;  ///< how many history events there have been
  /// The host's own limit of events: at that many, the next Task state fails with Dbrefresh.TooManyChecks,
  /// which can be caught. What a Catch leads to is a way out and may go on to a later limit. 0: none.
  std::int64_t event_limit = 0;
  int redrives = 0;  ///< how often it was taken up after it had failed
  Status status = Status::running;
};

std::string_view to_string(Execution::Status status);  ///< "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT"

/// A task that the host is to start. It answers with a TaskResult that bears the same token.
struct TaskRequest {
  std::string token;
  std::string state;
  std::string resource;
  Json input;
};

struct TaskResult {
  std::string token;
  Json output;
  std::optional<std::string> error;  ///< set: the task failed with this error name
  std::string cause;
};
struct TaskHeartbeat {
  std::string token;
};
struct Start {};
struct Proceed {};  ///< go on with what is ready
struct Tick {};     ///< some deadline may have come
struct Hurry {};    ///< Wait states and delays of retries that are going on end now
/// An execution that has failed goes on, as with Step Functions' RedriveExecution, but at a state of the
/// host's choice and with an input of its own.
struct Redrive {
  std::string state;
  Json input;
};
using Event = std::variant<Start, Proceed, Tick, Hurry, Redrive, TaskResult, TaskHeartbeat>;

struct Decision {
  std::vector<HistoryEvent> events;  ///< new lines of the history
  std::vector<TaskRequest> tasks;    ///< to be started once the decision is durable
  bool more = false;                 ///< send Proceed; at most one state is entered per call
  bool stale = false;                ///< the event changed nothing: nobody waits for that task, or at all
};

/// Begins an execution; the first advance() must be given Start.
Execution begin(std::string id, std::string name, std::string machine_name, Json input, base::Time now);

/// Moves `execution` by one event. Failures of the execution are outcomes in it, never exceptions.
Decision advance(const Machine& machine, Execution& execution, const Event& event, base::Time now,
                 std::uint64_t seed);

/// The earliest moment at which a Tick would change something.
std::optional<base::Time> next_due(const Execution& execution);

/// Tasks that have been requested and not answered: what a host must look after when it takes an execution
/// over.
std::vector<TaskRequest> open_tasks(const Machine& machine, const Execution& execution, std::uint64_t seed);

Json to_json(const Execution& execution);
Execution execution_from_json(const Json& json);

/// Step Functions' quota on the input or output of a state, in UTF-8 bytes.
inline constexpr std::size_t max_payload_bytes = 262'144;
/// Step Functions' quota on events in one execution; the execution fails there.
inline constexpr std::int64_t max_history_events = 25'000;

}  // namespace asl
