// Sources that are not ours: reached over the network, with the right to replicate and nothing installed
// there.
#include <gmock/gmock.h>

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "base/error.h"
#include "tests/conformance/with_bank.h"
#include "tests/processes.h"

namespace tests {
namespace {

using provider::RestoreType;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const base::Secret stream_password("st'r\\eam \"pw");

/// Takes connections, and never says a word.
class Silent {
 public:
  explicit Silent(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int yes = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd_, 16), 0);
  }
  Silent(const Silent&) = delete;
  ~Silent() { ::close(fd_); }

 private:
  int fd_;
};

/// `bank_` plays the stranger; `databases` adopts it.
class Adopted : public WithBank {
 protected:
  Adopted() { allow_replication(); }
  ~Adopted() override {
    for (const auto& each : databases.find({})) remove(each.id);
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
    return databases.adopt(adoption(retention_days, host), bank_.budget()).id;
  }
  provider::local::AdoptRequest adoption(int retention_days, const std::string& host) {
    return {.name = "stranger",
            .engine = GetParam(),
            .host = host,
            .port = databases_.get(bank_.source)->port,
            .user = "stream",
            .password = stream_password,
            .retention_days = retention_days,
            .db_name = "bank"};
  }
  provider::Restored restore(const std::string& id, RestoreType type,
                             std::optional<base::Time> time = std::nullopt) {
    const provider::RestoreRequest request{
        .token = os::random_text(8), .source = id, .name = "copy", .type = type, .time = time};
    return provider::local::finished(bank_.budget(),
                                     [&] { return databases.restore(request, bank_.budget()); });
  }
  void remove(const std::string& id) {
    provider::local::finished(bank_.budget(), [&] { return databases.remove(id, bank_.budget()); });
  }
  std::optional<os::ProcessId> receiver_of(const std::string& id) {
    return os::find_working_in(os::fs::canonical(home.archive(id)), provider::local::receiver_programs());
  }
  void kill_receiver(const std::string& id) {
    os::kill_working_in(home.archive(id), provider::local::receiver_programs());
  }
  /// The receiver may log in no more: what can be restored when it has said so, or in a minute.
  provider::local::Restorable lock_out(const std::string& id) {
    administrate()->execute(
        postgres() ? "ALTER ROLE stream NOLOGIN" : "ALTER USER stream@'127.0.0.1' ACCOUNT LOCK", 0);
    return once_it_says(locked_out(), id, [this] { drop_sessions(); });
  }
  std::string locked_out() const { return postgres() ? "not permitted to log in" : "account is locked"; }
  /// Those of the receiver; one that logs in just now is not seen yet.
  void drop_sessions() {
    administrate()->query(postgres()
                              ? "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = "
                                "'stream'"
                              : "KILL USER stream@'127.0.0.1'");
  }
  void let_in() {
    administrate()->execute(
        postgres() ? "ALTER ROLE stream LOGIN" : "ALTER USER stream@'127.0.0.1' ACCOUNT UNLOCK", 0);
  }
  /// The source throws away the log that it has written until now.
  void recycle_log() {
    const auto admin = administrate();
    if (postgres()) {
      admin->execute("ALTER SYSTEM SET wal_keep_size = 0", 0);
      admin->query("SELECT pg_reload_conf()");
    }
    const std::string current =
        admin
            ->scalar(postgres() ? "SELECT pg_walfile_name(pg_current_wal_insert_lsn())"
                                : "SHOW MASTER STATUS")
            .value_or("");
    const auto deadline = clock_.now() + 30s;
    do {
      admin->execute("UPDATE account SET balance = balance", 0);
      admin->query(postgres() ? "SELECT pg_switch_wal()" : "FLUSH BINARY LOGS");
      // Not before it is archived; not while a dump is being read from it, or InnoDB has not yet all that is
      // in it on its disk.
      admin->execute(postgres() ? "CHECKPOINT"
                                : "PURGE BINARY LOGS TO " +
                                      admin->quote(admin->scalar("SHOW MASTER STATUS").value_or("")),
                     0);
    } while (has_log_until(*admin, current) && clock_.sleep_until(clock_.now() + 50ms, {}) &&
             clock_.now() < deadline);
    EXPECT_FALSE(has_log_until(*admin, current));
  }
  bool has_log_until(sql::Connection& admin, const std::string& last) {
    const auto names = admin
                           .query(postgres() ? "SELECT name FROM pg_ls_waldir() WHERE length(name) = 24"
                                             : "SHOW BINARY LOGS")
                           .table;
    return std::ranges::any_of(names, [&](const auto& row) { return row.at(0).value_or("") <= last; });
  }
  /// What can be restored, when its fault says `why`, or in a minute.
  provider::local::Restorable once_it_says(
      const std::string& why, const std::string& id, const std::function<void()>& meanwhile = [] {}) {
    const auto deadline = clock_.now() + 60s;
    auto now = databases.restorable(id);
    while (now.reason.find(why) == std::string::npos && clock_.now() < deadline) {
      meanwhile();
      clock_.sleep_until(clock_.now() + 200ms, {});
      now = databases.restorable(id);
    }
    return now;
  }
  int number(const std::string& id, const std::string& query) {
    provider::local::finished(bank_.budget(), [&] {
      return databases.make_so(id, {.master_password = base::Secret("copy")}, bank_.budget());
    });
    return std::stoi(databases.login(id, base::Secret("copy"), "")->scalar(query).value_or("-1"));
  }
  void expect_whole(const std::string& id, int at_least) {
    EXPECT_EQ(number(id, "SELECT SUM(balance) FROM account"), Bank::total);
    EXPECT_GE(number(id, "SELECT COUNT(*) FROM done"), at_least);
  }

