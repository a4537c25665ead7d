// How many requests went out, for whoever asks what a piece of work has cost.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <thread>

namespace aws {

/// Counts for each thread by itself, so that what is done on one thread can be told from what others do
/// meanwhile: the difference of two readings. Thread-safe.
class Tally {
 public:
  /// The calling thread sends one.
  void add() {
    const std::lock_guard lock(mutex_);
    ++sent_[std::this_thread::get_id()];
  }
  /// What the calling thread has sent in all.
  std::int64_t of_this_thread() const {
    const std::lock_guard lock(mutex_);
    const auto found = sent_.find(std::this_thread::get_id());
    return found == sent_.end() ? 0 : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::thread::id, std::int64_t> sent_;
};

}  // namespace aws
