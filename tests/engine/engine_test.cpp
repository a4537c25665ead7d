#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>

#include "base/error.h"
#include "tests/temporary.h"

namespace engine {
namespace {

using base::Json;

constexpr const char* two_tasks = R"({"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [
  {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "a", "End": true}}},
  {"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "b", "End": true}}}], "End": true}}})";
constexpr const char* one_task =
    R"({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "a", "Retry": [{"ErrorEquals": ["Dbrefresh.Retryable"], "MaxAttempts": 2}], "Next": "W"},
  "W": {"Type": "Wait", "Seconds": 30, "End": true}}})";

class EngineTest : public testing::Test {
 protected:
  Json output() { return Json::parse(journal.find("run")->snapshot)["root"]["input"]; }
  std::string status() { return journal.find("run")->status; }

  tests::Temporary folder{true};
  store::Journal journal{folder.path() / "journal.db"};
  base::VirtualClock clock{*base::parse_iso_offset("2026-01-01T00:00:00Z")};
  Ownership ownership{folder.path() / "engines"};
  Observer observer;
};

TEST_F(EngineTest, RunsTasksOfParallelBranchesSideBySide) {
  base::SystemClock real;
  std::latch both(2);
  Engine engine(journal, real, ownership,
                [&](const Attempt& attempt) {
                  both.arrive_and_wait();  // each waits for the other: only side by side can they end
                  return Json(attempt.state);
                },
                observer, {.workers = 2});
  engine.start("run", "s", two_tasks, {});
  engine.run({});
  EXPECT_EQ(output(), Json({"A", "B"}));
}

TEST_F(EngineTest, RetriesRetryableErrorsAndJournalsEachAttempt) {
  int calls = 0;
  Engine engine(journal, clock, ownership,
                [&](const Attempt&) -> Json {
                  if (++calls < 3) {
                    base::Error error("Throttling", "rate exceeded");
                    error.retryable = true;
                    throw error;
                  }
                  return "done";
                },
                observer, {.workers = 0});
  engine.start("run", "s", one_task, {});
  engine.run({});
  EXPECT_EQ(status(), "SUCCEEDED");
  const auto attempts = journal.attempts("run");
  ASSERT_EQ(attempts.size(), 3U);
  EXPECT_EQ(attempts[0].outcome, "Dbrefresh.Retryable");
  EXPECT_EQ(attempts[2].outcome, "succeeded");
}

TEST_F(EngineTest, AnErrorBecomesTheCauseWithItsHint) {
  Engine engine(journal, clock, ownership,
                [](const Attempt&) -> Json { throw base::Error("Broken", "the thing is broken", "mend it"); },
                observer, {.workers = 0});
  engine.start("run", "s", one_task, {});
  engine.run({});
  EXPECT_EQ(journal.find("run")->error, "Broken");
  EXPECT_EQ(journal.find("run")->cause, "Broken: the thing is broken\nhint: mend it");
}

TEST_F(EngineTest, OneExecutionASubjectAndOneEngineAnExecution) {
  Engine engine(journal, clock, ownership, [](const Attempt&) { return Json(); }, observer, {.workers = 0});
  engine.start("run", "target", one_task, {});
  EXPECT_THROW(engine.start("other", "target", one_task, {}), base::Error);
  store::Journal second_journal(folder.path() / "journal.db");
  Ownership second(folder.path() / "engines");
  Engine rival(second_journal, clock, second, [](const Attempt&) { return Json(); }, observer,
               {.workers = 0});
  EXPECT_FALSE(rival.adopt("run"));
  engine.run({});
  EXPECT_FALSE(rival.adopt("run")) << "it has ended";
  EXPECT_THROW(rival.adopt("nothing"), base::Error);
  rival.start("other", "target", one_task, {});
}

TEST_F(EngineTest, AnInterruptedAttemptIsTakenUpAsMaybeHappened) {
  base::SystemClock real;
  std::stop_source stop;
  {
    Ownership first(folder.path() / "engines");
    Engine engine(journal, real, first,
                  [&](const Attempt& attempt) -> Json {
                    EXPECT_FALSE(attempt.maybe_happened);
                    stop.request_stop();
                    while (!attempt.stop.stop_requested()) std::this_thread::yield();
                    throw base::Error("Interrupted", "told to stop");
                  },
                  observer, {.workers = 1});
    engine.start("run", "s", one_task, {});
    engine.run(stop.get_token());
  }
  EXPECT_EQ(status(), "RUNNING");
  bool maybe = false;
  Engine engine(journal, clock, ownership,
                [&](const Attempt& attempt) {
                  maybe = attempt.maybe_happened;
                  return Json("done");
                },
                observer, {.workers = 0});
  ASSERT_TRUE(engine.adopt("run"));
  engine.run({});
  EXPECT_TRUE(maybe);
  EXPECT_EQ(status(), "SUCCEEDED");
  EXPECT_EQ(journal.attempts("run")[0].tries, 2);
}

