// Damaged copies, and whatever is killed while one is made.
#include <gmock/gmock.h>

#include <fstream>

#include <signal.h>

#include "base/error.h"
#include "tests/conformance/with_bank.h"
#include "tests/processes.h"

namespace tests {
namespace {

using provider::RestoreType;

class LocalFault : public WithBank {
 protected:
  /// Tables of their own files, the biggest first: t0, t1, …
  void make_tables(int count) {
    const auto admin = administrate();
    for (int i = 0; i < count; ++i) {
      admin->execute("CREATE TABLE t" + std::to_string(i) + " (a INT PRIMARY KEY, b VARCHAR(200))", 0);
      const std::string rows = std::to_string(2000 * (count - i));
      const std::string numbers = postgres() ? "generate_series(1, " + rows + ") AS s(n)"
                                             : "(SELECT seq AS n FROM seq_1_to_" + rows + ") s";
      admin->execute("INSERT INTO t" + std::to_string(i) + " SELECT n, REPEAT('x', 200) FROM " + numbers, 0);
      if (!postgres()) admin->execute("ANALYZE TABLE t" + std::to_string(i), 0);
    }
  }
  /// The file of a table, relative to the data folder.
  std::string file_of(const std::string& table) {
    return postgres() ? administrate()->scalar("SELECT pg_relation_filepath('" + table + "')").value_or("")
                      : "bank/" + table + ".ibd";
  }
  static void damage(const os::fs::path& file) {
    std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(static_cast<std::streamoff>(os::fs::file_size(file) / 2 / 16384 * 16384 + 5000));
    out << std::string(300, '!');
    ASSERT_TRUE(out.good());
  }
  /// A program that works on this bank's copies; nothing if none does yet.
  std::optional<os::ProcessId> copier() {
    for (const auto& entry : os::fs::directory_iterator("/proc")) {
      const int pid = std::atoi(entry.path().filename().c_str());
      const std::string line = told_by(entry.path().filename(), "cmdline");
      if (pid > 0 && line.find(folder_.path().string()) != std::string::npos &&
          (line.starts_with("mariadb-backup") || line.find("pg_basebackup") != std::string::npos))
        return os::identify(pid);
    }
    return std::nullopt;
  }
  /// Kills `whom`, again and again a little later into a restore, and sees that nothing is left of it.
  void expect_clean_after_killing(const std::function<std::optional<os::ProcessId>()>& whom) {
    int failed = 0;
    for (const int delay_ms : {0, 60, 200}) {
      std::jthread killer([&, delay_ms](const std::stop_token& stop) {
        while (!stop.stop_requested() && !copier()) std::this_thread::yield();
        clock_.sleep_until(clock_.now() + std::chrono::milliseconds(delay_ms), stop);
        if (const auto process = whom()) os::send_signal(*process, SIGKILL);
      });
      try {
        const auto copy = bank_.restore(RestoreType::latest_point, "copy");
        EXPECT_EQ(bank_.sum(copy), Bank::total);
        bank_.remove(copy.id);
      } catch (const base::Error&) {
        ++failed;
      }
      killer.request_stop();
      killer.join();
      bank_.make_so(bank_.source, {.running = true});
      EXPECT_EQ(databases_.find({}).size(), 1U);
      EXPECT_EQ(folders(), 1U);
    }
    EXPECT_GT(failed, 0) << "nothing was killed in time";
    EXPECT_EQ(bank_.sum(bank_.restore(RestoreType::latest_point, "copy")), Bank::total);
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, LocalFault, families, family_name);

/// Whoever restarts a server to let users in dies before it stops, between, or after it has started.
TEST_P(LocalFault, WhatWasLeftInARestartRunsAgainAndOpens) {
  provider::local::Catalogue rows(bank_.home.catalogue());
  for (const char* left : {"rebooting", "starting", "stopping"})
    for (const bool dead : {false, true}) {
      const auto id = bank_.restore(RestoreType::latest_point, "copy").id;
      const auto server = provider::local::make_server(bank_.home, GetParam(), id, 0)->process();
      ASSERT_TRUE(server);
      if (dead) os::send_signal(*server, SIGKILL);
      const auto deadline = clock_.now() + std::chrono::minutes(1);
      while (dead && os::is_running(*server) && clock_.now() < deadline) std::this_thread::yield();
      rows.change(id, [&](provider::local::Row& row) { row.status = left; });
      const auto runs = bank_.make_so(id, {.running = true});
      EXPECT_EQ(runs.status, "available") << left << (dead ? ", dead" : "");
      EXPECT_FALSE(runs.open);
      EXPECT_TRUE(bank_.make_so(id, {.open = true}).open);
      bank_.make_so(id, {.master_password = base::Secret("copy")});
      EXPECT_EQ(databases_.login(id, base::Secret("copy"), "")->scalar("SELECT 1"), "1");
      bank_.remove(id);
    }
}

/// As mariadb-backup does at times of itself.
TEST_P(LocalFault, ACopyingProgramThatCrashesIsStartedAgain) {
  std::atomic<int> crashes = 0;
  std::jthread crasher([&](const std::stop_token& stop) {
    std::optional<os::ProcessId> process;
    while (!stop.stop_requested() && !(process = copier())) std::this_thread::yield();
    if (process && os::send_signal(*process, SIGSEGV)) ++crashes;
  });
  const auto copy = bank_.restore(RestoreType::latest_point, "copy");
  crasher.request_stop();
  crasher.join();
  EXPECT_EQ(crashes, 1);
  EXPECT_EQ(bank_.sum(copy), Bank::total);
  EXPECT_EQ(folders(), 2U);
}

TEST_P(LocalFault, ASourceWhoseServerDiedIsNotAskedAgain) {
  const auto server = provider::local::make_server(bank_.home, GetParam(), bank_.source, 0)->process();
  ASSERT_TRUE(server);
  os::send_signal(*server, SIGKILL);
  const auto deadline = clock_.now() + std::chrono::minutes(1);
  while (os::is_running(*server) && clock_.now() < deadline) std::this_thread::yield();
  try {
    bank_.restore(RestoreType::latest_point, "copy");
    FAIL() << "copied from nobody";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code, "InvalidDBInstanceState") << error.message;
    EXPECT_FALSE(error.retryable);
  }
  EXPECT_EQ(databases_.find({}).size(), 1U);
}

TEST_P(LocalFault, StrictChecksFindDamageThatASampleDoesNotReach) {
  make_tables(7);
  const auto file = file_of("t6");
  const auto snapshot = databases_.create_snapshot(bank_.source, "damaged", bank_.budget());
  damage(bank_.home.snapshot(snapshot.id) / "data" / file);
  const auto sampled = bank_.restore(RestoreType::from_snapshot, "sampled", "damaged");
  bank_.remove(sampled.id);
  bank_.home.strict_checks = true;
  EXPECT_THROW(bank_.restore(RestoreType::from_snapshot, "strict", "damaged"), base::Error);
  EXPECT_EQ(databases_.find({}).size(), 1U);
  EXPECT_EQ(folders(), 1U);
  EXPECT_EQ(bank_.sum(bank_.restore(RestoreType::latest_point, "whole")), Bank::total);
}

TEST_P(LocalFault, DamageInTheLargestTableIsFoundWithoutThem) {
  make_tables(1);
  const auto file = file_of("t0");
  const auto snapshot = databases_.create_snapshot(bank_.source, "damaged", bank_.budget());
  damage(bank_.home.snapshot(snapshot.id) / "data" / file);
  EXPECT_THROW(bank_.restore(RestoreType::from_snapshot, "copy", "damaged"), base::Error);
  EXPECT_EQ(folders(), 1U);
}

/// A copy of a reference to a file is a reference to the same file.
TEST_P(LocalFault, DataOutsideOfTheDataFolderIsRefusedByThePlanAndByTheCopy) {
  if (!postgres()) GTEST_SKIP() << "our MariaDB servers put nothing there; AdoptedMariaDb has those that do";
  const Temporary outside;
  os::give_to(outside.path(), *os::owner_of(bank_.home.instance(bank_.source)));
  administrate()->execute("CREATE TABLESPACE far LOCATION '" + outside.path().string() + "'", 0);
  const auto objections = databases_.check(
      {.restore = {.source = bank_.source, .name = "copy", .type = RestoreType::latest_point}});
  ASSERT_EQ(objections.size(), 1U);
  EXPECT_EQ(objections.front().about, provider::Objection::About::source);
  EXPECT_THROW(bank_.restore(RestoreType::latest_point, "copy"), base::Error);
  EXPECT_THROW(databases_.create_snapshot(bank_.source, "s", bank_.budget()), base::Error);
  EXPECT_EQ(folders(), 1U);
}

TEST_P(LocalFault, AKilledCopierLeavesNothing) {
  make_tables(8);
  expect_clean_after_killing([this] { return copier(); });
}

TEST_P(LocalFault, AKilledSourceLeavesNothing) {
  make_tables(8);
  expect_clean_after_killing(
      [this] { return provider::local::make_server(bank_.home, GetParam(), bank_.source, 0)->process(); });
}

TEST_P(LocalFault, WhoLooksAroundInItsFolderIsNotTakenForTheServer) {
  const auto server = provider::local::make_server(bank_.home, GetParam(), bank_.source, 0);
  const auto visitor = os::start({.argv = {"sleep", "1000"},
                                  .user = server->account(),
                                  .folder = server->data(),
                                  .output = "/dev/null"});
  bank_.make_so(bank_.source, {.running = false});
  EXPECT_FALSE(server->process());
  EXPECT_EQ(databases_.get(bank_.source)->status, "stopped");
  bank_.make_so(bank_.source, {.running = true});
  EXPECT_NE(server->process(), visitor);
  EXPECT_TRUE(os::is_running(visitor));
  os::send_signal(visitor, SIGKILL);  // an account's processes go with it, and it with its database
}

/// Each process has objects of its own: what one of them began goes on while the next one is asked.
TEST_P(LocalFault, TwoWhoRemoveTheSameAreBothDone) {
  for (int i = 0; i < 8; ++i) {
    const auto id = bank_.restore(RestoreType::latest_point, "copy").id;
    provider::local::Databases other(bank_.home, bank_.secrets, clock_);
    {
      const std::jthread first([&] { bank_.remove(id); });
      const auto deadline = clock_.now() + std::chrono::minutes(1);
      while (std::holds_alternative<provider::Pending>(other.remove(id, bank_.budget())) &&
             clock_.now() < deadline)
        std::this_thread::yield();
    }
    EXPECT_FALSE(databases_.get(id));
  }
  EXPECT_EQ(folders(), 1U);
}

/// Homes of the first release: root opened the logs, and MariaDB's administrator was whoever the operating
/// system said.
TEST_P(LocalFault, AServerThatAnEarlierReleaseStartedIsTakenOver) {
  const auto server = provider::local::make_server(bank_.home, GetParam(), bank_.source, 0);
  const auto root = os::Ids{.uid = 0, .gid = 0, .name = "root"};
  os::remove_tree(server->folder() / "administrator");
  os::give_to(server->folder() / "server.log", root);
  if (!postgres()) {
    try {
      bank_.restore(RestoreType::latest_point, "early");
      ADD_FAILURE() << "there was no login";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code, "StartedByAnother");
      EXPECT_THAT(error.hint, testing::HasSubstr("local stop"));
    }
  }
  bank_.make_so(bank_.source, {.running = false});
  EXPECT_TRUE(bank_.make_so(bank_.source, {.running = true}).open);
  EXPECT_EQ(bank_.sum(bank_.restore(RestoreType::latest_point, "copy")), Bank::total);
}

/// PostgreSQL's segment of System V memory outlives it when it is killed.
TEST_P(LocalFault, AKilledDatabaseThatIsDeletedLeavesNoMemory) {
  const auto server = provider::local::make_server(bank_.home, GetParam(), bank_.source, 0);
  std::string segment;
  if (postgres()) {
    std::ifstream in(server->data() / "postmaster.pid");
    for (std::string line; std::getline(in, line);) {
      unsigned long key = 0, id = 0;
      if (std::sscanf(line.c_str(), "%lu %lu", &key, &id) == 2) segment = std::to_string(id);
    }
    ASSERT_NE(segment, "");
  }
  os::send_signal(*server->process(), SIGKILL);
  bank_.remove(bank_.source);
  std::ifstream in("/proc/sysvipc/shm");
  for (std::string key, id; in >> key >> id; std::getline(in, key))
    EXPECT_NE(id, segment) << "it is still there";
  EXPECT_EQ(folders(), 0U);
}

}  // namespace
}  // namespace tests
