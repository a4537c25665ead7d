// Work in threads of ours: who waits for what, and what ends with what.
#include <gtest/gtest.h>

#include <atomic>

#include "base/error.h"
#include "provider/local/jobs.h"
#include "tests/temporary.h"

namespace tests {
namespace {

using namespace std::chrono_literals;
using provider::local::Jobs;
using Weight = Jobs::Weight;

class JobsOf : public testing::Test {
 protected:
  provider::Budget budget(std::chrono::milliseconds time, std::stop_token stop = {}) {
    return {clock_, clock_.now() + time, std::move(stop), [this](const base::Note& note) { heard_ = note; }};
  }
  /// Goes on until it is let go, or told to stop.
  void begin_slow(const std::string& key) {
    jobs_->begin(key, key, Weight::heavy, std::nullopt, [this](const provider::Budget& job) {
      ++begun_;
      job.tell({"copying", 3, 10});
      while (!let_go_)
        if (!job.clock.sleep_until(job.clock.now() + 5ms, job.stop)) {
          ++stopped_;
          throw base::Error("Interrupted", "stopped");
        }
      ++done_;
    });
  }
  bool eventually(const std::function<bool()>& what) {
    const auto deadline = clock_.now() + 60s;
    while (!what() && clock_.now() < deadline) clock_.sleep_until(clock_.now() + 2ms, {});
    return what();
  }

  base::SystemClock clock_;
  base::Note heard_;
  std::atomic<bool> let_go_ = false;
  std::atomic<int> begun_ = 0, done_ = 0, stopped_ = 0;
  std::unique_ptr<Jobs> jobs_ = std::make_unique<Jobs>(clock_);
};

TEST_F(JobsOf, AShortOneIsDoneInTheFirstCall) {
  jobs_->begin("a", "a", Weight::heavy, std::nullopt, [](const provider::Budget&) {});
  EXPECT_FALSE(jobs_->await("a", "a", budget(60s)));
  EXPECT_FALSE(jobs_->has("a"));
}

TEST_F(JobsOf, ALongOneSaysHowFarItIs) {
  begin_slow("a");
  ASSERT_TRUE(eventually([&] {
    const auto now = jobs_->await("a", "a", budget(0s));
    return now && now->note.what == "copying" && now->note.done == 3 && now->note.total == 10;
  }));
  EXPECT_GE(jobs_->await("a", "a", budget(0s))->look_again, 1s);
  let_go_ = true;
  EXPECT_FALSE(jobs_->await("a", "a", budget(60s)));
}

TEST_F(JobsOf, OneOfAKeyAtATime) {
  begin_slow("a");
  EXPECT_FALSE(jobs_->begin("a", "a", Weight::heavy, std::nullopt, [](const provider::Budget&) {}));
}

TEST_F(JobsOf, ItsErrorIsToldOnceAndToWhoWantsTheSame) {
  auto fail = [&](const std::string& key) {
    jobs_->begin(key, "this", Weight::light, std::nullopt,
                 [](const provider::Budget&) { throw base::Error("Broken", "it broke"); });
  };
  fail("a");
  EXPECT_THROW(jobs_->await("a", "this", budget(60s)), base::Error);
  EXPECT_FALSE(jobs_->await("a", "this", budget(60s)));
  fail("b");
  EXPECT_FALSE(jobs_->await("b", "that", budget(60s)));
}

TEST_F(JobsOf, LightWorkDoesNotQueueBehindHeavyWork) {
  for (int i = 0; i < 8; ++i) begin_slow("copy " + std::to_string(i));
  jobs_->begin("stop", "stop", Weight::light, std::nullopt, [](const provider::Budget&) {});
  EXPECT_FALSE(jobs_->await("stop", "stop", budget(60s)));
  EXPECT_EQ(done_, 0);
  let_go_ = true;
  for (int i = 0; i < 8; ++i) {
    const std::string key = "copy " + std::to_string(i);
    EXPECT_FALSE(jobs_->await(key, key, budget(60s)));
  }
  EXPECT_EQ(done_, 8);
}

TEST_F(JobsOf, WhoeverWaitsCanBeToldToStopAndTheJobGoesOn) {
  begin_slow("a");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(jobs_->await("a", "a", budget(60s, stop.get_token())), base::Error);
  EXPECT_TRUE(jobs_->has("a"));
}

TEST_F(JobsOf, ACancelledOneEndsWhetherItRunsOrWaits) {
  for (const char* each : {"a", "b", "waits"}) begin_slow(each);
  ASSERT_TRUE(eventually([&] { return begun_ == 2; }));
  EXPECT_FALSE(jobs_->cancel("waits", budget(60s)));
  EXPECT_FALSE(jobs_->cancel("a", budget(60s)));
  EXPECT_FALSE(jobs_->has("a"));
  EXPECT_FALSE(jobs_->has("waits"));
  EXPECT_TRUE(jobs_->has("b"));
  EXPECT_EQ(stopped_, 1) << "the one that waited had not begun";
}

TEST_F(JobsOf, WhatItHoldsIsHeldUntilItEnds) {
  const Temporary folder;
  const auto path = folder.path() / "lock";
  jobs_->begin("a", "a", Weight::heavy, os::FileLock::try_lock(path), [this](const provider::Budget& job) {
    while (!let_go_) job.clock.sleep_until(job.clock.now() + 5ms, job.stop);
  });
  EXPECT_FALSE(os::FileLock::try_lock(path));
  let_go_ = true;
  EXPECT_FALSE(jobs_->await("a", "a", budget(60s)));
  EXPECT_TRUE(os::FileLock::try_lock(path));
}

TEST_F(JobsOf, TheEndStopsWhatRunsAndDropsWhatWaits) {
  for (const char* each : {"a", "b", "c"}) begin_slow(each);
  jobs_.reset();
  EXPECT_EQ(done_, 0);
  EXPECT_LE(stopped_, 2);
}

}  // namespace
}  // namespace tests