  Temporary elsewhere_;
  provider::local::Home home = provider::local::open_home(elsewhere_.path());
  provider::local::Secrets secrets{home};
  provider::local::Databases databases{home, secrets, clock_};
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
  EXPECT_FALSE(databases.restorable(id).window) << "its log is not kept";
  const auto objections = databases.check(
      {.restore = {.source = id, .name = "x", .type = RestoreType::restore_point, .time = clock_.now()}});
  ASSERT_EQ(objections.size(), 1U);
  EXPECT_THAT(objections[0].message,
              HasSubstr("is not kept; databases made or adopted with --retention-days"));
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
  remove(made.database.id);

  // Nothing that was committed is missing, however far the receiver is behind.
  bank_.stop_writing();
  bank_.wait_for_next_second();
  made = restore(id, RestoreType::restore_point, std::chrono::floor<std::chrono::seconds>(clock_.now()));
  EXPECT_EQ(number(made.database.id, "SELECT COUNT(*) FROM done"), bank_.acknowledged);
  remove(made.database.id);

  // The source is lost: what we received is still there.
  const auto source = provider::local::make_server(bank_.home, GetParam(), bank_.source, 0);
  os::send_signal(*source->process(), SIGKILL);
  source->stop(bank_.budget());
  bank_.wait_for_next_second();  // of this one what we received may be all
  ASSERT_TRUE(databases.restorable(id).window);
  EXPECT_LT(databases.restorable(id).window->to, clock_.now());
  EXPECT_THROW(
      restore(id, RestoreType::restore_point, std::chrono::floor<std::chrono::seconds>(clock_.now())),
      base::Error);
  made = restore(id, RestoreType::restore_point, moment);
  expect_whole(made.database.id, before);
}

TEST_P(Adopted, AReceiverThatEndedGoesOnAndAGapIsMended) {
  const auto id = adopt(7);
  const auto birth = databases.restorable(id).window;
  ASSERT_TRUE(birth);
  kill_receiver(id);  // as by a reboot
  databases.start_all(bank_.budget(),
                      [](const std::string&, const base::Error& error) { ADD_FAILURE() << error.message; });
  EXPECT_TRUE(receiver_of(id));

  kill_receiver(id);
  recycle_log();
  databases.back_up(id, bank_.budget());
  const auto mended = databases.restorable(id).window;
  ASSERT_TRUE(mended);
  EXPECT_GT(mended->from, birth->from) << "the log before has a gap";
  bank_.wait_for_next_second();
  bank_.wait_for_next_second();
  expect_whole(restore(id, RestoreType::restore_point, std::chrono::floor<std::chrono::seconds>(clock_.now()))
                   .database.id,
               0);
}

