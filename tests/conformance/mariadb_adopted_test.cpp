// MariaDB servers as their package makes them, adopted with exactly the rights that docs/adopting.md names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/conformance/host.h"
#include "tests/conformance/strange_mariadb.h"
#include "tests/port.h"

namespace tests {
namespace {

using testing::HasSubstr;

constexpr const char* by_files = "RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR";
constexpr const char* by_dump =
    "SELECT, EXECUTE, RELOAD, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT, BINLOG MONITOR";

class AdoptedMariaDb : public testing::Test {
 protected:
  static void fill(const StrangeMariaDb& stranger, const std::string& rights) {
    const auto admin = stranger.administrate();
    admin->query("SET sql_mode = ''");
    for (const std::string& each : std::vector<std::string>{
             "CREATE DATABASE shop",
             "CREATE TABLE shop.t (a INT, at TIMESTAMP NULL)",
             "INSERT INTO shop.t VALUES (7, NULL)",
             "CREATE DEFINER = root@localhost FUNCTION shop.seven() RETURNS INT READS SQL DATA RETURN "
             "(SELECT a FROM shop.t "
             "LIMIT 1)",
             "CREATE DEFINER = root@localhost VIEW shop.v AS SELECT shop.seven() AS a",
             "CREATE EVENT shop.e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
             "CREATE TRIGGER shop.r BEFORE INSERT ON shop.t FOR EACH ROW SET NEW.a = NEW.a",
             "CREATE USER app@'web01.corp.example' IDENTIFIED BY 'app'",
             "GRANT SELECT ON shop.* TO app@'web01.corp.example'",
             "CREATE USER owner@'web01.corp.example' IDENTIFIED BY 'owner'",
             "GRANT ALL ON *.* TO owner@'web01.corp.example'",
             "CREATE USER root@'strange-host' IDENTIFIED BY 'root'",
             "GRANT ALL ON *.* TO root@'strange-host' WITH GRANT OPTION",
             "CREATE ROLE readers",
             "GRANT SELECT ON shop.* TO readers",
             "GRANT readers TO app@'web01.corp.example'",
             "CREATE USER reader@'%' IDENTIFIED BY 'reads'",
             "CREATE USER reader@localhost IDENTIFIED BY 'reads'",
             "GRANT " + rights + " ON *.* TO reader@'%'",
             "GRANT " + rights + " ON *.* TO reader@localhost"})
      admin->query(each);
  }
  std::string adopt(const StrangeMariaDb& stranger, bool network, const std::string& user = "reader") {
    return host_.databases
        .adopt({.name = "stranger",
                .socket = network ? "" : stranger.socket().string(),
                .host = network ? "127.1" : "",
                .port = stranger.port,
                .user = user,
                .password = base::Secret("reads"),
                .master_user = "owner",
                .db_name = "shop"},
               host_.budget())
        .id;
  }
  provider::RestoreRequest request(const std::string& id) {
    return {.source = id, .name = "copy", .shape = {.port = any_port()}};
  }
  void expect_whole_copy(const std::string& id) {
    const auto problems = host_.databases.check({.restore = request(id)});
    ASSERT_EQ(problems.size(), 1U) << problems.back().message;
    EXPECT_THAT(problems[0].message, testing::EndsWith("copies do not take over: lock_wait_timeout"));
    EXPECT_EQ(problems[0].weight, provider::Objection::Weight::warning);
    const auto made = host_.restore(request(id));
    host_.make_so(made.database.id, {.master_password = base::Secret("dev")});
    host_.make_so(made.database.id, {.open = true});
    const auto session = sql::connect({.family = "mariadb",
                                       .host = "127.0.0.1",
                                       .port = host_.databases.get(made.database.id)->port,
                                       .user = "owner",
                                       .password = base::Secret("dev")},
                                      std::chrono::seconds(10));
    EXPECT_EQ(session->scalar("SELECT a FROM shop.v"), "7");
    for (const auto& [table, schema] :
         {std::pair("routines", "routine_schema"), std::pair("events", "event_schema"),
          std::pair("triggers", "trigger_schema")})
      EXPECT_EQ(session->scalar("SELECT COUNT(*) FROM information_schema." + std::string(table) + " WHERE " +
                                schema + " = 'shop'"),
                "1")
          << table;
    EXPECT_EQ(session->scalar("SELECT @@sql_mode"), "ANSI_QUOTES,NO_BACKSLASH_ESCAPES");
    EXPECT_EQ(session->scalar("SELECT @@optimizer_search_depth"), "7");
    EXPECT_EQ(session->scalar("SELECT @@time_zone"), "+02:00");
    EXPECT_EQ(session->scalar("SELECT @@character_set_server"), "latin2");
    EXPECT_EQ(session->scalar("SELECT @@tx_isolation"), "READ-COMMITTED");
    EXPECT_EQ(session->scalar("SELECT @@explicit_defaults_for_timestamp"), "0");
    const auto admin =
        sql::connect(host_.databases.administrator(made.database.id), std::chrono::seconds(10));
    EXPECT_EQ(admin->scalar("SELECT COUNT(*) FROM mysql.global_priv WHERE User = 'app' AND Priv LIKE "
                            "'%\"account_locked\": true%'"),
              "1");
    EXPECT_EQ(admin->scalar("SELECT COUNT(*) FROM mysql.global_priv WHERE User = ''"), "0");
    EXPECT_EQ(
        admin->scalar("SELECT COUNT(*) FROM mysql.roles_mapping WHERE Role = 'readers' AND User = 'app'"),
        "1");
  }

