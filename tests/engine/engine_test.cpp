#include "engine/engine.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
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

TEST_F(EngineTest, OneThatHasFailedGoesOnWhereTheHostSays) {
  bool broken = true;
  const auto task = [&](const Attempt& attempt) {
    if (broken) throw base::Error("Broken", "the thing is broken");
    return Json{{"was given", attempt.input}};
  };
  Engine engine(journal, clock, ownership, task, observer, {.workers = 0});
  engine.start("run", "target", one_task, {});
  engine.run({});
  ASSERT_EQ(status(), "FAILED");
  broken = false;
  const auto again = [](const auto&) { return asl::Redrive{"A", "something else"}; };
  engine.start("other", "target", one_task, {});
  EXPECT_THROW(engine.redrive("run", again), base::Error) << "the other one has the subject";
  EXPECT_EQ(status(), "FAILED");
  engine.run({});
  EXPECT_FALSE(engine.redrive("other", again)) << "it has not failed";
  EXPECT_FALSE(engine.redrive("run", [](const auto&) { return std::nullopt; })) << "it is not to go on";
  EXPECT_TRUE(engine.redrive("run", again));
  engine.run({});
  EXPECT_EQ(status(), "SUCCEEDED");
  EXPECT_EQ(output(), Json({{"was given", "something else"}}));
  EXPECT_EQ(journal.find("run")->error, "");
  ASSERT_EQ(journal.attempts("run").size(), 2U);
  EXPECT_EQ(journal.attempts("run")[0].outcome, "Broken");
  const auto events = journal.events("run");
  EXPECT_EQ(std::ranges::count(events, "ExecutionRedriven", &store::EventRow::type), 1);
  EXPECT_EQ(std::ranges::count(events, "ExecutionFailed", &store::EventRow::type), 1);
}

TEST_F(EngineTest, AnInterruptedAttemptIsBegunAgain) {
  base::SystemClock real;
  std::stop_source stop;
  {
    Ownership first(folder.path() / "engines");
    Engine engine(journal, real, first,
                  [&](const Attempt& attempt) -> Json {
                    stop.request_stop();
                    while (!attempt.stop.stop_requested()) std::this_thread::yield();
                    throw base::Error("Interrupted", "told to stop");
                  },
                  observer, {.workers = 1});
    engine.start("run", "s", one_task, {});
    engine.run(stop.get_token());
  }
  EXPECT_EQ(status(), "RUNNING");
  Engine engine(journal, clock, ownership, [](const Attempt&) { return Json("done"); }, observer,
                {.workers = 0});
  ASSERT_TRUE(engine.adopt("run"));
  engine.run({});
  EXPECT_EQ(status(), "SUCCEEDED");
  EXPECT_EQ(journal.attempts("run")[0].tries, 2);
}

