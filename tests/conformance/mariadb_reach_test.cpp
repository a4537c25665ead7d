// What a master user of MariaDB reaches: the databases of users, and nothing outside of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "provider/local/mariadb_server.h"
#include "tests/conformance/host.h"
#include "tests/conformance/strange_mariadb.h"

namespace tests {
namespace {

using provider::RestoreType;

class MariaDbReach : public testing::Test {
 protected:
  std::string make(const std::string& name) {
    return host_.databases
        .create_new({.name = name, .master_password = secret_, .db_name = "shop", .retention_days = 0},
                    host_.budget())
        .id;
  }
  std::string adopt(const StrangeMariaDb& stranger, const std::string& user, const std::string& master) {
    return host_.databases
        .adopt({.name = "stranger",
                .socket = stranger.socket(),
                .user = user,
                .password = base::Secret("reads"),
                .master_user = master,
                .db_name = "shop"},
               host_.budget())
        .id;
  }
  std::string copy(const std::string& of, const std::string& name) {
    return host_.restore({.source = of, .name = name}).database.id;
  }
  /// A copy as it is when developers get it, and a session of theirs.
  std::string opened_copy(const std::string& of, const std::string& name) {
    const auto id = copy(of, name);
    host_.make_so(id, {.master_password = secret_});
    host_.make_so(id, {.open = true});
    return id;
  }
  std::unique_ptr<sql::Connection> login(const std::string& id, const std::string& user,
                                         const std::string& password) {
    return sql::connect({.family = "mariadb",
                         .host = "127.0.0.1",
                         .port = host_.databases.get(id)->port,
                         .user = user,
                         .password = base::Secret(password)},
                        std::chrono::seconds(10));
  }
  static bool works(sql::Connection& session, const std::string& statement) {
    try {
      session.query(statement);
      return true;
    } catch (const base::Error&) {
      return false;
    }
  }
  void expect_confined(const std::string& id);
  void expect_useful(const std::string& id);