  static inline const std::vector<std::string> settings = {"--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES",
                                                           "--default-time-zone=+02:00",
                                                           "--character-set-server=latin2",
                                                           "--transaction-isolation=READ-COMMITTED",
                                                           "--explicit-defaults-for-timestamp=0",
                                                           "--optimizer-search-depth=7",
                                                           "--lock-wait-timeout=60",
                                                           "--slow-query-log=ON"};
  Temporary folder_;
  Host host_{folder_.path()};
};

TEST_F(AdoptedMariaDb, IsCopiedWholeOverTheNetwork) {
  const StrangeMariaDb stranger(settings);
  fill(stranger, by_dump);
  expect_whole_copy(adopt(stranger, true));
}

TEST_F(AdoptedMariaDb, IsCopiedWholeByItsFiles) {
  const StrangeMariaDb stranger(settings);
  fill(stranger, by_files);
  expect_whole_copy(adopt(stranger, false));
}

/// Root reaches it, and so does the copy; the log is received by an account that is nobody there.
TEST_F(AdoptedMariaDb, ALogBehindASocketThatItsReceiverDoesNotReachIsRefusedForThat) {
  if (os::current_user().uid != 0) GTEST_SKIP() << "all is one account's";
  const StrangeMariaDb stranger;
  fill(stranger, std::string(by_files) + ", REPLICATION SLAVE");
  const provider::local::AdoptRequest request{.name = "logged",
                                              .socket = stranger.socket().string(),
                                              .port = stranger.port,
                                              .user = "reader",
                                              .password = base::Secret("reads"),
                                              .master_user = "owner",
                                              .retention_days = 7,
                                              .db_name = "shop"};
  os::fs::permissions(stranger.folder(), os::fs::perms(0700));
  try {
    host_.databases.adopt(request, host_.budget());
    ADD_FAILURE() << "adopted";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code, "SocketOutOfReach") << error.message;
    EXPECT_THAT(error.message, HasSubstr(stranger.socket().string()));
    EXPECT_THAT(error.hint, HasSubstr("--host 127.0.0.1"));
  }
  EXPECT_TRUE(host_.databases.find(provider::Selector{}).empty());
  os::fs::permissions(stranger.folder(), os::fs::perms(0711));
  EXPECT_TRUE(host_.databases.restorable(host_.databases.adopt(request, host_.budget()).id).window);
}

/// A copy of a reference to a file is a reference to the same file.
TEST_F(AdoptedMariaDb, DataOutsideOfItsDataFolderIsRefusedByThePlanAndByTheCopy) {
  const StrangeMariaDb stranger;
  fill(stranger, by_files);
  const Temporary outside;
  const std::string place = "DATA DIRECTORY = '" + outside.path().string() + "'";
  stranger.run({"CREATE TABLE shop.part (a INT) PARTITION BY HASH (a) (PARTITION p0 " + place + ")"});
  const auto id = adopt(stranger, false);
  stranger.run({"CREATE TABLE shop.my (a INT) ENGINE = MyISAM " + place});
  std::string said;
  for (const auto& each : host_.databases.check({.restore = request(id)})) {
    EXPECT_EQ(each.about, provider::Objection::About::source);
    EXPECT_EQ(each.weight, provider::Objection::Weight::problem);
    said += each.message + "\n";
  }
  EXPECT_THAT(said, HasSubstr("shop/part"));
  EXPECT_THAT(said, HasSubstr("shop/my.MYD"));
  EXPECT_THROW(host_.restore(request(id)), base::Error);
}

TEST_F(AdoptedMariaDb, WhatItsUserMayNotSeeIsSaidAndNotLeftOut) {
  const StrangeMariaDb stranger;
  fill(stranger, by_dump);
  for (const std::string host : {"'%'", "localhost"})
    stranger.run({"CREATE USER narrow@" + host + " IDENTIFIED BY 'reads'",
                  "GRANT SELECT, SHOW VIEW, EVENT, LOCK TABLES ON shop.* TO narrow@" + host,
                  "GRANT RELOAD ON *.* TO narrow@" + host});
  try {
    adopt(stranger, true, "narrow");
    ADD_FAILURE() << "adopted";
  } catch (const base::Error& error) {
    EXPECT_THAT(error.message, HasSubstr("'narrow', who lacks SELECT, EXECUTE, SHOW VIEW, TRIGGER, EVENT, "
                                         "LOCK TABLES, BINLOG MONITOR on *.*"));
  }
  EXPECT_TRUE(host_.databases.find(provider::Selector{}).empty());
  try {
    adopt(stranger, false, "narrow");
    ADD_FAILURE() << "adopted";
  } catch (const base::Error& error) {
    EXPECT_THAT(error.message, HasSubstr("'narrow', who lacks PROCESS, LOCK TABLES, BINLOG MONITOR on *.*"));
  }
  const auto id = adopt(stranger, true);
  stranger.run({"REVOKE TRIGGER ON *.* FROM reader@'%'", "REVOKE TRIGGER ON *.* FROM reader@localhost"});
  const auto problems = host_.databases.check({.restore = request(id)});
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems[0].message, HasSubstr("'stranger': is read by 'reader', who lacks TRIGGER on *.*"));
  EXPECT_THROW(host_.restore(request(id)), base::Error);
}

TEST_F(AdoptedMariaDb, OfAnotherKindOrANewerOneIsRefusedByItsVersion) {
  StrangeMariaDb stranger;
  fill(stranger, by_dump);
  for (const auto& [version, message] :
       {std::pair("--version=8.0.36", "is MySQL 8.0.36, whose data MariaDB cannot take"),
        std::pair("--version=99.1.0-MariaDB", "is MariaDB 99.1.0-MariaDB, newer than 10.")}) {
    stranger.kill();
    stranger.start({version});
    try {
      adopt(stranger, false);
      ADD_FAILURE() << "adopted " << version;
    } catch (const base::Error& error) {
      EXPECT_THAT(error.message, HasSubstr(message));
    }
  }
  const auto problems = host_.databases.check({.restore = request(adopt(stranger, true))});
  ASSERT_EQ(problems.size(), 1U) << "statements of a newer one may be understood";
  EXPECT_NE(problems[0].weight, provider::Objection::Weight::problem);
}

}  // namespace
}  // namespace tests