/// Each process counts by itself; the journal adds up.
TEST_F(EngineTest, AnAttemptIsChargedWithTheRequestsOfAllItsTries) {
  base::SystemClock real;
  std::stop_source stop;
  std::atomic<std::int64_t> sent = 100;
  {
    Ownership first(folder.path() / "engines");
    Engine engine(journal, real, first,
                  [&](const Attempt& attempt) -> Json {
                    sent += 3;
                    stop.request_stop();
                    while (!attempt.stop.stop_requested()) std::this_thread::yield();
                    throw base::Error("Interrupted", "told to stop");
                  },
                  observer, {.workers = 1, .requests = [&] { return sent.load(); }});
    engine.start("run", "s", one_task, {});
    engine.run(stop.get_token());
  }
  EXPECT_EQ(journal.attempts("run")[0].requests, 3);
  Engine engine(journal, clock, ownership,
                [&](const Attempt&) -> Json {
                  sent += 4;
                  throw base::Error("Broken", "the thing is broken");
                },
                observer, {.workers = 0, .requests = [&] { return sent.load(); }});
  ASSERT_TRUE(engine.adopt("run"));
  engine.run({});
  EXPECT_EQ(status(), "FAILED");
  ASSERT_EQ(journal.attempts("run").size(), 1U);
  EXPECT_EQ(journal.attempts("run")[0].requests, 7);
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

TEST_F(EngineTest, ALightTaskNeverWaitsForHeavyOnes) {
  base::SystemClock real;
  std::atomic<bool> light_done = false;
  std::string document =
      R"({"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [)";
  for (int i = 0; i < 8; ++i)
    document += fmt::format(
        R"({{"StartAt": "Heavy{0}", "States": {{"Heavy{0}": {{"Type": "Task", "Resource": "copy", "End": true}}}}}},)",
        i);
  document += R"({"StartAt": "L", "States": {"L": {"Type": "Task", "Resource": "look", "End": true}}}]}}})";
  std::atomic<int> heavy = 0, most_heavy = 0;
  Engine engine(journal, real, ownership,
                [&](const Attempt& attempt) -> Json {
                  if (attempt.state == "L") {
                    light_done = true;
                    return "light";
                  }
                  const int now = ++heavy;
                  for (int seen = most_heavy; now > seen && !most_heavy.compare_exchange_weak(seen, now);) {
                  }
                  // Each heavy one lasts until the light one is done: it would wait for ever behind them.
                  const auto limit = real.now() + std::chrono::seconds(60);
                  while (!light_done && real.now() < limit) std::this_thread::yield();
                  --heavy;
                  return light_done.load();
                },
                observer, {.workers = 1, .heavy_workers = 2, .is_heavy = [](const asl::TaskRequest& request) {
                             return request.resource == "copy";
                           }});
  engine.start("run", "s", document, {});
  engine.run({});
  EXPECT_EQ(output(), Json({true, true, true, true, true, true, true, true, "light"}));
  EXPECT_LE(most_heavy, 2);
}

TEST_F(EngineTest, TextThatIsNotUtf8FailsTheStateAndNothingElse) {
  const std::string latin1 =
      "Gr\xf6\xdf"
      "e";
  Engine engine(journal, clock, ownership,
                [&](const Attempt& attempt) -> Json {
                  if (attempt.execution == "error") throw base::Error("Bad\xff", latin1, latin1);
                  if (attempt.execution == "late") {
                    base::Error error("Bad", "x");
                    error.message = latin1;
                    throw error;
                  }
                  if (attempt.execution == "exception") throw std::runtime_error(latin1);
                  if (attempt.execution == "output") return {{latin1, latin1}};
                  return "innocent";
                },
                observer, {.workers = 0});
  for (const char* id : {"error", "late", "exception", "output", "run"}) engine.start(id, id, one_task, {});
  engine.run({});
  EXPECT_EQ(journal.find("error")->cause, "Bad�: Gr��e\nhint: Gr��e");
  EXPECT_EQ(journal.find("late")->cause, "Bad: Gr��e");
  EXPECT_EQ(journal.find("exception")->cause, "A: Gr��e");
  EXPECT_EQ(journal.find("output")->status, "SUCCEEDED");
  EXPECT_EQ(status(), "SUCCEEDED");
}

TEST_F(EngineTest, WhateverATaskThrowsIsItsFailure) {
  base::SystemClock real;
  Engine engine(journal, real, ownership, [](const Attempt&) -> Json { throw 42; }, observer, {.workers = 1});
  engine.start("run", "s", one_task, {});
  engine.run({});
  EXPECT_EQ(status(), "FAILED");
  EXPECT_EQ(journal.find("run")->error, "Dbrefresh.Internal");
}

TEST_F(EngineTest, AnExecutionThatCannotBeReadStopsAlone) {
  struct Hearing : Observer {
    std::vector<std::string> gone;
    void abandoned(const std::string& execution, const base::Error&) override { gone.push_back(execution); }
  } hearing;
  const auto damage = [&] {
    sqlite3* file = nullptr;
    sqlite3_open((folder.path() / "journal.db").c_str(), &file);
    sqlite3_exec(file, "UPDATE execution SET snapshot = '{' WHERE id = 'broken'", nullptr, nullptr, nullptr);
    sqlite3_close(file);
  };
  Engine engine(journal, clock, ownership,
                [&](const Attempt& attempt) {
                  if (attempt.execution == "run") damage();
                  return Json(attempt.execution);
                },
                hearing, {.workers = 0});
  engine.start("broken", "t", one_task, {});
  engine.start("run", "s", one_task, {});
  try {
    engine.run({});
    ADD_FAILURE() << "nobody was told";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code, "JournalDamaged");
    EXPECT_THAT(error.message, testing::HasSubstr("broken"));
  }
  EXPECT_EQ(status(), "SUCCEEDED");
  EXPECT_THAT(hearing.gone, testing::ElementsAre("broken"));
  EXPECT_EQ(journal.find("broken")->status, "RUNNING");
  EXPECT_THROW(engine.adopt("broken"), base::Error);
  EXPECT_EQ(journal.find("broken")->owner, "") << "whoever mends it can take it up";
}

