#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "refresh/plan.h"
#include "tests/simulation/world.h"

namespace tests {
namespace {

using provider::simulated::Faults;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string file_of(bool cluster) {
  return cluster ? cluster_file() : instance_file();
}

/// How many calls a run's scripts took.
int slices(SimulatedWorld& w) {
  const auto snapshot = base::Json::parse(w.journal.find(w.run_id)->snapshot);
  return snapshot.at("root").at("input").at("results").at("runscripts").at("slices");
}

/// A run whose process died there is taken up, and its target refreshed.
void ends_well(SimulatedWorld& w, int died_at) {
  w.take_up();
  EXPECT_TRUE(w.completed()) << "died at " << died_at << ": " << w.cause();
  EXPECT_THAT(w.faults_at_end(), IsEmpty()) << "died at " << died_at;
}

/// Is there a copy of this run that its users cannot reach yet?
bool has_closed_copy(SimulatedWorld& w) {
  const auto ours = w.databases.find(provider::Selector{.tags = {{"refresh-run", w.run_id}}});
  return std::ranges::any_of(ours, [](const auto& each) { return !each.open; });
}

class Refresh : public testing::TestWithParam<std::tuple<bool, bool>> {
 protected:
  bool cluster() const { return std::get<0>(GetParam()); }
  bool with_old() const { return std::get<1>(GetParam()); }
  SimulatedWorld world(Faults faults = {}, Calls calls = {}) const {
    return {file_of(cluster()), with_old(), std::move(faults), calls};
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
  EXPECT_GT(world({.slowest_seconds = 3}).run_and_die_everywhere(ends_well), 100);
}

/// Whoever dies while it restarts a copy to let users in may leave no server.
TEST_P(Refresh, ACopyWhoseServerDiedAsItWasOpenedIsStartedAgain) {
  int died = 0;
  world({.slowest_seconds = 3}).run_and_die_everywhere([&](SimulatedWorld& w, int at) {
    const auto copy = w.databases.find(w.file.names.kind, w.file.names.target);
    if (!copy || copy->open || provider::tag_of(*copy, "refresh-run") != w.run_id) return;
    if (copy->status != "available") return;
    w.databases.make_so(copy->id, {.running = false}, {w.clock, w.clock.now(), {}, [](const base::Note&) {}});
    w.clock.sleep_until(w.clock.now() + std::chrono::minutes(1), {});
    ends_well(w, at);
    ++died;
  });
  EXPECT_GT(died, 2);
}

/// Nobody remembers anything: each call gets nothing but its input; in the second half also twice, and the
/// first one's answer is lost.
TEST_P(Refresh, EndsAlikeWithoutAnyMemory) {
  auto usual = world();
  usual.run();
  for (const bool twice : {false, true}) {
    auto w = world({}, {.stateless = true, .twice = twice});
    w.run();
    EXPECT_EQ(w.end_state(), usual.end_state());
    EXPECT_THAT(w.faults_at_end(), IsEmpty()) << w.cause();
  }
}

TEST_P(Refresh, EndsAlikeWithAMinuteForEachCall) {
  using std::chrono::seconds;
  auto usual = world({.statement_takes = seconds(40)});
  usual.run();
  auto w = world({.statement_takes = seconds(40)},
                 {.times = {.light = seconds(60), .heavy = seconds(60)}, .stateless = true});
  w.run();
  EXPECT_EQ(w.end_state(), usual.end_state());
  EXPECT_THAT(w.faults_at_end(), IsEmpty()) << w.cause();
  EXPECT_EQ(slices(w), 2)
      << "the first script takes longer than a minute, the second one has a call of its own";
}

/// After a crash among the scripts their copy is removed; that removing fails once must not let them run
/// again on what they have half masked. The simulation counts statements.
TEST_P(Refresh, RunsNoStatementTwiceThoughRemovingFails) {
  int removed = 0;
  world({.throttled_once = "remove", .slowest_seconds = 3})
      .run_and_die_everywhere([&](SimulatedWorld& w, int at) {
        if (!has_closed_copy(w)) return;
        ends_well(w, at);
        ++removed;
      });
  EXPECT_GT(removed, 20);
}

/// The mark alone would let both pass who read it at the same moment.
TEST_P(Refresh, RunsNoStatementTwiceThoughACallIsMadeOnceMoreMeanwhile) {
  auto usual = world();
  usual.run();
  for (const int heavy_seconds : {0, 3600}) {
    auto w = world({.statement_takes = std::chrono::seconds(40)},
                   {.times = {.heavy = std::chrono::seconds(heavy_seconds)}, .at_once = true});
    w.run();
    EXPECT_TRUE(w.completed()) << w.cause();
    EXPECT_THAT(w.faults_at_end(), IsEmpty());
    EXPECT_EQ(w.end_state(), usual.end_state());
  }
}

TEST_P(Refresh, ACrashBetweenSlicesOrInOneMakesACopyAfresh) {
  const Calls calls{.times = {.heavy = std::chrono::seconds(1)}, .stateless = true};
  const Faults slow{.slowest_seconds = 3, .statement_takes = std::chrono::seconds(40)};
  int sliced = 0;
  world(slow, calls).run_and_die_everywhere([&](SimulatedWorld& w, int at) {
    if (!has_closed_copy(w)) return;
    ends_well(w, at);
    ++sliced;
  });
  EXPECT_GT(sliced, 20);
}

/// As often as it is looked at, the quota of events of a state machine (25,000) is never near.
TEST_P(Refresh, ARestoreOfADayAndAHalfEnds) {
  auto text = file_of(cluster());
  const std::string five = "\"wait_time\": 5,";
  for (auto at = text.find(five); at != std::string::npos; at = text.find(five, at + 1))
    text.replace(at, five.size(), "\"wait_time\": 0,");
  SimulatedWorld w(text, with_old(), {.restore_takes = std::chrono::hours(35)});
  w.run();
  EXPECT_TRUE(w.completed()) << w.cause();
  EXPECT_LT(w.journal.events(w.run_id).size(), 12'000U);
  EXPECT_THAT(w.faults_at_end(), IsEmpty());
}

TEST_P(Refresh, ARestoreThatNeverEndsIsGivenUpAndPutBack) {
  auto w = world({.restore_takes = std::chrono::hours(40)});
  w.run();
  EXPECT_FALSE(w.completed());
  EXPECT_THAT(w.cause(), HasSubstr("perform-restore is not done after 2160 minutes: it waits for "));
  EXPECT_THAT(w.faults_at_end(), IsEmpty());
}

TEST_P(Refresh, LooksSeldom) {
  auto w = world({.slowest_seconds = 0});
  w.run();
  EXPECT_LT(w.databases.lookups, 120);
}

TEST_P(Refresh, IsRolledBackWhenCancelledAnywhere) {
  int cancelled = 0;
  const int points = world({.slowest_seconds = 3}).run_and_die_everywhere([&](SimulatedWorld& w, int at) {
    if (w.journal.find(w.run_id)) w.journal.request_cancel(w.run_id);
    w.take_up();
    EXPECT_THAT(w.faults_at_end(), IsEmpty()) << "cancelled at " << at << ": " << w.cause();
    cancelled += w.completed() ? 0 : 1;
  });
  EXPECT_GT(cancelled, points / 4);  // the rest was too late: the old one was going, or all was done
}

/// A name that was asked for and does not show yet comes all the same: the old one gets its own when that is
/// over.
TEST_P(Refresh, IsRolledBackWhenCancelledWhileChangesShowLate) {
  if (!with_old()) return;
  world({.late = 1, .slowest_seconds = 40}).run_and_die_everywhere([&](SimulatedWorld& w, int at) {
    if (at % 7 != 0 || !w.journal.find(w.run_id)) return;
    w.journal.request_cancel(w.run_id);
    w.take_up();
    EXPECT_THAT(w.faults_at_end(), IsEmpty()) << "cancelled at " << at << ": " << w.cause();
  });
}

/// Whoever asked for the copy has died before the host shows it.
TEST_P(Refresh, ACopyThatShowsLateIsNotLeftBehind) {
  world({.slowest_seconds = 3, .unseen = std::chrono::seconds(20)})
      .run_and_die_everywhere([&](SimulatedWorld& w, int at) {
        if (w.journal.find(w.run_id)) w.journal.request_cancel(w.run_id);
        w.take_up();
        EXPECT_THAT(w.faults_at_end(), IsEmpty()) << "cancelled at " << at << ": " << w.cause();
      });
}

/// `DBREFRESH_SIMULATED_SEEDS` of the environment, else sixty: a third of the time of the suite's simulation.
std::uint64_t simulated_seeds() {
  const char* said = std::getenv("DBREFRESH_SIMULATED_SEEDS");  // NOLINT(concurrency-mt-unsafe)
  return said != nullptr ? std::stoull(said) : 60;
}

TEST_P(Refresh, EndsWellUnderFaultsFromASeed) {
  std::uint64_t completed = 0;
  const auto seeds = simulated_seeds();
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    auto w = world({.seed = seed, .throttled = 0.1, .lost_answer = 0.1, .late = 0.1});
    w.run(static_cast<int>(seed * 7 % 300));
    EXPECT_THAT(w.faults_at_end(), IsEmpty()) << "seed " << seed << ": " << w.cause();
    completed += w.completed() ? 1 : 0;
  }
  EXPECT_GT(completed, seeds * 2 / 3);
}

/// As on RDS: a restore takes hours, every status minutes; answers are lost, changes show late, and whoever
/// drives the run dies once. However long it takes, it is seldom looked at.
TEST_P(Refresh, EndsWellInTheTimesOfAmazon) {
  for (const std::uint64_t seed : {2, 3}) {
    auto w = world({.seed = seed,
                    .throttled = 0.05,
                    .lost_answer = 0.05,
                    .late = 0.2,
                    .slowest_seconds = 15 * 60,
                    .restore_takes = std::chrono::hours(4 * seed)});
    const auto begun = w.clock.now();
    w.run(static_cast<int>(seed * 53 % 300));
    EXPECT_TRUE(w.completed()) << "seed " << seed << ": " << w.cause();
    EXPECT_GT(w.clock.now() - begun, std::chrono::hours(4 * seed)) << "seed " << seed;
    EXPECT_THAT(w.faults_at_end(), IsEmpty()) << "seed " << seed;
    EXPECT_LT(w.databases.lookups, 4'000) << "seed " << seed;
  }
}

TEST_P(Refresh, PutsEverythingBackWhateverVerbBreaks) {
  for (const std::string verb : {"restore", "create", "password", "name", "open", "tags"}) {
    for (int after = 0; after < 5; ++after) {
      auto w = world({.broken_verb = verb, .broken_after = after});
      w.run();
      if (w.completed()) break;
      if (verb == "name" || verb == "open")
        continue;  // then not even rolling back can work: see the next test
      EXPECT_THAT(w.faults_at_end(), IsEmpty()) << verb << " from call " << after << ": " << w.cause();
    }
  }
}

TEST_P(Refresh, SaysSoWhenRollingBackFailsToo) {
  auto w = world({.broken_verb = "name", .broken_after = with_old() ? 1 : 0});
  w.run();
  ASSERT_FALSE(w.completed());
  EXPECT_THAT(w.databases.broken_rules(), IsEmpty());
  ASSERT_EQ(w.notifier.messages.size(), 1U);
  EXPECT_THAT(w.notifier.messages[0].subject, HasSubstr("[FAILED]"));
  if (with_old()) {
    EXPECT_THAT(w.notifier.messages[0].body,
                HasSubstr("rolling back failed too: InternalFailure: name is broken"));
    EXPECT_THAT(w.notifier.messages[0].headline, testing::StartsWith("NOT PUT BACK: "));
    EXPECT_THAT(w.notifier.messages[0].letter, HasSubstr("Then:     mend that, and: dbrefresh resume"));
    EXPECT_EQ(w.notifier.messages[0].type, "refresh.not_put_back");
    EXPECT_THAT(w.notifier.messages[0].data["notPutBack"].get<std::string>(), HasSubstr("name is broken"));
  }
}

/// A disk that is full, or a port that another program has for a while: nobody serves the database until
/// then.
TEST_P(Refresh, RollingBackWaitsForWhatSomebodyCanMend) {
  for (const std::string code : {"DiskFull", "PortTaken"})
    for (const std::string verb : {"name", "open"}) {
      auto w = world(
          {.broken_verb = verb, .broken_after = with_old() ? 1 : 0, .broken_calls = 60, .broken_as = code});
      w.run();
      EXPECT_FALSE(w.completed());
      EXPECT_THAT(w.faults_at_end(), IsEmpty()) << verb << " " << code << ": " << w.cause();
      ASSERT_EQ(w.notifier.messages.size(), 1U);
      EXPECT_THAT(w.notifier.messages[0].body, Not(HasSubstr("rolling back failed")));
    }
}

/// Somebody mends what kept it from being rolled back, and takes it up; whoever does so may die too.
TEST_P(Refresh, ARunThatCouldNotBeRolledBackIsRolledBackAgain) {
  for (const std::string verb : {"name", "open", "remove"}) {
    auto w = world({.broken_verb = verb, .broken_after = verb == "remove" ? 0 : 1});
    w.run();
    if (w.completed() || w.faults_at_end().empty()) continue;
    w.databases.mend();
    SimulatedWorld usual(w);
    const int points = usual.roll_back_again();
    EXPECT_THAT(usual.faults_at_end(), IsEmpty()) << verb << ": " << usual.cause();
    EXPECT_THAT(usual.notifier.messages.back().body, HasSubstr("State:    everything was put back"));
    for (int at = 0; at < points; at += 7) {
      SimulatedWorld dying(w);
      dying.roll_back_again(at);
      EXPECT_THAT(dying.faults_at_end(), IsEmpty()) << verb << " at " << at << ": " << dying.cause();
    }
  }
}

/// Loses all databases of which this is true.
void lose(SimulatedWorld& w, const std::function<bool(const provider::Database&)>& which) {
  for (const auto& each : w.databases.find(provider::Selector{}))
    if (which(each)) w.databases.lose(each.id);
}

bool is_of_run(const provider::Database& database) {
  return database.tags.contains("refresh-run");
}
bool is_set_aside(const provider::Database& database) {
  return database.name.find("-old-") != std::string::npos;
}

/// He who had no way to mend it has deleted the old database, and what was in its place.
TEST_P(Refresh, ARunWhoseDatabasesAreGoneIsRolledBackAgain) {
  auto w = world({.broken_verb = "name", .broken_after = with_old() ? 1 : 0});
  w.run();
  ASSERT_FALSE(w.completed());
  w.databases.mend();
  lose(w, [](const auto& each) { return is_set_aside(each) || is_of_run(each); });
  w.roll_back_again();
  ASSERT_EQ(w.notifier.messages.size(), with_old() ? 2U : 1U);
  EXPECT_THAT(
      w.notifier.messages.back().body,
      HasSubstr(with_old() ? "of its instances and replicas 1 was deleted" : "everything was put back"));
}

TEST_P(Refresh, AFailedCopyIsKeptWholeIfAskedFor) {
  auto w = world({.broken_statement = "customers"}, {.keep_failed = true});
  w.run();
  ASSERT_FALSE(w.completed());
  const provider::Selector kept{.tags = {{"refresh-run", w.run_id}}};
  ASSERT_EQ(w.databases.find(kept).size(), cluster() ? 2U : 1U) << w.cause();
  for (const auto& each : w.databases.find(kept)) {
    EXPECT_THAT(each.name, HasSubstr("-failed-abc123"));
    EXPECT_FALSE(each.kind == w.file.names.kind && each.open);
    EXPECT_EQ(each.status, "available");
  }
  EXPECT_EQ(w.databases.find(w.file.names.kind, w.file.names.target).has_value(), with_old());
  EXPECT_THAT(w.notifier.messages.back().letter, HasSubstr("go on with its copy: dbrefresh retry"));
}

TEST_P(Refresh, NobodyIsToldToGoOnWithACopyThatIsNotThere) {
  auto w = world({.restore_fails = true}, {.keep_failed = true});
  w.run();
  ASSERT_FALSE(w.completed());
  EXPECT_FALSE(w.go_on());
  EXPECT_THAT(w.notifier.messages.back().letter,
              AllOf(HasSubstr("run its file again"), Not(HasSubstr("retry"))));
}

/// The simulation counts statements: those that had run on the copy do not run again.
TEST_P(Refresh, AKeptCopyIsGoneOnWithWhereItsScriptsFailed) {
  auto w = world({.broken_statement = "customers", .slowest_seconds = 3}, {.keep_failed = true});
  w.scripts.objects["b/p/2.sql"] = "UPDATE orders SET a = 1;\nUPDATE customers SET email = 'x';\n";
  w.run();
  const auto kept = w.databases.find(w.file.names.kind, refresh::kept_name(w.file.names.target, w.run_id));
  ASSERT_TRUE(kept) << w.cause();
  const auto headway = refresh::headway_of(*kept, w.run_id);
  ASSERT_TRUE(headway);
  EXPECT_EQ(headway->units, 1U);
  EXPECT_EQ(headway->statements, 1U);
  ASSERT_TRUE(w.go_on());
  EXPECT_GT(w.run_and_die_everywhere(ends_well), 50);
  EXPECT_THAT(w.faults_at_end(), IsEmpty());
  EXPECT_TRUE(w.completed()) << w.cause();
  const auto made = w.databases.find(w.file.names.kind, w.file.names.target);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->id, kept->id) << "another copy was made";
}

TEST_P(Refresh, AKeptCopyIsGoneOnWithThoughCallsAreMadeTwice) {
  for (const Calls& calls : {Calls{.stateless = true, .twice = true, .keep_failed = true},
                             Calls{.keep_failed = true, .at_once = true}}) {
    auto w = world({.broken_statement = "customers", .slowest_seconds = 3}, calls);
    w.run();
    ASSERT_TRUE(w.go_on()) << w.cause();
    w.run();
    EXPECT_TRUE(w.completed()) << w.cause();
    EXPECT_THAT(w.faults_at_end(), IsEmpty());
  }
}

/// What had run is not run again, so nobody may think that a change of it has come to anything.
TEST_P(Refresh, AKeptCopyIsNotGoneOnWithOnceWhatHadRunIsChanged) {
  for (const char* script : {"b/p/1.sql", "b/p/2.sql"}) {
    auto w = world({.broken_statement = "customers", .slowest_seconds = 3}, {.keep_failed = true});
    w.scripts.objects["b/p/2.sql"] = "UPDATE orders SET a = 1;\nUPDATE customers SET email = 'x';\n";
    w.run();
    ASSERT_TRUE(w.go_on());
    w.scripts.objects[script] = "UPDATE orders SET a = 2;\nUPDATE customers SET email = 'x';\n";
    w.run();
    EXPECT_FALSE(w.completed());
    EXPECT_THAT(w.cause(), HasSubstr("is not as it was"));
    ASSERT_TRUE(
        w.databases.find(w.file.names.kind, refresh::kept_name(w.file.names.target, "20260101000000-abc123")))
        << "a plan changes nothing";
  }
}

/// Wherever a run has failed that kept its copy, another one ends what it had begun.
TEST_P(Refresh, AKeptCopyIsGoneOnWithWhateverFailed) {
  int went_on = 0;
  for (const char* verb : {"name", "open", "running", "password", "tags", "create", "remove"})
    for (int after = 0; after < 6; ++after) {
      auto w = world({.broken_verb = verb, .broken_after = after, .broken_calls = 4, .slowest_seconds = 3},
                     {.keep_failed = true});
      w.run();
      if (w.completed() || !w.go_on()) continue;
      w.run();
      EXPECT_TRUE(w.completed()) << verb << " after " << after << ": " << w.cause();
      EXPECT_THAT(w.faults_at_end(), IsEmpty()) << verb << " after " << after;
      ++went_on;
    }
  EXPECT_GT(went_on, 5);
}

/// Somebody has deleted the old database alone: of the proven copy, the last one, nothing is thrown away
/// until he has said so by deleting it as well.
TEST_P(Refresh, RollingBackThrowsNoProvenCopyAwayThatIsTheLastOne) {
  if (!with_old()) return;
  for (int after = 1; after <= (cluster() ? 1 : 2); ++after) {
    auto w = world({.broken_verb = "open", .broken_after = after});
    w.run();
    ASSERT_FALSE(w.completed());
    w.databases.mend();
    lose(w, [](const auto& each) { return each.id.starts_with("id-old"); });
    w.roll_back_again();
    const auto copies =
        w.databases.find(provider::Selector{.kind = w.file.names.kind, .tags = {{"refresh-run", w.run_id}}});
    ASSERT_EQ(copies.size(), 1U);
    EXPECT_FALSE(copies[0].open);
    EXPECT_THAT(w.notifier.messages.back().body,
                HasSubstr("rolling back failed too: OldDatabaseGone: the old database is gone, and '" +
                          copies[0].name));
    lose(w, is_of_run);
    w.roll_back_again();
    EXPECT_THAT(w.notifier.messages.back().body, HasSubstr("State:    the old database is gone"));
  }
}

/// Once the new one serves under the name, it stays; before, the old one is put back, or, if that is gone,
/// the new one is kept, closed.
TEST_P(Refresh, NeitherIsLostWhateverIsDeletedOfTheOldOneBetweenTheNames) {
  if (!with_old()) return;
  int closed = 0;
  for (const std::string id : {"id-old", "id-oldreader"})
    world({.slowest_seconds = 3}).run_and_die_everywhere([&](SimulatedWorld& w, int at) {
      const auto named = w.databases.find(w.file.names.kind, w.file.names.target);
      if (!named || !is_of_run(*named) || !w.databases.get(id)) return;
      const bool keeps = !named->open && id == "id-old";
      closed += named->open ? 0 : 1;
      w.databases.lose(id);
      w.journal.request_cancel(w.run_id);
      w.take_up();
      const auto serves = w.databases.find(w.file.names.kind, w.file.names.target);
      EXPECT_EQ(serves && serves->open, !keeps) << id << " at " << at << ": " << w.cause();
      EXPECT_EQ(w.databases.get(named->id).has_value(), named->open || keeps) << id << " at " << at;
      if (keeps) {
        EXPECT_THAT(w.notifier.messages.back().body, HasSubstr("rolling back failed too: OldDatabaseGone"));
      }
    });
  EXPECT_GT(closed, 4);
}

/// Somebody has deleted the new one while the old one was to go: it goes no further, and serves again.
TEST_P(Refresh, NothingOfTheOldOneGoesWithoutTheNewOne) {
  if (!with_old()) return;
  int lost = 0;
  world({.slowest_seconds = 3}).run_and_die_everywhere([&](SimulatedWorld& w, int at) {
    const auto named = w.databases.find(w.file.names.kind, w.file.names.target);
    if (!named || !is_of_run(*named) || !named->open) return;
    const auto gone = [&](const std::string& id) {
      const auto each = w.databases.get(id);
      return !each || each->status == "deleting";
    };
    if (gone("id-old") || gone("id-oldreader") || (cluster() && gone("id-oldins"))) return;
    ++lost;
    lose(w, is_of_run);
    w.take_up();
    EXPECT_FALSE(w.completed()) << at;
    const auto serves = w.databases.find(w.file.names.kind, w.file.names.target);
    ASSERT_TRUE(serves) << at << ": " << w.cause();
    EXPECT_EQ(serves->id, "id-old") << at;
    EXPECT_TRUE(serves->open && serves->status == "available") << at << ": " << w.cause();
  });
  EXPECT_GT(lost, 10);
}

TEST_P(Refresh, AMessageThatFoundNoRoomIsSentWhenThereIsSome) {
  auto w = world();
  w.notifier.full = 5;
  w.run();
  EXPECT_TRUE(w.completed()) << w.cause();
  EXPECT_EQ(w.notifier.messages.size(), 1U);
}

TEST_P(Refresh, ARestoreThatFailsIsATerminalStatusAndNoLoop) {
  auto w = world({.restore_fails = true});
  w.run();
  EXPECT_FALSE(w.completed());
  EXPECT_THAT(w.cause(), HasSubstr("incompatible-restore"));
  EXPECT_THAT(w.faults_at_end(), IsEmpty());
}

/// Nothing that is broken can be renamed: the old database gets its name back all the same.
TEST_P(Refresh, ACopyThatBreaksUnderItsFinalNameGivesItUp) {
  for (const std::string name : {cluster() ? "devclu" : "dev", "devins"}) {
    auto w = world({.breaks_as = name});
    w.run();
    EXPECT_EQ(w.completed(), !cluster() && name == "devins") << name;
    EXPECT_THAT(w.faults_at_end(), IsEmpty()) << name << ": " << w.cause();
  }
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
  EXPECT_FALSE(w.secrets.get(refresh::run_secret_name(w.run_id), provider::SecretStore::Stage::current))
      << "the run's secrets were kept";
}

/// Production's password opens no copy: the run makes one up, and a secret shows it.
TEST(RefreshPassword, WithoutOneInTheFileIsMadeUpAndKept) {
  const auto stage = provider::SecretStore::Stage::current;
  for (const bool scripts : {false, true}) {
    SimulatedWorld w(instance_file(), false, {});
    for (const char* key : {"changemasterpwd", "rotatemasterpwd"}) w.file.members.erase(key);
    if (!scripts) w.file.members.erase("runscripts");
    if (scripts) {
      w.file.members["runscripts"]["access"] = "pwd";
      w.file.members["runscripts"].erase("secretname");
    }
    w.databases.must_be_masked = scripts;
    w.run(40);
    ASSERT_TRUE(w.completed()) << w.cause();
    EXPECT_THAT(w.faults_at_end(), IsEmpty());
    const auto secret = w.secrets.get("dbrefresh/master/dev", stage);
    ASSERT_TRUE(secret);
    const base::Secret password(base::Json::parse(secret->reveal()).at("password").get<std::string>());
    EXPECT_EQ(password.reveal().size(), 32U);
    const auto made = *w.databases.find(provider::Kind::instance, "dev");
    EXPECT_EQ(base::Json::parse(secret->reveal()).at("host"), made.host) << "not that of the temporary name";
    EXPECT_NO_THROW(w.databases.login(made.id, password, "")->query("SELECT 1"));
    EXPECT_THROW(w.databases.login(made.id, base::Secret("new'password"), ""), base::Error);
    const auto& body = w.notifier.messages.at(0).body;
    EXPECT_THAT(body, HasSubstr("Took:     0:"));
    EXPECT_THAT(body, HasSubstr("as admin\nPassword: dbrefresh local secret dbrefresh/master/dev --reveal"));
  }
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
      ASSERT_TRUE(named) << after << w.cause() << w.end_state().dump(1);
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

std::string with(std::string text, const std::string& what, const std::string& instead) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), instead);
}

/// An instance file whose source has two databases beside the initial one.
struct WithDatabases : SimulatedWorld {
  explicit WithDatabases(const std::string& decisions)
      : SimulatedWorld(with(instance_file(), "\"keys\":", "\"databases\": " + decisions + ", \"keys\":"),
                       true, {}) {
    databases.add(*databases.get("id-prod"), {"analytics", "audit"});
    scripts.objects["b/p/a.sql"] = "UPDATE people SET name = 'x'\n";
  }
};

TEST(RefreshDatabases, EachIsMaskedSaidToBeCleanOrDropped) {
  WithDatabases w(R"({"analytics": "a.sql", "audit": "drop"})");
  w.run();
  EXPECT_TRUE(w.completed()) << w.cause();
  EXPECT_THAT(w.faults_at_end(), IsEmpty());
  const auto made = *w.databases.find(provider::Kind::instance, "dev");
  EXPECT_THAT(*w.databases.schemas(made.id, std::nullopt), ElementsAre("analytics", "d"));
  EXPECT_THAT(w.notifier.messages.at(0).body, HasSubstr("3 scripts ran"));
  EXPECT_THAT(w.notifier.messages[0].letter,
              testing::AllOf(HasSubstr("\n          d: "), HasSubstr("\n          analytics: a.sql\n"),
                             HasSubstr("\n          audit: dropped\n")));
}

TEST(RefreshDatabases, ThePlanRefusesWhatNobodyDecided) {
  WithDatabases w(R"({"analytics": "clean", "d": "a.sql"})");
  w.run();
  EXPECT_FALSE(w.completed());
  EXPECT_THAT(w.cause(),
              HasSubstr("$.runscripts.databases: nothing is said of 'audit', which 'prod' has too"));
  EXPECT_THAT(w.cause(), HasSubstr("'d' is the initial database: its scripts are the keys"));
}

TEST(RefreshDatabases, VerifyRefusesThemWhereThePlanCouldNotLook) {
  WithDatabases w(R"({"analytics": "clean"})");
  w.databases.schemas_hidden = true;
  w.run();
  EXPECT_FALSE(w.completed());
  EXPECT_THAT(w.cause(), HasSubstr("VerifyFailed: nothing was said of database 'audit' of the copy"));
  EXPECT_THAT(w.faults_at_end(), IsEmpty());
}

TEST(RefreshPlan, PutsWhatTheHostSaysWhereTheFileSaysIt) {
  SimulatedWorld w(instance_file(), false, {});
  w.secrets.rotating = false;
  w.file.members["restore"]["restoretype"] = "fromsnapshot";
  w.file.members["restore"]["snapshot"] = "monday";
  w.file.members["restore"]["multiaz"] = true;
  w.file.members["createsecret"] = {{"secretname", "s"},
                                    {"rotation", true},
                                    {"rotationdays", 30},
                                    {"lambdaarn", "arn:aws:lambda:eu-west-1:1:function:rotate"}};
  const auto plan = refresh::make_plan(to_json(w.file.names), w.file.members, w.services, "");
  EXPECT_FALSE(plan.ok());
  std::vector<std::string> lines;
  for (const auto& each : plan.problems) lines.push_back(base::to_string("f", each));
  EXPECT_THAT(lines,
              testing::UnorderedElementsAre(
                  HasSubstr("$.restore.snapshot: 'monday': there is no such snapshot"),
                  HasSubstr("$.restore.multiaz: warning: means nothing in memory"),
                  HasSubstr("$.createsecret.rotation: warning: is true, and secrets are not rotated")));
}

TEST(RefreshPlan, LooksAtWhatHangsOnTheOldDatabase) {
  for (const bool cluster : {false, true}) {
    SimulatedWorld w(file_of(cluster), true, {});
    auto reader = *w.databases.get("id-oldreader");
    reader.tags.clear();
    reader.name = std::string(60, 'r');
    reader.deletion_protection = true;
    w.databases.add(reader);
    w.run();
    EXPECT_FALSE(w.completed());
    EXPECT_THAT(w.cause(), HasSubstr("does not carry the tag refresh=true"));
    EXPECT_THAT(w.cause(), HasSubstr("has a name too long to be set aside"));
    EXPECT_THAT(w.cause(), HasSubstr("has deletion protection"));
    EXPECT_EQ(w.databases.find(provider::Selector{.tags = {{"refresh-run", w.run_id}}}).size(), 0U);
  }
}

/// Results are part of the state, which is bounded; what 33 scripts of 200 statements tell fits.
TEST(RefreshScripts, ManyStatementsFitIntoTheState) {
  std::string keys;
  for (int i = 0; i < 33; ++i) keys += (i > 0 ? "," : "") + std::to_string(i) + ".sql";
  SimulatedWorld w(with(instance_file(), "1.sql,2.sql", keys), true, {});
  for (int i = 0; i < 33; ++i)
    for (int statement = 0; statement < 200; ++statement)
      w.scripts.objects["b/p/" + std::to_string(i) + ".sql"] +=
          "UPDATE t" + std::to_string(i) + " SET a = " + std::to_string(statement) + "\n";
  w.run();
  EXPECT_TRUE(w.completed()) << w.cause();
  EXPECT_THAT(w.faults_at_end(), IsEmpty());
  EXPECT_LT(w.journal.find(w.run_id)->snapshot.size(), 60'000U);
}

/// Two of forty seconds end in calls of a minute, and short ones share a call.
TEST(RefreshScripts, EachHasNearlyAWholeCallForItself) {
  for (const int seconds : {40, 1}) {
    SimulatedWorld w(instance_file(), false, {.statement_takes = std::chrono::seconds(seconds)},
                     {.times = {.heavy = std::chrono::seconds(60)}});
    w.scripts.objects["b/p/1.sql"] = "UPDATE a SET b = 1\n";
    w.scripts.objects["b/p/2.sql"] = "UPDATE c SET d = 1\n";
    w.run();
    EXPECT_TRUE(w.completed()) << w.cause();
    EXPECT_EQ(slices(w), seconds == 40 ? 2 : 1);
  }
}

/// A script that brings its server down each time is not tried on copies for ever.
TEST(RefreshScripts, AServerThatAlwaysDiesIsGivenUp) {
  SimulatedWorld w(instance_file(), true, {.dying_statement = "customers"});
  w.run();
  EXPECT_FALSE(w.completed());
  EXPECT_THAT(w.cause(), HasSubstr("the scripts were interrupted on 5 copies, one after the other"));
  EXPECT_THAT(w.faults_at_end(), IsEmpty());
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
  w.databases.make_so("id-prod", {.tags = {{"refresh", "true"}}}, {w.clock, w.clock.now(), {}, {}});
  const base::Json pins = {{"source", "id-prod"}, {"old", "id-old"}};
  refresh::Guard guard(w.databases, "run", pins);
  const provider::Budget budget{w.clock, w.clock.now(), {}, {}};
  for (const char* id : {"id-prod", "id-stranger"}) {
    const base::Secret secret("x");
    const std::function<void()> verbs[] = {[&] { guard.remove(id, budget); },
                                           [&] { guard.make_so(id, {.name = "x"}, budget); },
                                           [&] { guard.make_so(id, {.open = false}, budget); },
                                           [&] {
                                             guard.make_so(id, {.tags = {{"a", "b"}}}, budget);
                                           },
                                           [&] { guard.create({.of = id, .name = "x"}, budget); },
                                           [&] { guard.schemas(id, secret); },
                                           [&] { guard.drop_schema(id, "d", secret, budget); },
                                           [&] { guard.script_session(id, secret, ""); },
                                           [&] { guard.login(id, secret); }};
    for (const auto& verb : verbs) {
      try {
        verb();
        ADD_FAILURE() << "a verb was allowed on " << id;
      } catch (const base::Error& error) {
        EXPECT_EQ(error.code, "GuardRefused");
      }
    }
  }
  guard.make_so("id-old", {.running = false}, budget);
  EXPECT_EQ(w.databases.get("id-old")->status, "stopping");
}

}  // namespace
}  // namespace tests
