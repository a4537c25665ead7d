// Sources that are not ours: reached over the network, with the right to replicate and nothing installed
// there.
#include <gmock/gmock.h>

#include <signal.h>

#include "base/error.h"
#include "tests/conformance/with_bank.h"

namespace tests {
namespace {

using provider::RestoreType;
using namespace std::chrono_literals;
using testing::HasSubstr;

const base::Secret stream_password("st'r\\eam \"pw");

/// `bank_` plays the stranger; `databases` adopts it.
class Adopted : public WithBank {
 protected:
  Adopted() { allow_replication(); }
  ~Adopted() override {
    for (const auto& each : databases.list()) databases.remove(each.id, bank_.budget());
  }
  void allow_replication() {
    const auto admin = administrate();
    const std::string password = admin->quote(stream_password.reveal());
    if (!postgres()) {
      admin->execute("CREATE USER stream@'127.0.0.1' IDENTIFIED BY " + password, 0);
      admin->execute(
          "GRANT REPLICATION SLAVE, BINLOG MONITOR, PROCESS, SELECT, EXECUTE, RELOAD, LOCK TABLES, SHOW "
          "VIEW, "
          "TRIGGER, EVENT "
          "ON "
          "*.* TO stream@'127.0.0.1'",
          0);
      return;
    }
    admin->execute("CREATE ROLE stream LOGIN REPLICATION PASSWORD " + password, 0);
    const auto access = bank_.home.instance(bank_.source) / "hba.conf";
    os::write_file_atomic(
        access, os::read_file(access) + "host replication stream 127.0.0.1/32 scram-sha-256\n", 0600);
    os::give_to(access, *os::owner_of(access.parent_path()));
    admin->query("SELECT pg_reload_conf()");
  }
  /// By an address of this host which does not say that it is this host.
  std::string adopt(int retention_days, const std::string& host = "127.1") {
    return databases
        .adopt({.name = "stranger",
                .engine = GetParam(),
                .host = host,
                .port = databases_.get(bank_.source)->port,
                .user = "stream",
                .password = stream_password,
                .retention_days = retention_days},
               bank_.budget())
        .id;
  }
  provider::Restored restore(const std::string& id, RestoreType type,
                             std::optional<base::Time> time = std::nullopt) {
    return databases.restore({.source = id,
                              .name = "copy",
                              .type = type,
                              .time = time,
                              .port = os::any_free_port(),
                              .settings = base::Json::object()},
                             bank_.budget());
  }
  std::optional<os::ProcessId> receiver_of(const std::string& id) {
    return os::find_working_in(os::fs::canonical(home.archive(id)), provider::local::receiver_programs());
  }
  void kill_receiver(const std::string& id) {
    os::kill_working_in(home.archive(id), provider::local::receiver_programs());
  }
  int number(const std::string& id, const std::string& query) {
    databases.set_master_password(id, base::Secret("copy"));
    return std::stoi(databases.login(id, base::Secret("copy"))->scalar(query).value_or("-1"));
  }
  void expect_whole(const std::string& id, int at_least) {
    EXPECT_EQ(number(id, "SELECT SUM(balance) FROM account"), Bank::total);
    EXPECT_GE(number(id, "SELECT COUNT(*) FROM done"), at_least);
  }

