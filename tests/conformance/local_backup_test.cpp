// Backups: how long they are kept, what goes with a database and what stays.
#include <gmock/gmock.h>

#include <fstream>

#include "tests/conformance/with_bank.h"

namespace tests {
namespace {

using provider::RestoreType;
using testing::ElementsAre;

/// The machine's clock, some days ahead.
class LaterClock : public base::SystemClock {
 public:
  explicit LaterClock(int days) : ahead_(std::chrono::hours(24 * days)) {}
  base::Time now() override { return SystemClock::now() + ahead_; }
  bool sleep_until(base::Time deadline, std::stop_token stop) override {
    return SystemClock::sleep_until(deadline - ahead_, std::move(stop));
  }

 private:
  std::chrono::hours ahead_;
};

class LocalBackup : public WithBank {
 protected:
  std::vector<std::string> snapshots() {
    std::vector<std::string> names;
    for (const auto& each : databases_.snapshots()) names.push_back(each.name);
    return names;
  }
  provider::local::Snapshot back_up_in(int days) {
    LaterClock later(days);
    return databases_.back_up(bank_.source, budget(later));
  }
  static provider::Budget budget(base::Clock& clock) {
    return {clock, clock.now() + std::chrono::minutes(2), {}, [](const base::Note&) {}};
  }
  /// Files of the log that the source keeps, the one that is being written aside.
  std::size_t log_files() {
    std::size_t count = 0;
    const auto folder =
        postgres() ? bank_.home.archive(bank_.source) : bank_.home.instance(bank_.source) / "data";
    for (const auto& entry : os::fs::directory_iterator(folder))
      if (postgres() ? entry.path().filename().string().size() == 24
                     : entry.path().stem() == "binlog" && entry.path().extension() != ".index")
        ++count;
    return count;
  }
  void switch_log() { administrate()->query(postgres() ? "SELECT pg_switch_wal()" : "FLUSH BINARY LOGS"); }
};
INSTANTIATE_TEST_SUITE_P(Engines, LocalBackup, families, family_name);

TEST_P(LocalBackup, WhatIsOlderThanTheRetentionGoesAndTheWindowStaysWhole) {
  const auto birth = snapshots();
  ASSERT_EQ(birth.size(), 1U);
  LaterClock later(4);
  databases_.create_snapshot(bank_.source, "by-hand", budget(later));
  bank_.write();
  for (int i = 0; i < 3; ++i) {
    const int before = bank_.acknowledged;
    while (bank_.acknowledged < before + 20)
      clock_.sleep_until(clock_.now() + std::chrono::milliseconds(5), {});
    switch_log();
  }
  bank_.stop_writing();
  const auto second = back_up_in(8);
  EXPECT_THAT(snapshots(), ElementsAre(birth[0], "by-hand", second.name))
      << "the oldest is what the first hours of the retention are restored from";
  switch_log();
  const auto logs = log_files();
  const auto third = back_up_in(16);
  EXPECT_THAT(snapshots(), ElementsAre("by-hand", second.name, third.name));
  EXPECT_LT(log_files(), logs);
  const auto window = databases_.restorable(bank_.source).window;
  ASSERT_TRUE(window);
  EXPECT_LE(window->from, std::chrono::ceil<std::chrono::seconds>(second.data_time));
  EXPECT_EQ(bank_.sum(bank_.restore(RestoreType::from_snapshot, "copy", "by-hand")), Bank::total);
}

TEST_P(LocalBackup, WithADatabaseGoItsBackupsButNotItsSnapshots) {
  const auto before = snapshots();
  const auto made = databases_.create_new(
      {.name = "short", .engine = GetParam(), .master_password = bank_password}, bank_.budget());
  databases_.back_up(made.id, bank_.budget());
  databases_.create_snapshot(made.id, "by-hand", bank_.budget());
  EXPECT_EQ(snapshots().size(), before.size() + 3);
  bank_.remove(made.id);
  EXPECT_THAT(snapshots(), ElementsAre(before[0], "by-hand"));
  EXPECT_FALSE(os::fs::exists(bank_.home.archive(made.id)));
  EXPECT_EQ(bank_.restore(RestoreType::from_snapshot, "again", "by-hand").status, "available");
}

TEST_P(LocalBackup, ABigServerLogIsSetAsideWhileItsServerRuns) {
  const auto folder = bank_.home.instance(bank_.source);
  std::ofstream(folder / "server.log", std::ios::app) << std::string(17U << 20U, 'x') << "\n";
  databases_.back_up(bank_.source, bank_.budget());
  EXPECT_GT(os::fs::file_size(folder / "server.log.1"), 17U << 20U);
  EXPECT_LT(os::fs::file_size(folder / "server.log"), 1U << 20U);
  bank_.make_so(bank_.source, {.running = false});
  const auto log = os::read_file(folder / "server.log");
  EXPECT_THAT(log, testing::HasSubstr(postgres() ? "shut" : "Shutdown"));
  EXPECT_EQ(log.find('\0'), std::string::npos) << "it went on where the old one ended";
}

TEST_P(LocalBackup, WhatADeadOneLeftOfASnapshotIsRemovedByTheNext) {
  const auto folder = bank_.home.storage / "snapshots";
  const auto unfinished = folder / "snap-dead.partial", unlisted = folder / "snap-unlisted",
             under_way = folder / "snap-alive.partial";
  for (const auto& each : {unfinished, unlisted, under_way}) os::make_folder(each / "data", 0700);
  const auto held = os::FileLock::try_lock(bank_.home.locks() / "snap-alive");
  const auto made = databases_.create_snapshot(bank_.source, "new", bank_.budget());
  EXPECT_FALSE(os::fs::exists(unfinished));
  EXPECT_FALSE(os::fs::exists(unlisted));
  EXPECT_TRUE(os::fs::exists(under_way)) << "somebody works on it";
  EXPECT_TRUE(os::fs::exists(bank_.home.snapshot(made.id)));
}

}  // namespace
}  // namespace tests