TEST_F(EngineTest, TasksHearOfACancelRequest) {
  bool cancelled = false;
  Engine engine(journal, clock, ownership,
                [&](const Attempt& attempt) {
                  cancelled = attempt.cancel.stop_requested();
                  return Json();
                },
                observer, {.workers = 0});
  engine.start("run", "s", one_task, {});
  journal.request_cancel("run");
  engine.run({});
  EXPECT_TRUE(cancelled);
}

/// Asks to cancel a run from a connection of its own, as another process would, once `may` says so.
std::jthread cancel_when(const std::filesystem::path& path, std::function<bool(store::Journal&)> may) {
  return std::jthread([path, may = std::move(may)](const std::stop_token& stop) {
    store::Journal other(path);
    while (!stop.stop_requested() && !may(other)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    other.request_cancel("run");
  });
}

TEST_F(EngineTest, ACancelReachesATaskThatRuns) {
  base::SystemClock real;
  std::atomic<bool> runs = false;
  Engine engine(journal, real, ownership,
                [&](const Attempt& attempt) -> Json {
                  runs = true;
                  const auto limit = real.now() + std::chrono::seconds(60);
                  EXPECT_FALSE(attempt.clock.sleep_until(limit, attempt.cancel)) << "nobody told it";
                  EXPECT_FALSE(attempt.stop.stop_requested());
                  throw base::Error("Interrupted", "cut short");
                },
                observer, {.workers = 1});
  engine.start("run", "s", one_task, {});
  const auto canceller =
      cancel_when(folder.path() / "journal.db", [&](store::Journal&) { return runs.load(); });
  engine.run({});
  EXPECT_EQ(status(), "FAILED") << "nobody interrupted this process: the attempt has ended";
  EXPECT_EQ(journal.find("run")->error, "Cancelled");
}

TEST_F(EngineTest, ACancelEndsWaits) {
  base::SystemClock real;
  bool cancelled = false;
  Engine engine(journal, real, ownership,
                [&](const Attempt& attempt) {
                  cancelled = attempt.cancel.stop_requested();
                  return Json();
                },
                observer, {.workers = 1});
  engine.start("run", "s",
               R"({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "Next": "A"},
                 "A": {"Type": "Task", "Resource": "a", "End": true}}})",
               {});
  const auto canceller = cancel_when(
      folder.path() / "journal.db", [](store::Journal& other) { return other.find("run")->due.has_value(); });
  const auto begun = real.now();
  engine.run({});
  EXPECT_TRUE(cancelled);
  EXPECT_LT(real.now() - begun, std::chrono::seconds(50));
}

TEST_F(EngineTest, ACancelIsHeardInSimulatedTime) {
  Engine engine(
      journal, clock, ownership,
      [&](const Attempt& attempt) -> Json {
        EXPECT_FALSE(attempt.cancel.stop_requested());
        journal.request_cancel("run");
        EXPECT_FALSE(attempt.clock.sleep_until(clock.now() + std::chrono::hours(1), attempt.cancel));
        throw base::Error("Cancelled", "cut short");
      },
      observer, {.workers = 0});
  engine.start("run", "s", one_task, {});
  engine.run({});
  EXPECT_EQ(journal.find("run")->error, "Cancelled");
}

TEST_F(EngineTest, ManyWaitingExecutionsAreTakenUpAgain) {
  constexpr int count = 200;
  constexpr const char* waits =
      R"({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": true}}})";
  {
    Ownership first(folder.path() / "engines");
    base::SystemClock real;
    Engine engine(journal, real, first, {}, observer, {.workers = 0});
    for (int i = 0; i < count; ++i) engine.start("run" + std::to_string(i), "", waits, {});
    std::stop_source stop;
    std::jthread stopper([&] {
      store::Journal looking(folder.path() / "journal.db");
      auto budget = [&] {
        return std::ranges::count_if(looking.list(true), [](const auto& row) { return row.due.has_value(); });
      };
      while (budget() < count) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      stop.request_stop();
    });
    engine.run(stop.get_token());
  }
  Engine engine(journal, clock, ownership, {}, observer, {.workers = 0});
  for (const auto& row : journal.list(true)) EXPECT_TRUE(engine.adopt(row.id));
  EXPECT_EQ(engine.executions(), static_cast<std::size_t>(count));
  clock.sleep_until(base::SystemClock().now(), {});
  engine.run({});
  EXPECT_TRUE(journal.list(true).empty());
}

}  // namespace
}  // namespace engine