  const base::Secret secret_{"the master's"};
  Temporary folder_;
  Host host_{folder_.path()};
};

const char* const outside[] = {
    "SELECT COUNT(*) FROM mysql.global_priv",
    "SELECT COUNT(*) FROM mysql.user",
    "SELECT COUNT(*) FROM mysql.column_stats",
    "UPDATE mysql.global_priv SET Priv = '{}'",
    "INSERT INTO mysql.plugin VALUES ('a', 'b')",
    "DELETE FROM mysql.db",
    "CREATE TABLE mysql.new_one (a INT)",
    "CREATE TABLE shop.stolen LIKE mysql.global_priv",
    "CREATE TABLE shop.stolen AS SELECT * FROM mysql.global_priv",
    "CREATE VIEW shop.stolen AS SELECT * FROM mysql.global_priv",
    "CREATE PROCEDURE mysql.p() SELECT 1",
    "CREATE EVENT mysql.e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
    "LOCK TABLES mysql.global_priv READ",
    "HANDLER mysql.global_priv OPEN",
    "ANALYZE TABLE mysql.global_priv",
    "CALL sys.execute_prepared_stmt('SELECT COUNT(*) FROM mysql.global_priv')",
    "GRANT ALL ON *.* TO CURRENT_USER()",
    "GRANT SUPER ON *.* TO CURRENT_USER()",
    "GRANT FILE ON *.* TO CURRENT_USER()",
    "GRANT CREATE USER ON *.* TO CURRENT_USER()",
    "GRANT SELECT ON mysql.* TO CURRENT_USER()",
    "GRANT SELECT ON `mysq_`.* TO CURRENT_USER()",
    "GRANT SELECT ON `%`.* TO CURRENT_USER()",
    "GRANT SELECT ON `m%`.* TO made",
    "GRANT SELECT ON `%`.* TO made",
    "GRANT SELECT ON mysql.global_priv TO made",
    "GRANT SELECT ON *.* TO PUBLIC",
    "GRANT ALL ON `%`.* TO PUBLIC",
    "GRANT PROXY ON root@localhost TO CURRENT_USER()",
    "GRANT EXECUTE ON dbrefresh.* TO made",
    "GRANT SELECT ON shop.* TO unknown@'%' IDENTIFIED BY 'x'",
    "GRANT SELECT ON shop.* TO ADMINISTRATOR@localhost IDENTIFIED BY 'x'",
    "REVOKE ALL PRIVILEGES ON mysql.* FROM CURRENT_USER()",
    "CREATE USER other",
    "CREATE ROLE r",
    "ALTER USER ADMINISTRATOR@localhost IDENTIFIED BY 'x'",
    "ALTER USER root@localhost IDENTIFIED BY 'x'",
    "RENAME USER root@localhost TO root@'%'",
    "DROP USER root@localhost",
    "SET PASSWORD FOR ADMINISTRATOR@localhost = PASSWORD('x')",
    "SET ROLE ADMINISTRATOR",
    "SHOW GRANTS FOR ADMINISTRATOR@localhost",
    "CREATE DEFINER = root@localhost VIEW shop.v AS SELECT 1",
    "CREATE DEFINER = ADMINISTRATOR@localhost PROCEDURE shop.q() SELECT 1",
    "CREATE OR REPLACE PROCEDURE dbrefresh.create_login() SELECT 1",
    "DROP PROCEDURE dbrefresh.create_login",
    "ALTER PROCEDURE dbrefresh.create_login SQL SECURITY INVOKER",
    "DROP DATABASE mysql",
    "DROP DATABASE dbrefresh",
    "INSTALL SONAME 'ha_connect'",
    "CREATE FUNCTION f RETURNS STRING SONAME 'f.so'",
    "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'production')",
    "SELECT 1 INTO OUTFILE '/tmp/out-of-reach'",
    "SELECT 1 INTO DUMPFILE 'out-of-reach'",
    "LOAD DATA INFILE '/etc/passwd' INTO TABLE shop.made_one",
    "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE shop.made_one",
    "CHANGE MASTER TO master_host = 'production'",
    "SET GLOBAL general_log = ON",
    "SET GLOBAL secure_file_priv = ''",
    "SET GLOBAL event_scheduler = ON",
    "SHUTDOWN",
    "CALL dbrefresh.create_login('ADMINISTRATOR', '%', 'x')",
    "CALL dbrefresh.create_login('made` IDENTIFIED BY ''x''; --', '%', 'x')",
    "CALL dbrefresh.create_login('other', '%`', 'x')",
    "CALL dbrefresh.set_login_password('ADMINISTRATOR', 'localhost', 'x')",
    "CALL dbrefresh.set_login_password('dbrefresh_scripts', 'localhost', 'x')",
    "CALL dbrefresh.set_login_password('mariadb.sys', 'localhost', 'x')",
    "CALL dbrefresh.drop_login('ADMINISTRATOR', 'localhost')",
    "CALL dbrefresh.own_database('mysql')",
    "CALL dbrefresh.own_database('MySQL')",
    "CALL dbrefresh.own_database('mysq_')",
    "CALL dbrefresh.own_database('%')",
};

void MariaDbReach::expect_confined(const std::string& id) {
  const auto session = login(id, "admin", secret_.reveal());
  session->query("CALL dbrefresh.create_login('made', '%', 'made')");
  session->query("CREATE TABLE shop.made_one (a VARCHAR(1000))");
  const auto administrator = host_.databases.administrator(id).user;
  for (std::string statement : outside) {
    constexpr std::string_view name = "ADMINISTRATOR";
    if (const auto at = statement.find(name); at != std::string::npos)
      statement.replace(at, name.size(),
                        statement[at - 1] == '\'' ? administrator : "`" + administrator + "`");
    EXPECT_FALSE(works(*session, statement)) << statement;
  }
  EXPECT_EQ(session->scalar("SELECT LOAD_FILE('/etc/passwd')"), std::nullopt);
  session->query("CREATE TABLE shop.placed (a INT) ENGINE = MyISAM DATA DIRECTORY = '/tmp'");
  EXPECT_FALSE(os::fs::exists("/tmp/placed.MYD"));
  EXPECT_EQ(
      session->scalar("SELECT COUNT(*) FROM information_schema.user_privileges WHERE is_grantable = 'YES'"),
      "0");
  const auto server = provider::local::make_server(host_.home, "mariadb", id, 0);
  EXPECT_EQ(session->scalar("SELECT @@secure_file_priv"), (server->folder() / "files/").string());
  EXPECT_FALSE(works(*login(id, "made", "made"), "SELECT * FROM shop.made_one"));
  session->query("GRANT SELECT ON shop.* TO made");
  EXPECT_TRUE(works(*login(id, "made", "made"), "SELECT * FROM shop.made_one"));
}

void MariaDbReach::expect_useful(const std::string& id) {
  const auto session = login(id, "admin", secret_.reveal());
  for (const char* statement :
       {"CREATE DATABASE new_one", "CREATE TABLE new_one.t (a INT)", "INSERT INTO new_one.t VALUES (1)",
        "CREATE VIEW new_one.v AS SELECT * FROM new_one.t",
        "CREATE PROCEDURE new_one.p() SELECT * FROM new_one.v", "CALL new_one.p()",
        "CREATE TRIGGER new_one.r BEFORE INSERT ON new_one.t FOR EACH ROW SET NEW.a = 2",
        "CREATE EVENT new_one.e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
        "CREATE TEMPORARY TABLE new_one.s (a INT)", "LOCK TABLES new_one.t WRITE", "UNLOCK TABLES",
        "CALL dbrefresh.create_login('app', '%', 'it''s \\\\ \"')", "CALL dbrefresh.own_database('new_one')",
        "GRANT SELECT, INSERT ON new_one.* TO app", "CALL dbrefresh.set_login_password('app', '%', 'other')",
        "GRANT ALL ON shop.* TO app WITH GRANT OPTION"})
    EXPECT_TRUE(works(*session, statement)) << statement;
  EXPECT_EQ(login(id, "app", "other")->scalar("SELECT a FROM new_one.t"), "1");
  session->query("CALL dbrefresh.drop_login('app', '%')");
  session->query("DROP DATABASE new_one");
}

TEST_F(MariaDbReach, OfAServerThatWeMadeAndOfItsCopiesIsTheDatabasesOfUsers) {
  const auto made = make("made");
  expect_useful(made);
  sql::connect(host_.databases.administrator(made), std::chrono::seconds(10))
      ->query("CREATE PROCEDURE shop.of_administrator(s TEXT) EXECUTE IMMEDIATE s");
  const auto first = opened_copy(made, "first");
  const auto second = opened_copy(first, "second");
  for (const auto& id : {first, second})
    EXPECT_FALSE(works(*login(id, "admin", secret_.reveal()),
                       "CALL shop.of_administrator('SELECT * FROM mysql.global_priv')"));
  for (const auto& id : {made, first, second}) {
    expect_confined(id);
    expect_useful(id);
  }
}

/// Whoever runs code in a server is its account on this host.
TEST_F(MariaDbReach, OfTheAccountThatAServerRunsAsIsNoLogin) {
  const auto made = make("made");
  for (const auto& id : {made, opened_copy(made, "copy")}) {
    const auto server = provider::local::make_server(host_.home, "mariadb", id, 0);
    for (const auto& user : {std::string("root"), server->account().name}) {
      const auto tried = os::run({.argv = {"mariadb", "--no-defaults", "--user=" + user,
                                           "--socket=" + (server->folder() / "socket").string(),
                                           "--execute=SELECT 'in as', CURRENT_USER()"},
                                  .user = server->account()},
                                 host_.clock, host_.clock.now() + std::chrono::minutes(1), {});
      EXPECT_NE(tried.exit_code, 0) << tried.output;
      EXPECT_THAT(tried.output, testing::HasSubstr("Access denied"));
    }
    EXPECT_EQ(sql::connect(host_.databases.administrator(id), std::chrono::seconds(10))
                  ->scalar("SELECT COUNT(*) FROM mysql.global_priv WHERE Priv LIKE '%unix_socket%'"),
              "0");
  }
}

TEST_F(MariaDbReach, OfACopyOfAnAdoptedServerIsTheDatabasesOfUsersWhateverItsAccountsHad) {
  const StrangeMariaDb stranger;
  stranger.run({
      "CREATE DATABASE shop",
      "CREATE TABLE shop.t (a INT)",
      "INSERT INTO shop.t VALUES (7)",
      "CREATE USER reader@localhost IDENTIFIED BY 'reads'",
      "GRANT ALL ON *.* TO reader@localhost",
      "CREATE USER admin@'%' IDENTIFIED BY 'in production'",
      "GRANT ALL ON *.* TO admin@'%' WITH GRANT OPTION",
      "CREATE USER wide@'%' IDENTIFIED BY 'wide'",
      "GRANT ALL ON `%`.* TO wide@'%'",
      "GRANT SELECT ON `m%`.* TO wide@'%'",
      "GRANT SELECT ON mysql.global_priv TO wide@'%'",
      "CREATE USER named@'web01.corp.example' IDENTIFIED BY 'named'",
      "CREATE ROLE mighty",
      "GRANT ALL ON *.* TO mighty WITH GRANT OPTION",
      "GRANT mighty TO admin@'%' WITH ADMIN OPTION",
      "GRANT PROXY ON root@localhost TO admin@'%'",
      "CREATE DEFINER = root@localhost PROCEDURE shop.anything(s TEXT) EXECUTE IMMEDIATE s",
      "CREATE DEFINER = root@localhost VIEW shop.secrets AS SELECT * FROM mysql.global_priv",
      "CREATE DEFINER = root@localhost VIEW shop.mine AS SELECT * FROM shop.t",
  });
  const auto source = adopt(stranger, "reader", "admin");
  const auto id = opened_copy(source, "copy");
  expect_confined(id);
  expect_useful(id);
  const auto session = login(id, "admin", secret_.reveal());
  EXPECT_EQ(session->scalar("SELECT a FROM shop.mine"), "7")
      << "definers keep what they had in databases of users";
  for (const char* statement :
       {"SELECT * FROM shop.secrets", "CALL shop.anything('SELECT 1 INTO OUTFILE \"/tmp/out-of-reach\"')",
        "CALL shop.anything('SELECT * FROM mysql.global_priv')", "CALL shop.anything('CREATE USER x')",
        "CALL shop.anything('SET GLOBAL general_log = ON')",
        "CALL shop.anything('GRANT SELECT ON `%`.* TO admin')"})
    EXPECT_FALSE(works(*session, statement)) << statement;
  session->query("SET ROLE mighty");
  EXPECT_FALSE(works(*session, "SELECT * FROM mysql.global_priv"));
  session->query("CALL dbrefresh.set_login_password('wide', '%', 'again')");
  const auto wide = login(id, "wide", "again");
  EXPECT_EQ(wide->scalar("SELECT a FROM shop.t"), "7");
  EXPECT_FALSE(works(*wide, "SELECT * FROM mysql.global_priv"));
  EXPECT_FALSE(works(*wide, "SELECT * FROM mysql.db"));
}

TEST_F(MariaDbReach, PasswordsOfProductionOpenNothingEvenUnlocked) {
  const auto made = make("made");
  const auto producer = sql::connect(host_.databases.administrator(made), std::chrono::seconds(10));
  producer->query("CREATE USER app@'%' IDENTIFIED BY 'app'");
  producer->query(
      "CREATE USER ops@localhost IDENTIFIED VIA unix_socket OR mysql_native_password USING PASSWORD('ops')");
  const auto id = copy(made, "copy");
  EXPECT_THROW(host_.databases.login(id, secret_, ""), base::Error) << "the master's";
  const auto admin = sql::connect(host_.databases.administrator(id), std::chrono::seconds(10));
  admin->query("ALTER USER app@'%' ACCOUNT UNLOCK");
  admin->query("ALTER USER ops@localhost ACCOUNT UNLOCK");
  host_.make_so(id, {.open = true});
  EXPECT_THROW(login(id, "app", "app"), base::Error);
  EXPECT_THROW(login(id, "ops", "ops"), base::Error);
}

TEST_F(MariaDbReach, NoStatisticsOfUnmaskedRowsSurvive) {
  const auto made = make("made");
  const auto master = host_.databases.login(made, secret_, "");
  master->query("CREATE TABLE shop.people (name VARCHAR(100), INDEX (name))");
  master->query("INSERT INTO shop.people VALUES ('Ada Lovelace'), ('Zuse')");
  const auto producer = sql::connect(host_.databases.administrator(made), std::chrono::seconds(10));
  producer->query("ANALYZE TABLE shop.people PERSISTENT FOR ALL");
  producer->query("SET GLOBAL log_output = 'TABLE', general_log = ON");
  producer->query("SELECT 'Ada Lovelace'");
  producer->query("SET GLOBAL general_log = OFF");
  const auto id = opened_copy(made, "copy");
  const auto admin = sql::connect(host_.databases.administrator(id), std::chrono::seconds(10));
  for (const char* table : {"column_stats", "index_stats", "table_stats", "general_log", "slow_log"})
    EXPECT_EQ(admin->scalar(std::string("SELECT COUNT(*) FROM mysql.") + table), "0") << table;
  EXPECT_NE(producer->scalar("SELECT COUNT(*) FROM mysql.column_stats"), "0");
  EXPECT_EQ(admin->scalar("SELECT COUNT(*) FROM shop.people"), "2");
}

TEST_F(MariaDbReach, ScriptsChangeAndGrantAllOfUsersAndNothingElse) {
  const auto made = make("made");
  const auto producer = sql::connect(host_.databases.administrator(made), std::chrono::seconds(10));
  producer->query("CREATE DATABASE other_one");
  producer->query("CREATE TABLE other_one.t AS SELECT 'real' AS a");
  producer->query("CREATE USER app@'%' IDENTIFIED BY 'app'");
  const auto id = copy(made, "copy");
  host_.make_so(id, {.master_password = secret_});
  const auto server = provider::local::make_server(host_.home, "mariadb", id, 0);
  const auto scripts = sql::connect(server->admit_scripts("admin"), std::chrono::seconds(10));
  for (const char* statement :
       {"UPDATE other_one.t SET a = 'mask'", "GRANT SELECT ON other_one.* TO app@'%'",
        "ALTER USER app@'%' IDENTIFIED BY 'dev' ACCOUNT UNLOCK", "CREATE USER wide@'%' IDENTIFIED BY 'wide'",
        "GRANT ALL ON shop.* TO wide@'%'", "CREATE DATABASE third", "CREATE TABLE third.t AS SELECT 1 AS a",
        "CALL dbrefresh.own_database('third')", "GRANT SELECT ON third.* TO app@'%'",
        "CREATE PROCEDURE third.anything(s TEXT) EXECUTE IMMEDIATE s"})
    EXPECT_TRUE(works(*scripts, statement)) << statement;
  for (const char* statement :
       {"SELECT 1 INTO OUTFILE '/tmp/out-of-reach'", "SELECT * FROM mysql.global_priv",
        "DELETE FROM mysql.db", "GRANT FILE ON *.* TO wide@'%'", "GRANT CREATE USER ON *.* TO wide@'%'",
        "GRANT SELECT ON *.* TO wide@'%'", "GRANT ALL ON `%`.* TO wide@'%'",
        "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'production')",
        "SET GLOBAL general_log = ON", "CREATE OR REPLACE PROCEDURE dbrefresh.create_login() SELECT 1"})
    EXPECT_FALSE(works(*scripts, statement)) << statement;
  host_.make_so(id, {.open = true});
  EXPECT_EQ(login(id, "app", "dev")->scalar("SELECT a FROM other_one.t"), "mask");
  EXPECT_EQ(login(id, "app", "dev")->scalar("SELECT a FROM third.t"), "1");
  EXPECT_FALSE(works(*login(id, "wide", "wide"), "SELECT * FROM mysql.global_priv"));
  const auto master = login(id, "admin", secret_.reveal());
  EXPECT_FALSE(works(*master, "CALL third.anything('CREATE USER x')"));
  EXPECT_FALSE(works(*master, "CALL third.anything('SELECT * FROM mysql.global_priv')"));
  EXPECT_FALSE(works(*master, "CALL third.anything('DELETE FROM mysql.db')"));
  EXPECT_TRUE(works(*master, "CALL third.anything('UPDATE other_one.t SET a = 1')"));
  expect_confined(id);
}

/// What a role, or everybody, is given holds at once, also for who gave it.
TEST_F(MariaDbReach, ScriptsReachNothingOutsideByARoleOfTheirs) {
  const auto made = make("made");
  const auto id = copy(made, "copy");
  const auto server = provider::local::make_server(host_.home, "mariadb", id, 0);
  const auto scripts = sql::connect(server->admit_scripts("admin"), std::chrono::seconds(10));
  for (const char* statement :
       {"CREATE ROLE mighty", "GRANT ALL ON `%`.* TO mighty", "GRANT ALL ON `mysq_`.* TO mighty",
        "GRANT ALL ON shop.* TO mighty", "GRANT mighty TO CURRENT_USER()", "SET ROLE mighty",
        "GRANT ALL ON `%`.* TO PUBLIC", "GRANT ALL ON `mysq_`.* TO PUBLIC", "CREATE DATABASE `mysq_`",
        "CREATE DATABASE `mysql_`", "CALL dbrefresh.own_database('mysq_')",
        "CALL dbrefresh.own_database('mysql_')", "GRANT ALL ON `mysq_`.* TO PUBLIC",
        "GRANT ALL ON `mysql%`.* TO PUBLIC"}) {
    works(*scripts, statement);
    EXPECT_FALSE(works(*scripts, "SELECT COUNT(*) FROM mysql.global_priv")) << statement;
    EXPECT_FALSE(works(*scripts, "INSERT INTO mysql.proc SELECT * FROM mysql.proc LIMIT 0")) << statement;
  }
  EXPECT_EQ(scripts->scalar("SELECT CURRENT_ROLE()"), "mighty");
}

TEST_F(MariaDbReach, NoHistoryOfMaskedRowsSurvives) {
  const char* const tables[] = {"plain", "in_parts", "guarded", "of_transactions"};
  const auto made = make("made");
  const auto master = host_.databases.login(made, secret_, "shop");
  master->query("CREATE TABLE plain (name VARCHAR(100)) WITH SYSTEM VERSIONING");
  master->query(
      "CREATE TABLE in_parts (name VARCHAR(100)) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION "
      "p0 HISTORY, PARTITION p1 CURRENT)");
  master->query("CREATE TABLE guarded (name VARCHAR(100)) WITH SYSTEM VERSIONING");
  master->query(
      "CREATE TRIGGER guard BEFORE DELETE ON guarded FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = "
      "'kept'");
  master->query(
      "CREATE TABLE of_transactions (name VARCHAR(100), s BIGINT UNSIGNED GENERATED ALWAYS AS ROW START, e "
      "BIGINT UNSIGNED GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) ENGINE = InnoDB WITH "
      "SYSTEM VERSIONING");
  for (const std::string table : tables) {
    master->query("INSERT INTO " + table + " (name) VALUES ('Ada')");
    master->query("UPDATE " + table + " SET name = 'Ada Lovelace'");
  }
  const auto id = copy(made, "copy");
  host_.make_so(id, {.master_password = secret_});
  {
    const auto server = provider::local::make_server(host_.home, "mariadb", id, 0);
    const auto scripts = sql::connect(server->admit_scripts("admin"), std::chrono::seconds(10));
    for (const std::string table : tables) scripts->query("UPDATE shop." + table + " SET name = 'masked'");
  }
  host_.make_so(id, {.open = true});
  const auto unmasked = opened_copy(made, "unmasked");
  for (const std::string table : tables) {
    const auto names = "SELECT GROUP_CONCAT(name ORDER BY 1) FROM shop." + table + " FOR SYSTEM_TIME ALL";
    EXPECT_EQ(login(id, "admin", secret_.reveal())->scalar(names), "masked") << table;
    EXPECT_EQ(login(unmasked, "admin", secret_.reveal())->scalar(names), "Ada,Ada Lovelace") << table;
  }
}

TEST_F(MariaDbReach, NoTransactionThatWasPreparedBeforeTheMaskingIsCommittedAfterIt) {
  const auto made = make("made");
  const auto master = host_.databases.login(made, secret_, "");
  master->query("CREATE TABLE shop.people (name VARCHAR(100))");
  master->query("XA START 'pending'");
  master->query("INSERT INTO shop.people VALUES ('Ada Lovelace')");
  master->query("XA END 'pending'");
  master->query("XA PREPARE 'pending'");
  const auto id = opened_copy(made, "copy");
  const auto inside = login(id, "admin", secret_.reveal());
  EXPECT_FALSE(works(*inside, "XA COMMIT 'pending'"));
  EXPECT_EQ(inside->scalar("SELECT COUNT(*) FROM shop.people"), "0");
}

}  // namespace
}  // namespace tests
