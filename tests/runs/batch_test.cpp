#include "runs/batch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace runs {
namespace {

/// Refreshes that end when they are told to.
class Held {
 public:
  void make(std::size_t i) {
    std::unique_lock lock(mutex_);
    running_.push_back(i);
    order_.push_back(i);
    changed_.notify_all();
    changed_.wait(lock, [&] { return ended_.contains(i); });
    std::erase(running_, i);
    changed_.notify_all();
  }
  void end(std::size_t i) {
    const std::lock_guard lock(mutex_);
    ended_.insert(i);
    changed_.notify_all();
  }
  /// True once these run, and no others.
  bool runs(std::vector<std::size_t> wanted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      auto now = running_;
      std::ranges::sort(now);
      return now == wanted;
    });
  }
  std::vector<std::size_t> order() {
    const std::lock_guard lock(mutex_);
    return order_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> running_, order_;
  std::set<std::size_t> ended_;
};

TEST(Batch, KeepsToItsLimits) {
  Held held;
  std::jthread all([&] {
    make_all({"a", "a", "a", "b", "b"}, {.jobs = 3, .per_source = 2}, {},
             [&](std::size_t i) { held.make(i); });
  });
  EXPECT_TRUE(held.runs({0, 1, 3}));  // the third of "a" waits, and lets others by
  held.end(3);
  EXPECT_TRUE(held.runs({0, 1, 4}));
  held.end(0);
  EXPECT_TRUE(held.runs({1, 2, 4}));
  for (const std::size_t i : {1U, 2U, 4U}) held.end(i);
  all.join();
  EXPECT_EQ(held.order().size(), 5U);
}

TEST(Batch, BeginsNoMoreWhenItIsStopped) {
  Held held;
  std::stop_source stop;
  std::jthread all([&] {
    make_all({"a", "a", "a"}, {.jobs = 2, .per_source = 1}, stop.get_token(),
             [&](std::size_t i) { held.make(i); });
  });
  EXPECT_TRUE(held.runs({0}));
  stop.request_stop();
  held.end(0);
  all.join();
  EXPECT_EQ(held.order(), std::vector<std::size_t>{0});
}

}  // namespace
}  // namespace runs