TEST_F(EngineTest, AJournalThatCannotBeWrittenInterruptsAndFailsNothing) {
  int commits = 0;
  {
    Ownership first(folder.path() / "engines");
    Engine engine(journal, clock, first, [](const Attempt&) { return Json(); }, observer, {.workers = 0});
    engine.start("run", "s", one_task, {});
    journal.on_commit = [&] {
      if (++commits < 5) return;
      base::Error busy("StoreBusy", "database is locked");
      busy.retryable = true;
      throw busy;
    };
    try {
      engine.run({});
      ADD_FAILURE() << "it went on without a journal";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code, "StoreBusy");
    }
    journal.on_commit = {};
  }
  EXPECT_EQ(status(), "RUNNING");
  Engine engine(journal, clock, ownership, [](const Attempt&) { return Json(); }, observer, {.workers = 0});
  ASSERT_TRUE(engine.adopt("run"));
  engine.run({});
  EXPECT_EQ(status(), "SUCCEEDED");
}

/// Checks for ever, as for a database that never becomes available.
constexpr const char* checks_for_ever = R"({"StartAt": "Check", "States": {
  "Check": {"Type": "Task", "Resource": "check", "ResultPath": null, "Next": "Again",
            "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 5}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Undo"}]},
  "Again": {"Type": "Wait", "Seconds": 10, "Next": "Check"},
  "Undo": {"Type": "Task", "Resource": "undo", "ResultPath": null, "Next": "Tell"},
  "Tell": {"Type": "Task", "Resource": "tell", "ResultPath": null, "Next": "Failed"},
  "Failed": {"Type": "Fail", "ErrorPath": "$.failure.Error", "CausePath": "$.failure.Cause"}}})";

TEST_F(EngineTest, TooManyChecksFailTheStateWhileThereIsRoomToPutThingsBack) {
  std::vector<std::string> done;
  Engine engine(journal, clock, ownership,
                [&](const Attempt& attempt) {
                  if (attempt.state != "Check") done.push_back(attempt.state);
                  return Json();
                },
                observer, {.workers = 0, .max_events = 500});
  engine.start("run", "s", checks_for_ever, Json::object());
  engine.run({});
  EXPECT_EQ(status(), "FAILED");
  EXPECT_EQ(journal.find("run")->error, "Dbrefresh.TooManyChecks");
  EXPECT_THAT(done, testing::ElementsAre("Undo", "Tell"));
  EXPECT_LT(journal.events("run").size(), 530U);
}

TEST_F(EngineTest, TheHistoryHoldsWhatChangesAndNotTheWholeStateAgain) {
  Engine engine(journal, clock, ownership, [](const Attempt&) { return Json("done"); }, observer,
                {.workers = 0});
  const std::string ballast(10'000, 'x');
  std::string document = R"({"StartAt": "T0", "States": {)";
  for (int i = 0; i < 20; ++i)
    document += fmt::format(
        R"("T{0}": {{"Type": "Task", "Resource": "t", "ResultPath": "$.r{0}", "Next": "T{1}"}},)", i, i + 1);
  document += R"("T20": {"Type": "Succeed"}}})";
  engine.start("run", "s", document, {{"ballast", ballast}});
  engine.run({});
  std::size_t bytes = 0;
  for (const auto& each : journal.events("run")) bytes += each.details.size();
  EXPECT_LT(bytes, 3 * ballast.size()) << "the input, the output, and small things";
  const auto events = journal.events("run");
  const auto exit = std::ranges::find(events, "TaskStateExited", &store::EventRow::type);
  EXPECT_EQ(Json::parse(exit->details),
            Json::parse(R"({"changes": [{"op": "add", "path": "/r0", "value": "done"}]})"));
}

TEST_F(EngineTest, WhatMayHaveHappenedIsRetried) {
  int calls = 0;
  Engine engine(journal, clock, ownership,
                [&](const Attempt&) -> Json {
                  if (++calls > 1) return "found done";
                  base::Error error("SqlConnectionLost", "the answer got lost");
                  error.maybe_delivered = true;
                  throw error;
                },
                observer, {.workers = 0});
  engine.start("run", "s", one_task, {});
  engine.run({});
  EXPECT_EQ(status(), "SUCCEEDED");
  EXPECT_EQ(calls, 2);
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