TEST_P(Adopted, AWindowEndsWhereTheLogStandsStill) {
  using State = provider::local::Restorable::State;
  const auto id = adopt(7);
  EXPECT_EQ(databases.restorable(id).state, State::whole);
  kill_receiver(id);
  const auto behind = databases.restorable(id);
  EXPECT_EQ(behind.state, State::behind);
  EXPECT_THAT(behind.reason, HasSubstr("nothing receives it"));
  bank_.wait_for_next_second();
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now());
  EXPECT_THROW(restore(id, RestoreType::restore_point, now), base::Error);
  const auto objections = databases.check(
      {.restore = {.source = id, .name = "x", .type = RestoreType::restore_point, .time = now}});
  ASSERT_EQ(objections.size(), 1U);
  EXPECT_THAT(objections[0].message, HasSubstr("nothing receives it"));

  os::remove_tree(home.archive(id));  // a gap from the beginning on
  EXPECT_EQ(databases.restorable(id).state, State::none);
  EXPECT_THAT(databases.restorable(id).reason, HasSubstr("its log has a gap"));
  databases.back_up(id, bank_.budget());
  EXPECT_EQ(databases.restorable(id).state, State::whole);
}

TEST_P(Adopted, WhatReceivesNothingIsBegunAgainWithThePasswordOfToday) {
  const auto id = adopt(7);
  const base::Secret changed("changed since");
  administrate()->execute(
      (postgres() ? "ALTER ROLE stream PASSWORD " : "SET PASSWORD FOR stream@'127.0.0.1' = PASSWORD(") +
          administrate()->quote(changed.reveal()) + (postgres() ? "" : ")"),
      0);
  const auto before = receiver_of(id);
  secrets.put_pending(
      "local/" + id, base::Secret(base::Json{{"username", "stream"}, {"password", changed.reveal()}}.dump()));
  secrets.promote("local/" + id);
  databases.renew_login("local/" + id, bank_.budget());
  EXPECT_TRUE(receiver_of(id));
  EXPECT_NE(receiver_of(id), before);
  EXPECT_EQ(databases.restorable(id).state, provider::local::Restorable::State::whole);
}

TEST_P(Adopted, ALogIsReceivedWithoutAPasswordInAnEnvironment) {
  const auto archive = os::fs::canonical(home.archive(adopt(7)));
  int found = 0;
  for (const auto& entry : os::fs::directory_iterator("/proc")) {
    const int pid = std::atoi(entry.path().filename().c_str());
    if (pid == 0 || !os::works_in(pid, archive, provider::local::receiver_programs())) continue;
    ++found;
    for (const char* told : {"environ", "cmdline"}) {
      const std::string text = told_by(std::to_string(pid), told);
      EXPECT_THAT(text, Not(HasSubstr(stream_password.reveal()))) << told;
      EXPECT_THAT(text, Not(HasSubstr("MYSQL_PWD"))) << told;
    }
  }
  EXPECT_GT(found, 0);
  const auto file =
      archive / (postgres() ? provider::local::receiver_password : provider::local::receiver_options);
  EXPECT_EQ(os::fs::status(file).permissions(), os::fs::perms::owner_read | os::fs::perms::owner_write);
  EXPECT_EQ(os::owner_of(file)->uid, os::owner_of(archive)->uid);
}

TEST_P(Adopted, AReceiverThatIsRefusedEndsTheWindowAtOnce) {
  using State = provider::local::Restorable::State;
  const auto id = adopt(7);
  ASSERT_EQ(databases.restorable(id).state, State::whole);
  const auto now = lock_out(id);
  const std::string why = locked_out();
  EXPECT_EQ(now.state, State::behind);
  EXPECT_THAT(now.reason, HasSubstr("it cannot be received"));
  EXPECT_THAT(now.reason, HasSubstr(why));
  ASSERT_TRUE(now.window);
  EXPECT_LT(now.window->to, clock_.now());
  EXPECT_TRUE(receiver_of(id)) << "it goes on when it may";
  const auto objections = databases.check(
      {.restore = {.source = id, .name = "x", .type = RestoreType::restore_point, .time = clock_.now()}});
  ASSERT_FALSE(objections.empty());
  EXPECT_THAT(objections[0].message, HasSubstr(why));
}

