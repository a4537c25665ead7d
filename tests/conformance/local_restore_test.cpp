// Every restore kind on real servers of both families, while somebody writes to the source.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/error.h"
#include "tests/conformance/with_bank.h"

namespace tests {
namespace {

using provider::Database;
using provider::Kind;
using provider::RestoreType;
using namespace std::chrono_literals;

class LocalRestore : public WithBank {};
INSTANTIATE_TEST_SUITE_P(Engines, LocalRestore, families, family_name);

TEST_P(LocalRestore, TheLatestStateHasEverythingThatWasCommitted) {
  bank_.write();
  for (const auto type : {RestoreType::latest_point, RestoreType::fast_cloning}) {
    const int before = bank_.acknowledged;
    const auto copy = bank_.restore(type, "copy" + std::to_string(static_cast<int>(type)));
    EXPECT_EQ(bank_.sum(copy), Bank::total);
    EXPECT_GE(bank_.transfers(copy), before);
  }
}

TEST_P(LocalRestore, ASnapshotStaysWhatItWas) {
  bank_.write();
  const int before = bank_.acknowledged;
  databases_.create_snapshot(bank_.source, "Before-Release", bank_.budget());
  const int after = bank_.acknowledged;
  while (bank_.acknowledged < after + 20) clock_.sleep_until(clock_.now() + 5ms, {});
  for (const char* name : {"one", "two"}) {
    const auto copy =
        bank_.restore(RestoreType::from_snapshot, name, "arn:dbrefresh:rds:local:snapshot:before-release");
    EXPECT_EQ(bank_.sum(copy), Bank::total);
    EXPECT_GE(bank_.transfers(copy), before);
    EXPECT_LE(bank_.transfers(copy), after);
  }
  EXPECT_EQ(databases_.snapshots().size(), 2U);  // the first was made at birth
  databases_.remove_snapshot("before-release");
  EXPECT_THROW(bank_.restore(RestoreType::from_snapshot, "three", "before-release"), base::Error);
  EXPECT_FALSE(databases_.find(Kind::instance, "three"));
}

TEST_P(LocalRestore, AnySecondOfTheWindowCanBeRestored) {
  bank_.write();
  struct Moment {
    base::Time time;            ///< a whole second
    int before = 0, after = 0;  ///< transfers acknowledged a little before it, and a little after
  };
  std::vector<Moment> moments;
  for (int i = 0; i < 2; ++i) {
    const int before = bank_.acknowledged;
    bank_.wait_for_next_second();
    moments.push_back({std::chrono::floor<std::chrono::seconds>(clock_.now()), before, bank_.acknowledged});
    bank_.wait_for_next_second();
    if (i == 0) databases_.back_up(bank_.source, bank_.budget());
  }
  for (const auto& moment : moments) {
    const auto copy =
        bank_.restore(RestoreType::restore_point, "at" + std::to_string(moment.after), "", moment.time);
    EXPECT_EQ(bank_.sum(copy), Bank::total);
    EXPECT_GE(bank_.transfers(copy), moment.before);
    EXPECT_LE(bank_.transfers(copy), moment.after + 1);  // one may have been on its way
  }
  const auto window = databases_.restorable(bank_.source).window;
  ASSERT_TRUE(window);
  EXPECT_THROW(bank_.restore(RestoreType::restore_point, "early", "", window->from - 1h), base::Error);
  EXPECT_THROW(bank_.restore(RestoreType::restore_point, "late", "", clock_.now() + 1h), base::Error);
  const auto objections = databases_.check({.restore = {.source = bank_.source,
                                                        .name = "x",
                                                        .type = RestoreType::restore_point,
                                                        .time = window->from - 1h}});
  ASSERT_EQ(objections.size(), 1U);
  EXPECT_EQ(objections[0].about, provider::Objection::About::time);
  EXPECT_THAT(objections[0].message, testing::HasSubstr(base::ledger_utc(window->from)));
}

/// After the last commit there is nothing to stop at: the end of the log is the answer.
TEST_P(LocalRestore, AQuietSourceCanBeRestoredToo) {
  bank_.wait_for_next_second();
  bank_.wait_for_next_second();
  const auto copy = bank_.restore(RestoreType::restore_point, "quiet", "",
                                  std::chrono::floor<std::chrono::seconds>(clock_.now()));
  EXPECT_EQ(bank_.sum(copy), Bank::total);
}

/// Its files are numbered from 1 again, and one day there is one of the number that a backup ends in.
TEST_P(LocalRestore, ALogThatWasBegunAnewIsNotTakenForTheOldOne) {
  if (std::string(GetParam()) == "postgres") GTEST_SKIP() << "no user can begin PostgreSQL's anew";
  const auto session = databases_.login(bank_.source, bank_password, "");
  databases_.back_up(bank_.source, bank_.budget());
  session->query("RESET MASTER");
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 20; ++j) session->query(fmt::format("INSERT INTO done VALUES ({}, {})", i, j));
    session->query("FLUSH BINARY LOGS");
  }
  bank_.wait_for_next_second();
  bank_.wait_for_next_second();
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now());
  const auto can = databases_.restorable(bank_.source);
  EXPECT_FALSE(can.window) << "its end is " << base::iso_utc(can.window->to);
  EXPECT_EQ(can.reason, "its log has a gap");
  try {
    const auto copy = bank_.restore(RestoreType::restore_point, "then", "", now);
    ADD_FAILURE() << "a copy with " << bank_.transfers(copy) << " of 100 rows";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code, "InvalidRestoreFault");
  }
  databases_.back_up(bank_.source, bank_.budget());
  EXPECT_TRUE(databases_.restorable(bank_.source).window);
}

