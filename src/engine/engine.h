// The engine: journal -> decide -> act. It drives executions of state machine documents durably: what was
// decided is committed before anything is done, and a process that dies anywhere is taken up where it was.
// It knows no refresh step, no AWS and no SQL.
#pragma once

#include <map>
#include <mutex>
#include <queue>
#include <set>
#include <string>

#include "asl/interpreter.h"
#include "base/error.h"
#include "engine/ownership.h"
#include "engine/task.h"
#include "engine/workers.h"
#include "store/journal.h"

namespace engine {

/// Hears what happens; called on the thread that runs the engine, progress() on worker threads.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void history(const std::string& /*execution*/, const asl::HistoryEvent& /*event*/,
                       base::Time /*at*/) {}
  virtual void progress(const std::string& /*execution*/, const std::string& /*state*/,
                        const base::Note& /*note*/) {}
  /// The engine drives this execution no further, because its journal cannot be read or its document is no
  /// longer valid. It is still RUNNING; nobody owns it.
  virtual void abandoned(const std::string& /*execution*/, const base::Error& /*why*/) {}
};

struct Options {
  std::size_t workers = 4;  ///< threads for tasks; 0: tasks run on the thread that calls run(), one by one,
                            ///< and time is simulated: nobody else does anything while the clock sleeps
  std::size_t heavy_workers = 2;  ///< threads for heavy tasks, if there are workers and anything is heavy
  /// Heavy tasks (a copy of a database) queue for threads of their own: no light one ever waits for them.
  /// Nothing: no task is heavy.
  std::function<bool(const asl::TaskRequest&)> is_heavy;
  /// An execution that has so many events fails at its next task with Dbrefresh.TooManyChecks: what catches
  /// that still has a way out below the limit of state machines (asl::max_history_events).
  std::int64_t max_events = 20'000;
  std::uint64_t seed = 0;  ///< for jitter, UUIDs and ids of tasks
  /// How many requests of the outside the calling thread has made in all: the journal charges each attempt
  /// with its own. Nothing: nobody counts.
  std::function<std::int64_t()> requests;
};

/// Somebody who asks to cancel an execution is heard by its running tasks within half a second
/// (Attempt::cancel), and what it waits for ends at once: its Wait states and delays of retries. What a
/// cancel means is the document's and the tasks' to know.
///
/// One engine; the journal, clock, ownership and observer must outlive it. All calls from one thread. Any
/// number of engines in any number of processes may share a journal's file; each execution is driven by one
/// at a time.
class Engine {
 public:
  Engine(store::Journal& journal, base::Clock& clock, Ownership& ownership, Task task, Observer& observer,
         Options options);
  ~Engine();  ///< waits for running tasks; ask their stop first by stopping run()

  /// Records a new execution of `definition`. Throws `AlreadyRunning` that names the run if one of the same
  /// subject runs. It makes no move before run(). `remark` is for lists.
  void start(const std::string& id, const std::string& subject, const std::string& definition,
             const base::Json& input, const std::string& remark = "");

  /// Takes an execution over from an engine that is gone. False if its owner lives, or if it has ended.
  bool adopt(const std::string& id);

  /// Of an execution that nobody else drives: how it is to go on; nothing if it is not to.
  using HowToGoOn = std::function<std::optional<asl::Redrive>(const store::ExecutionRow&)>;
  /// Takes up an execution that has FAILED, as `how` says. False if another engine is about it, if it has not
  /// failed, or if `how` says nothing. Throws `AlreadyRunning` as start() does.
  bool redrive(const std::string& id, const HowToGoOn& how);

  /// Works until all executions of this engine have ended or `stop` is asked for. Then running tasks are told
  /// to stop and awaited; their attempts stay open. Throws what the journal throws, and then all executions
  /// are as the journal has them: none has failed, another engine takes them up. Throws why an execution was
  /// abandoned, after all others have ended.
  void run(const std::stop_token& stop);

  std::size_t executions() const { return driven_.size(); }

 private:
  struct Work {
    std::string execution;
    asl::TaskRequest request;
    std::stop_token cancel;
  };
  struct Driven {
    std::string machine;  ///< id of its document
    std::stop_source cancel;
  };
  class WatchedClock;
  struct Done {
    std::string execution;
    asl::TaskResult result;
    bool interrupted = false;
    std::optional<std::int64_t> requests;  ///< that it made
  };

  const asl::Machine& machine(const std::string& id);
  struct Move {
    asl::Execution execution;
    asl::Decision decision;
  };
  asl::Execution load(const std::string& id);
  bool claim(const std::string& id);
  void take_up(const store::ExecutionRow& row);
  bool begin_again(const std::string& id, const HowToGoOn& how);
  Move move(const std::string& id, const asl::Event& event, base::Time now);
  std::optional<Move> decide(const std::string& id, const asl::Event& event, base::Time now);
  /// The id of another execution that is in the way, which only a Redrive may find.
  std::optional<std::string> record(const Move& move, const asl::Event& event, base::Time now);
  void go_on(Move moved, base::Time now);
  void abandon(const std::string& id, const base::Error& why);
  void drive(const std::stop_token& stop);
  void step(const std::string& id, const asl::Event& event);
  void schedule(const std::string& id, const asl::Execution& execution, bool more);
  void dispatch(const std::string& id, asl::TaskRequest request);
  void look_for_cancels();
  Done perform(const Work& work);
  Done perform_whatever_flies(const Work& work);
  Done perform_counted(const Work& work);
  void report(Done done);
  void take_results();
  void fire_timers();
  void wait(const std::stop_token& stop);
  void end(const std::string& id);

  store::Journal& journal_;
  base::Clock& clock_;
  Ownership& ownership_;
  Task task_;
  Observer& observer_;
  Options options_;
  asl::Entropy entropy_;

  std::optional<asl::Execution> hot_;  ///< the execution moved last; the others are in the journal alone
  std::map<std::string, asl::Machine> parsed_;  ///< by machine id
  std::map<std::string, Driven> driven_;        ///< by execution
  static constexpr auto cancel_poll = std::chrono::milliseconds(500);
  base::Time next_look_{};  ///< for requests to cancel
  std::queue<std::pair<std::string, asl::Event>> ready_;
  std::set<std::pair<base::Time, std::string>> timers_;
  std::map<std::string, base::Time> due_;  ///< the timer of an execution, to find it in timers_
  std::size_t in_flight_ = 0;
  std::optional<base::Error> abandoned_;  ///< why the first one was

  std::mutex mutex_;  ///< guards the two below
  std::queue<Done> done_;
  std::stop_source wake_;
  std::stop_source interrupt_;  ///< tells running tasks that this process is to end
  Workers light_, heavy_;       ///< last: they end before what they use
};

}  // namespace engine
