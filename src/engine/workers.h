// Threads that take jobs off one queue.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

namespace engine {

/// A pool: jobs are begun in the order in which they came. Thread-safe.
class Workers {
 public:
  using Job = std::function<void()>;  ///< must not throw

  explicit Workers(std::size_t threads);
  /// Waits for jobs that run and drops those that have not begun.
  ~Workers() = default;

  void add(Job job);
  bool empty() const { return threads_.empty(); }

 private:
  void work(const std::stop_token& stop);

  std::mutex mutex_;  ///< guards jobs_
  std::condition_variable_any ready_;
  std::queue<Job> jobs_;
  std::vector<std::jthread> threads_;  ///< last: they end before what they use
};

}  // namespace engine
