// Work that takes longer than whoever asked for it may wait: done in threads of ours, found again by its key.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "os/files.h"
#include "provider/provider.h"

namespace provider::local {

/// Two pools: copies never keep a stop or a deletion waiting. Thread-safe. The destructor stops what runs,
/// drops what waits, and returns when all have ended.
class Jobs {
 public:
  enum class Weight { light, heavy };
  /// May throw; its budget lasts as long as the job, and tells whoever waits.
  using Task = std::function<void(const Budget&)>;

  /// The clock must outlive it.
  explicit Jobs(base::Clock& clock, unsigned heavy_workers = 2, unsigned light_workers = 4);
  Jobs(const Jobs&) = delete;
  ~Jobs();

  /// Puts a job into its pool's queue; false if there is one with this key. `what` says what it is to bring
  /// about: its failure is not told to somebody who wants something else. `held` is held until it ends.
  bool begin(const std::string& key, const std::string& what, Weight weight, std::optional<os::FileLock> held,
             Task task);
  /// Waits until there is no job with this key, or the budget is over: then how far it is. Throws what the
  /// job threw, once; Interrupted when the budget is told to stop, which the job does not hear.
  std::optional<Pending> await(const std::string& key, const std::string& what, const Budget& budget);
  /// Is it waiting or running?
  bool has(const std::string& key);
  /// A job that waits goes at once; one that runs is told to stop, and awaited as above.
  std::optional<Pending> cancel(const std::string& key, const Budget& budget);

 private:
  struct Job {
    std::string what;
    Task task;
    std::optional<os::FileLock> held;
    std::stop_source stop;
    base::Time began{};
    base::Note note;
    bool running = false;
    std::exception_ptr failure;  ///< it has ended
  };
  struct Pool {
    std::deque<std::string> queue;
    std::vector<std::jthread> workers;
  };

  void work(Pool& pool, const std::stop_token& stop);
  void run(const std::string& key, Job& job);
  Pending pending(const Job& job);
  /// With the lock held: what await() answers, as long as there is such a job.
  bool is_over(const std::string& key);

  base::Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, std::unique_ptr<Job>> jobs_;
  Pool heavy_, light_;
};

/// Asks until it is done, for calls that a person waits for. Throws DeadlineExceeded when the budget is over.
template <class Ask>
auto finished(const Budget& budget, const Ask& ask) {
  using Answer = std::variant_alternative_t<0, decltype(ask())>;
  while (true) {
    auto work = ask();
    if (auto* done = std::get_if<Answer>(&work)) return std::move(*done);
    if (budget.clock.now() >= budget.until)
      throw base::Error("DeadlineExceeded", "not done in time: " + std::get<Pending>(work).note.what);
    if (!budget.clock.sleep_until(budget.clock.now() + std::chrono::milliseconds(20), budget.stop))
      throw base::Error("Interrupted", "stopped while it goes on: " + std::get<Pending>(work).note.what);
  }
}

}  // namespace provider::local