TEST_P(LocalRestore, AReplicaFollowsAndGoes) {
  bank_.write();
  const auto replica = bank_.create(bank_.source, "reader");
  EXPECT_EQ(replica.replica_of, bank_.source);
  EXPECT_EQ(databases_.get(bank_.source)->replicas, std::vector<std::string>{replica.id});
  bank_.stop_writing();
  const auto deadline = clock_.now() + 30s;
  while (!databases_.replica_in_sync(replica.id) && clock_.now() < deadline)
    clock_.sleep_until(clock_.now() + 20ms, {});
  ASSERT_TRUE(databases_.replica_in_sync(replica.id));
  const auto session = databases_.login(replica.id, bank_password, "");
  EXPECT_EQ(session->scalar("SELECT COUNT(*) FROM done"), std::to_string(bank_.acknowledged));
  EXPECT_EQ(session->scalar("SELECT SUM(balance) FROM account"), std::to_string(Bank::total));
  EXPECT_THROW(session->query("INSERT INTO done VALUES (-1, -1)"), base::Error) << "a replica is only read";
  bank_.remove(replica.id);
  EXPECT_TRUE(databases_.get(bank_.source)->replicas.empty());
}

TEST_P(LocalRestore, AClusterHasAWriterAndReadersOnItsStorage) {
  const std::string engine = std::string(GetParam()) == "postgres" ? "aurora-postgresql" : "aurora-mysql";
  const auto cluster = databases_.create_new(
      {.name = "shop", .engine = engine, .master_password = bank_password, .db_name = "d"}, bank_.budget());
  databases_.login(cluster.id, bank_password, "")->query("CREATE TABLE t AS SELECT 1 AS a");
  const auto clone = bank_
                         .restore({.kind = Kind::cluster,
                                   .source = cluster.id,
                                   .name = "shop2",
                                   .type = RestoreType::fast_cloning})
                         .database;
  EXPECT_TRUE(clone.members.empty());
  const auto writer = bank_.create(clone.id, "shop2-w");
  EXPECT_TRUE(writer.writer);
  bank_.make_so(clone.id, {.master_password = bank_password});
  bank_.make_so(clone.id, {.open = true});
  const auto reader = bank_.create(clone.id, "shop2-r");
  EXPECT_EQ(reader.cluster, clone.id);
  EXPECT_EQ(databases_.get(clone.id)->members.size(), 2U);
  databases_.login(clone.id, bank_password, "")->query("INSERT INTO t VALUES (2)");
  const auto deadline = clock_.now() + 30s;
  while (!databases_.replica_in_sync(reader.id) && clock_.now() < deadline)
    clock_.sleep_until(clock_.now() + 20ms, {});
  EXPECT_EQ(databases_.login(reader.id, bank_password, "")->scalar("SELECT COUNT(*) FROM t"), "2");
  EXPECT_EQ(databases_.login(cluster.id, bank_password, "")->scalar("SELECT COUNT(*) FROM t"), "1");
  EXPECT_THROW(bank_.remove(clone.id), base::Error) << "it still has instances";
  const auto of_clone =
      bank_
          .restore(
              {.kind = Kind::cluster, .source = clone.id, .name = "shop3", .type = RestoreType::fast_cloning})
          .database;
  bank_.create(of_clone.id, "shop3-w");
  bank_.make_so(of_clone.id, {.master_password = bank_password});
  bank_.make_so(of_clone.id, {.open = true});
  EXPECT_EQ(databases_.login(of_clone.id, bank_password, "")->scalar("SELECT COUNT(*) FROM t"), "2");
  bank_.make_so(clone.id, {.running = false});
  EXPECT_EQ(databases_.get(reader.id)->status, "stopped");
  EXPECT_EQ(databases_.get(writer.id)->status, "stopped");
  bank_.make_so(clone.id, {.running = true});
  EXPECT_EQ(databases_.get(reader.id)->status, "available");
}

}  // namespace
}  // namespace tests