TEST_P(Adopted, ALogThatTheSourceHasThrownAwayEndsTheWindowUntilTheNextBackup) {
  using State = provider::local::Restorable::State;
  const auto id = adopt(7);
  ASSERT_THAT(lock_out(id).reason, HasSubstr(locked_out()));
  recycle_log();
  const auto recycled = clock_.now();
  let_in();
  const std::string why = postgres() ? "has already been removed" : "Could not find first log file";
  const auto now = once_it_says(why, id);
  EXPECT_EQ(now.state, State::behind);
  EXPECT_THAT(now.reason, HasSubstr(why));
  ASSERT_TRUE(now.window);
  EXPECT_LT(now.window->to, recycled);
  databases.back_up(id, bank_.budget());
  const auto mended = databases.restorable(id);
  EXPECT_EQ(mended.state, State::whole) << mended.reason;
  ASSERT_TRUE(mended.window);
  EXPECT_GT(mended.window->from, recycled);
}

/// Its own status is asked for; nobody else's find waits for it.
TEST_P(Adopted, ADeadHostCostsNobodyElseAnything) {
  const auto id = adopt(0);
  auto login = databases.administrator(id);
  bank_.make_so(bank_.source, {.running = false});
  const Silent host(login.port);
  const auto began = clock_.now();
  const auto found = databases.find({.tags = {{"refresh-run", "x"}}});
  const auto all = databases.find({});
  EXPECT_FALSE(databases.find(provider::Kind::instance, "another"));
  EXPECT_LT(clock_.now() - began, 3s) << "a login to it takes five";
  EXPECT_TRUE(found.empty());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].status, "unknown");
  const auto deadline = clock_.now() + 60s;  // what was seen a moment ago is believed for some seconds
  while (databases.get(id)->status != "stopped" && clock_.now() < deadline)
    clock_.sleep_until(clock_.now() + 100ms, {});
  EXPECT_EQ(databases.get(id)->status, "stopped");
}

TEST_P(Adopted, OfSeveralDatabasesTheOneToUseIsNamed) {
  const auto admin = administrate();
  admin->execute("CREATE DATABASE another", 0);
  EXPECT_EQ(databases.get(adopt(0))->db_name, "bank");
  auto request = adoption(0, "127.1");
  request.name = "second";
  for (const char* wrong : {"", "nothing"}) {
    request.db_name = wrong;
    try {
      databases.adopt(request, bank_.budget());
      ADD_FAILURE() << "'" << wrong << "' was taken";
    } catch (const base::Error& error) {
      EXPECT_THAT(error.message, HasSubstr("another, bank"));
    }
  }
  EXPECT_EQ(databases.find({}).size(), 1U);
}

TEST_P(Adopted, WhatItGoesWithLeavesNothing) {
  const auto id = adopt(7);
  const auto receiver = receiver_of(id);
  ASSERT_TRUE(receiver);
  remove(id);
  EXPECT_FALSE(os::is_running(*receiver));
  for (const char* folder : {"instances", "snapshots", "archive"})
    EXPECT_TRUE(os::fs::is_empty(home.storage / folder)) << folder;
}

TEST_P(Adopted, WithoutTheRightToReplicateItIsNotAdopted) {
  administrate()->execute(postgres() ? "ALTER ROLE stream NOREPLICATION"
                                     : "REVOKE REPLICATION SLAVE ON *.* FROM stream@'127.0.0.1'",
                          0);
  EXPECT_THROW(adopt(7), base::Error);
  if (postgres()) {  // whose every copy is by replication
    try {
      adopt(0);
      ADD_FAILURE() << "adopted";
    } catch (const base::Error& error) {
      EXPECT_THAT(error.message, HasSubstr("takes no session for replication"));
    }
  }
  EXPECT_TRUE(databases.find({}).empty());
  for (const char* folder : {"instances", "snapshots", "archive"})
    EXPECT_TRUE(os::fs::is_empty(home.storage / folder)) << folder;
}

}  // namespace
}  // namespace tests