  Temporary elsewhere_;
  provider::local::Home home = provider::local::open_home(elsewhere_.path());
  provider::local::Secrets secrets{home};
  provider::local::Databases databases{home, secrets};
};
INSTANTIATE_TEST_SUITE_P(Engines, Adopted, families, family_name);

TEST_P(Adopted, IsCopiedOverTheNetworkWhileItIsWrittenTo) {
  const auto admin = administrate();
  admin->execute("CREATE VIEW rich AS SELECT * FROM account WHERE balance > 100", 0);
  if (postgres()) {
    admin->execute("ALTER VIEW rich OWNER TO admin", 0);
  } else {
    admin->execute("CREATE USER `o'brien`@`%` IDENTIFIED BY 'x'", 0);
    admin->execute("CREATE DATABASE `odd \"na'me`", 0);
    admin->execute("CREATE TABLE `odd \"na'me`.`t;t` AS SELECT 'quo\\'te' AS a, x'00ff' AS b", 0);
  }
  bank_.write();
  const int before = bank_.acknowledged;
  const auto id = adopt(0);
  const auto made = restore(id, RestoreType::latest_point);
  expect_whole(made.database.id, before);
  EXPECT_GE(number(made.database.id, "SELECT COUNT(*) FROM rich"), 0);
  EXPECT_THAT(made.method, HasSubstr(postgres() ? "hot copy by pg_basebackup" : "copy by mariadb-dump"));
  EXPECT_THAT(made.method, HasSubstr("not a running server of ours"));
  if (!postgres()) {
    EXPECT_EQ(number(made.database.id,
                     "SELECT COUNT(*) FROM `odd \"na'me`.`t;t` WHERE a = 'quo\\'te' AND b = x'00ff'"),
              1);
    EXPECT_EQ(sql::connect(databases.administrator(made.database.id), 10s)
                  ->scalar("SELECT COUNT(*) FROM mysql.global_priv WHERE User = 'o''brien' AND Priv LIKE "
                           "'%\"account_locked\": true%'"),
              "1");
  }
  EXPECT_FALSE(databases.window(id)) << "its log is not kept";
  const auto problems = databases.check({.source = id,
                                         .name = "x",
                                         .type = RestoreType::restore_point,
                                         .time = clock_.now(),
                                         .port = os::any_free_port(),
                                         .settings = base::Json::object()},
                                        "", base::Json::object());
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems[0].message, HasSubstr("is not kept; databases made or adopted with --retention-days"));
}

TEST_P(Adopted, AnySecondSinceItWasAdoptedCanBeRestored) {
  bank_.write();
  const auto id = adopt(7, "127.0.0.1");  // MariaDB: by its files
  bank_.wait_for_next_second();
  const int before = bank_.acknowledged;
  bank_.wait_for_next_second();
  const auto moment = std::chrono::floor<std::chrono::seconds>(clock_.now());
  const int after = bank_.acknowledged;
  bank_.wait_for_next_second();
  auto made = restore(id, RestoreType::restore_point, moment);
  expect_whole(made.database.id, before);
  EXPECT_LE(number(made.database.id, "SELECT COUNT(*) FROM done"), after + 1);
  databases.remove(made.database.id, bank_.budget());

  // Nothing that was committed is missing, however far the receiver is behind.
  bank_.stop_writing();
  bank_.wait_for_next_second();
  made = restore(id, RestoreType::restore_point, std::chrono::floor<std::chrono::seconds>(clock_.now()));
  EXPECT_EQ(number(made.database.id, "SELECT COUNT(*) FROM done"), bank_.acknowledged);
  databases.remove(made.database.id, bank_.budget());

  // The source is lost: what we received is still there.
  const auto source = provider::local::make_server(bank_.home, GetParam(), bank_.source, 0);
  os::send_signal(*source->process(), SIGKILL);
  source->stop(bank_.budget());
  ASSERT_TRUE(databases.window(id));
  EXPECT_LT(databases.window(id)->to, clock_.now());
  EXPECT_THROW(
      restore(id, RestoreType::restore_point, std::chrono::floor<std::chrono::seconds>(clock_.now())),
      base::Error);
  made = restore(id, RestoreType::restore_point, moment);
  expect_whole(made.database.id, before);
}

TEST_P(Adopted, AReceiverThatEndedGoesOnAndAGapIsMended) {
  const auto id = adopt(7);
  const auto birth = databases.window(id);
  ASSERT_TRUE(birth);
  kill_receiver(id);  // as by a reboot
  databases.start_all(bank_.budget(),
                      [](const std::string&, const base::Error& error) { ADD_FAILURE() << error.message; });
  EXPECT_TRUE(receiver_of(id));

  kill_receiver(id);
  const auto admin = administrate();
  if (postgres()) {
    admin->execute("ALTER SYSTEM SET wal_keep_size = 0", 0);
    admin->query("SELECT pg_reload_conf()");
  }
  for (int i = 0; i < 4; ++i) {
    admin->execute("UPDATE account SET balance = balance", 0);
    admin->query(postgres() ? "SELECT pg_switch_wal()" : "FLUSH BINARY LOGS");
    if (postgres()) admin->execute("CHECKPOINT", 0);
  }
  const auto deadline = clock_.now() + 30s;
  while (!postgres() && clock_.now() < deadline && admin->query("SHOW BINARY LOGS").table.size() > 1) {
    // Not while a dump is being read from it, or InnoDB has not yet all that is in it on its disk.
    admin->execute("PURGE BINARY LOGS TO " + admin->quote(admin->scalar("SHOW MASTER STATUS").value_or("")),
                   0);
    clock_.sleep_until(clock_.now() + 50ms, {});
  }
  databases.back_up(id, bank_.budget());
  const auto mended = databases.window(id);
  ASSERT_TRUE(mended);
  EXPECT_GT(mended->from, birth->from) << "the log before has a gap";
  bank_.wait_for_next_second();
  bank_.wait_for_next_second();
  expect_whole(restore(id, RestoreType::restore_point, std::chrono::floor<std::chrono::seconds>(clock_.now()))
                   .database.id,
               0);
}

TEST_P(Adopted, WhatItGoesWithLeavesNothing) {
  const auto id = adopt(7);
  const auto receiver = receiver_of(id);
  ASSERT_TRUE(receiver);
  databases.remove(id, bank_.budget());
  EXPECT_FALSE(os::is_running(*receiver));
  for (const char* folder : {"instances", "snapshots", "archive"})
    EXPECT_TRUE(os::fs::is_empty(home.storage / folder)) << folder;
}

TEST_P(Adopted, WithoutTheRightToReplicateItIsNotAdopted) {
  administrate()->execute(postgres() ? "ALTER ROLE stream NOREPLICATION"
                                     : "REVOKE REPLICATION SLAVE ON *.* FROM stream@'127.0.0.1'",
                          0);
  EXPECT_THROW(adopt(7), base::Error);
  EXPECT_TRUE(databases.list().empty());
  for (const char* folder : {"instances", "snapshots", "archive"})
    EXPECT_TRUE(os::fs::is_empty(home.storage / folder)) << folder;
}

}  // namespace
}  // namespace tests
