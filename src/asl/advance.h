// One call of advance(), in the parts of the interpreter: what a state sees (advance_data), the states
// (advance_states, advance_children), what becomes of errors (advance_errors), and the walk over the frames
// (interpreter.cpp).
#pragma once

#include <functional>

#include "asl/interpreter.h"

namespace asl {

/// The error that no Catch takes.
inline constexpr std::string_view runtime_error = "States.Runtime";

/// A task beyond Execution::event_limit.
inline constexpr std::string_view too_many_checks = "Dbrefresh.TooManyChecks";

std::chrono::microseconds to_duration(double seconds);

/// The machine and the execution it moves, and what it has decided so far. Both must outlive it.
class Advance {
 public:
  Advance(const Machine& machine, Execution& execution, base::Time now, std::uint64_t seed)
      : machine_(machine), execution_(execution), now_(now), entropy_{seed} {}

  Decision run(const Event& event);
  std::vector<TaskRequest> requests();

 private:
  using Time = base::Time;
  /// A frame, the machine it runs and the variables that it sees from outside.
  struct Here {
    const Machine& machine;
    Frame& frame;
    const std::string& path;
    const Json& outer;
    const State& state() const { return machine.state(frame.state); }
    const Json& definition() const { return state().definition; }
  };

  // ---- history

  /// Adds a line to the history; its number.
  std::int64_t log(std::string type, const std::string& state, Json details = nullptr);

  // ---- what expressions see

  Json context(const Here& here) const;
  static int retry_count(const Frame& frame);
  std::string token(const Here& here) const;

  static Json visible(const Json& outer, const Json& own);

  /// Values as this state sees them. Holds what the Scope refers to.
  struct View {
    Json context, variables;
    Scope of(const Json& input) const { return {input, context, variables}; }
  };
  View view(const Here& here) const;

  // ---- input and output processing (specification, "Input and Output Processing")

  Json path_or_empty(const Here& here, const View& view, const char* field, const Json& input);
  Json effective_input(const Here& here, const View& view, const char* parameters);
  static Json place_result(const Json& definition, const Json& raw_input, Json result);
  void assign(const Here& here, const Json& definition, const Json& input, const View& view);
  void check_size(const Here& here, const Json& output) const;

  // ---- transitions

  void enter(const Here& here);
  void leave(const Here& here, Json output, const std::string& next);

  /// The rest of a state that has its result: ResultSelector is done, ResultPath and OutputPath are not.
  void finish(const Here& here, Json result);

  // ---- the states

  void execute(const Here& here);
  void pass(const Here& here);

  /// States that have no result of their own: InputPath, then OutputPath.
  void through(const Here& here, const std::string& next);
  void choose(const Here& here);
  void fail_state(const Here& here);
  void wait(const Here& here);
  Time wait_until(const Json& definition, const Scope& scope) const;
  static Time parse_timestamp(const char* field, const std::string& path, const Json& value);
  void check_limit() const;
  void extend_limit();
  void task(const Here& here);

  /// Adds the task request of a frame to the decision; returns its input.
  Json request(const Here& here);
  double limit_seconds(const Here& here, const char* field);
  void parallel(const Here& here);
  void map(const Here& here);
  std::size_t max_concurrency(const Here& here, const View& seen, const Json& input);
  void start_iterations(const Here& here);

  // ---- errors

  std::string located(const Here& here, const std::string& message) const;

  /// Retries, catches, or fails the frame. `error` may be absent: a Fail state need not name one.
  void handle(const Here& here, const std::optional<std::string>& error,
              const std::optional<std::string>& cause);
  void log_state_failed(const Here& here, const std::optional<std::string>& error,
                        const std::optional<std::string>& cause);
  bool retry(const Here& here, const std::string& error);
  bool catch_error(const Here& here, const std::string& error, const std::string& cause);

  /// Runs `body`; what it throws becomes the state's failure.
  void attempt(const Here& here, const std::function<void()>& body);

  // ---- walking the frames

  using Visit = std::function<bool(const Here&)>;
  /// Calls `visit(here)` on the frames of the tree, children first; stops where it returns true.
  bool walk(const Machine& machine, Frame& frame, const std::string& path, const Json& outer,
            const Visit& visit);
  bool walk(const Visit& visit);
  static bool find_ready(const Frame& frame);
  void apply(const Event& event);
  void start_limit();
  bool redrive(const Redrive& event);

  /// Enters the frame's state if it is ready to.
  bool step(const Here& here);
  bool take_result(const Here& here, const TaskResult& result);
  bool take_heartbeat(const Here& here, const std::string& wanted);
  void tick(const Here& here);
  bool hurry(const Here& here);

  /// Carries finished children up to their parents, and the root's end to the execution.
  void settle();

  /// Looks at the children of a Parallel or Map; true if anything changed.
  bool gather(const Here& here);
  void log_end_of_iterations(const Frame& frame);
  void collect(const Machine& machine, Frame& frame, const std::string& path, const Json& outer);

  const Machine& machine_;
  Execution& execution_;
  Time now_;
  Entropy entropy_;
  Decision decision_;
};

}  // namespace asl
