#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/simulation/world.h"

namespace tests {
namespace {

using provider::simulated::Faults;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string file_of(bool cluster) {
  return cluster ? cluster_file() : instance_file();
}

class Refresh : public testing::TestWithParam<std::tuple<bool, bool>> {
 protected:
  bool cluster() const { return std::get<0>(GetParam()); }
  bool with_old() const { return std::get<1>(GetParam()); }
  SimulatedWorld world(Faults faults = {}) const {
    return {file_of(cluster()), with_old(), std::move(faults)};
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, Refresh, testing::Combine(testing::Bool(), testing::Bool()),
                         [](const auto& kind) {
                           return std::string(std::get<0>(kind.param) ? "Cluster" : "Instance") +
                                  (std::get<1>(kind.param) ? "Replaced" : "New");
                         });

TEST_P(Refresh, Completes) {
  auto w = world();
  w.run();
  EXPECT_TRUE(w.completed()) << w.cause();
  EXPECT_THAT(w.faults_at_end(), IsEmpty());
}

TEST_P(Refresh, SurvivesACrashAtEveryWrite) {
  const int points = world().run();
  ASSERT_GT(points, 100);
  for (int at = 0; at < points; ++at) {
    auto w = world({.slowest_seconds = 3});
    w.run(at);
    EXPECT_TRUE(w.completed()) << "crash at " << at << ": " << w.cause();
    EXPECT_THAT(w.faults_at_end(), IsEmpty()) << "crash at " << at;
  }
}

TEST_P(Refresh, IsRolledBackWhenCancelledAnywhere) {
  const int points = world().run();
  int cancelled = 0;
  for (int at = 0; at < points; ++at) {
    auto w = world({.slowest_seconds = 3});
    w.run(at, true);
    EXPECT_THAT(w.faults_at_end(), IsEmpty()) << "cancelled at " << at << ": " << w.cause();
    cancelled += w.completed() ? 0 : 1;
  }
  EXPECT_GT(cancelled, points / 4);  // the rest was too late: the old one was going, or all was done
}

TEST_P(Refresh, EndsWellUnderFaultsFromASeed) {
  int completed = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    auto w = world({.seed = seed, .throttled = 0.1, .lost_answer = 0.1});
    w.run(static_cast<int>(seed * 7 % 300));
    EXPECT_THAT(w.faults_at_end(), IsEmpty()) << "seed " << seed << ": " << w.cause();
    completed += w.completed() ? 1 : 0;
  }
  EXPECT_GT(completed, 100);
}

TEST_P(Refresh, PutsEverythingBackWhateverVerbBreaks) {
  for (const std::string verb : {"restore", "create_member", "set_master_password", "rename", "set_open",
                                 "add_tags", "create_replica"}) {
    for (int after = 0; after < 5; ++after) {
      auto w = world({.broken_verb = verb, .broken_after = after});
      w.run();
      if (w.completed()) break;
      if (verb == "rename" || verb == "set_open")
        continue;  // then not even rolling back can work: see the next test
      EXPECT_THAT(w.faults_at_end(), IsEmpty()) << verb << " from call " << after << ": " << w.cause();
    }
  }
}

TEST_P(Refresh, SaysSoWhenRollingBackFailsToo) {
  auto w = world({.broken_verb = "rename", .broken_after = with_old() ? 1 : 0});
  w.run();
  ASSERT_FALSE(w.completed());
  EXPECT_THAT(w.databases.broken_rules(), IsEmpty());
  ASSERT_EQ(w.notifier.messages.size(), 1U);
  EXPECT_THAT(w.notifier.messages[0].subject, HasSubstr("[FAILED]"));
  if (with_old()) {
    EXPECT_THAT(w.notifier.messages[0].body,
                HasSubstr("rolling back failed too: InternalFailure: rename is broken"));
  }
}

TEST_P(Refresh, ARestoreThatFailsIsATerminalStatusAndNoLoop) {
  auto w = world({.restore_fails = true});
  w.run();
  EXPECT_FALSE(w.completed());
  EXPECT_THAT(w.cause(), HasSubstr("incompatible-restore"));
  EXPECT_THAT(w.faults_at_end(), IsEmpty());
}

/// A process that dies while it makes a replica leaves one that will never be whole.
TEST_P(Refresh, AHalfMadeReplicaIsMadeAgain) {
  auto w = world({.half_a_replica = true});
  w.run();
  EXPECT_TRUE(w.completed()) << w.cause();
  EXPECT_THAT(w.faults_at_end(), IsEmpty());
}

TEST_P(Refresh, AScriptThatFailsFailsTheRun) {
  auto w = world({.broken_statement = "customers"});
  w.run();
  EXPECT_FALSE(w.completed());
  EXPECT_THAT(w.cause(), HasSubstr("2.sql:1: statement 1 of 1 failed: the statement was refused"));
  EXPECT_THAT(w.faults_at_end(), IsEmpty());
}

TEST_P(Refresh, ALedgerOrMailThatBreaksDoesNotChangeTheOutcome) {
  auto w = world();
  w.ledger.broken = true;
  w.notifier.broken = true;
  w.run();
  EXPECT_TRUE(w.completed()) << w.cause();
}

/// What has lost a part does not come back: the new one, which is whole, stays.
TEST(RefreshDeletion, AnOldDatabaseThatIsHalfDeletedDoesNotComeBack) {
  for (const bool cluster : {false, true}) {
    int seen = 0;
    for (int after = 1;; ++after) {
      SimulatedWorld w(file_of(cluster), true, {.broken_verb = "remove", .broken_after = after});
      w.run();
      if (w.completed()) break;
      ++seen;
      const auto named = w.databases.find(w.file.names.kind, w.file.names.target);
      ASSERT_TRUE(named) << after;
      EXPECT_NE(named->id, "id-old") << after;
      EXPECT_TRUE(named->open) << after;
      EXPECT_THAT(w.databases.broken_rules(), IsEmpty()) << after;
      ASSERT_EQ(w.notifier.messages.size(), 1U);
      EXPECT_THAT(w.notifier.messages[0].body, HasSubstr("keeps the name")) << after;
    }
    EXPECT_GT(seen, 0);
  }
}

TEST(RefreshPlan, RefusesReplicasWhoseNamesAreTaken) {
  SimulatedWorld w(instance_file(), false, {});
  w.databases.add({.name = "dev-r", .id = "id-other", .engine = "mysql", .status = "available"});
  w.run();
  EXPECT_FALSE(w.completed());
  EXPECT_THAT(w.cause(), HasSubstr("$.createreplicas.replicas: 'dev-r' exists, and is no replica of what"));
}

TEST(RefreshPlan, RefusesWhatIsNotOursToReplace) {
  SimulatedWorld w(instance_file(), false, {});
  w.databases.add({.name = "dev", .id = "id-foreign", .engine = "mysql", .status = "available"});
  w.run();
  EXPECT_FALSE(w.completed());
  EXPECT_THAT(w.cause(), HasSubstr("$.restore.target: 'dev' exists and does not carry the tag refresh=true"));
  EXPECT_EQ(w.databases.get("id-foreign")->name, "dev");
}

TEST(RefreshGuard, RefusesEveryVerbOnTheSourceAndOnStrangers) {
  SimulatedWorld w(instance_file(), true, {});
  w.databases.add({.name = "stranger",
                   .id = "id-stranger",
                   .engine = "mysql",
                   .status = "available",
                   .tags = {{"refresh", "true"}}});
  w.databases.add_tags("id-prod", {{"refresh", "true"}});
  const base::Json pins = {{"source", "id-prod"}, {"old", "id-old"}};
  refresh::Guard guard(w.databases, "run", pins);
  const provider::Budget budget{w.clock, w.clock.now(), {}, {}};
  for (const char* id : {"id-prod", "id-stranger"}) {
    const std::function<void()> verbs[] = {[&] { guard.remove(id, budget); },
                                           [&] { guard.rename(id, "x"); },
                                           [&] { guard.stop(id, budget); },
                                           [&] { guard.start(id, budget); },
                                           [&] { guard.set_open(id, false, budget); },
                                           [&] { guard.add_tags(id, {}); },
                                           [&] { guard.set_master_password(id, base::Secret("x")); },
                                           [&] { guard.login(id, base::Secret("x")); }};
    for (const auto& verb : verbs) {
      try {
        verb();
        ADD_FAILURE() << "a verb was allowed on " << id;
      } catch (const base::Error& error) {
        EXPECT_EQ(error.code, "GuardRefused");
      }
    }
  }
  guard.stop("id-old", budget);
  EXPECT_EQ(w.databases.get("id-old")->status, "stopping");
}

}  // namespace
}  // namespace tests
