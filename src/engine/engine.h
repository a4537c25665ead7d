// The engine: journal -> decide -> act. It drives executions of state machine documents durably: what was
// decided is committed before anything is done, and a process that dies anywhere is taken up where it was.
// It knows no refresh step, no AWS and no SQL.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <queue>
#include <set>
#include <string>
#include <thread>

#include "asl/interpreter.h"
#include "engine/ownership.h"
#include "engine/task.h"
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
};

struct Options {
  std::size_t workers = 4;  ///< threads for tasks; 0: tasks run on the thread that calls run(), one by one,
                            ///< and time is simulated: nobody else does anything while the clock sleeps
  std::uint64_t seed = 0;   ///< for jitter, UUIDs and ids of tasks
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
  /// subject runs. It makes no move before run().
  void start(const std::string& id, const std::string& subject, const std::string& definition,
             const base::Json& input);

  /// Takes an execution over from an engine that is gone. False if its owner lives, or if it has ended.
  bool adopt(const std::string& id);

  /// Works until all executions of this engine have ended or `stop` is asked for. Then running tasks are told
  /// to stop and awaited; their attempts stay open. Throws what the journal throws.
  void run(const std::stop_token& stop);

  std::size_t executions() const { return driven_.size(); }

 private:
  struct Work {
    std::string execution;
    asl::TaskRequest request;
    std::stop_token cancel;
    bool maybe_happened = false;
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
  };

  const asl::Machine& machine(const std::string& id);
  asl::Execution load(const std::string& id);
  void step(const std::string& id, const asl::Event& event);
  void schedule(const std::string& id, const asl::Execution& execution, bool more);
  void dispatch(const std::string& id, asl::TaskRequest request, bool maybe_happened);
  void look_for_cancels();
  Done perform(const Work& work);
  void work(const std::stop_token& stop);
  void take_results();
  void fire_timers();
  void wait(const std::stop_token& stop);
  void end(const std::string& id);

  store::Journal& journal_;
  base::Clock& clock_;
  Ownership& ownership_;
  Task task_;
  Observer& observer_;
  asl::Entropy entropy_;

  std::optional<asl::Execution> hot_;  ///< the execution moved last; the others are in the journal alone
  std::map<std::string, asl::Machine> parsed_;  ///< by machine id
  std::map<std::string, Driven> driven_;        ///< by execution
  base::Time next_look_{};                      ///< for requests to cancel
  std::queue<std::pair<std::string, asl::Event>> ready_;
  std::set<std::pair<base::Time, std::string>> timers_;
  std::map<std::string, base::Time> due_;  ///< the timer of an execution, to find it in timers_
  std::size_t in_flight_ = 0;

  std::mutex mutex_;  ///< guards the four below
  std::condition_variable_any work_ready_;
  std::queue<Work> work_;
  std::queue<Done> done_;
  std::stop_source wake_;
  std::stop_source interrupt_;  ///< tells running tasks that this process is to end
  std::vector<std::jthread> workers_;
};

}  // namespace engine
