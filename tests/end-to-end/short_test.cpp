// Short files, as people write them, on real servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "os/addresses.h"
#include "tests/end-to-end/program.h"

namespace tests {
namespace {

using base::Json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ShortFiles : public testing::Test {
 protected:
  ShortFiles() {
    os::fs::create_directories(home_.path() / "files");
    home_.make_production();
    write("mask.sql", "UPDATE customers SET email = 'masked@example.invalid';\n");
  }
  std::string write(const std::string& name, const std::string& text) {
    const auto path = home_.path() / "files" / name;
    os::fs::remove(path);
    std::ofstream(path) << text;
    return path;
  }
  std::string emails(const std::string& name) {
    return home_.sql(name, "SELECT DISTINCT email FROM customers;");
  }
  Home home_;
};

TEST_F(ShortFiles, AFewLinesRefreshEveryNight) {
  const auto file =
      write("dev.yaml", "refresh: dev\nfrom: mysqlinstp\ncheck_every: 1 s\nmask: {mysqldbp: [mask.sql]}\n");
  EXPECT_THAT(home_.must({"plan", file}), HasSubstr("mysqlinstp -> dev"));
  EXPECT_THAT(home_.must({"run", file}), HasSubstr("done: dev is refreshed"));
  EXPECT_EQ(emails("dev"), "masked@example.invalid\n");
  const Json first = home_.named("dev");
  // The second one replaces it, and people find it where it was.
  home_.must({"run", file});
  const Json second = home_.named("dev");
  EXPECT_NE(second["id"], first["id"]);
  EXPECT_EQ(second["port"], first["port"]);
  EXPECT_EQ(home_.json({"local", "list"}).size(), 2U);
}

/// Each database by its name: of one that nobody decided nothing is published.
TEST_F(ShortFiles, WhatNobodyDecidedIsRefused) {
  EXPECT_EQ(home_.sql("mysqlinstp", "CREATE DATABASE analytics;"), "");
  const auto refused =
      home_.run({"run", write("a.yaml", "refresh: dev\nfrom: mysqlinstp\nmask: {mysqldbp: clean}\n")});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("a.yaml:3:1: $.mask: nothing is said of 'analytics'"));
  const auto forgotten =
      home_.run({"run", write("a.yaml", "refresh: dev\nfrom: mysqlinstp\nmask: {analytics: clean}\n")});
  EXPECT_EQ(forgotten.exit_code, 2);
  EXPECT_THAT(forgotten.output, HasSubstr("$.mask: nothing is said of 'mysqldbp'"));
  const auto dropped = home_.run(
      {"run", write("a.yaml", "refresh: dev\nfrom: mysqlinstp\nmask: {analytics: drop, mysqldbp: drop}\n")});
  EXPECT_EQ(dropped.exit_code, 2);
  EXPECT_THAT(dropped.output, HasSubstr("'mysqldbp' is the initial database, which cannot be dropped"));
  home_.must(
      {"run",
       write("a.yaml", "refresh: dev\nfrom: mysqlinstp\nmask: {analytics: drop, mysqldbp: [mask.sql]}\n")});
  EXPECT_EQ(emails("dev"), "masked@example.invalid\n");
  EXPECT_THAT(home_.sql("dev", "SHOW DATABASES;"), Not(HasSubstr("analytics")));
}

TEST_F(ShortFiles, SeveralAreMadeAtOnceAndOneThatIsWrongKeepsNoOtherOne) {
  write("defaults.yaml", "from: mysqlinstp\ncheck_every: 1 s\nmask: {mysqldbp: [mask.sql]}\n");
  for (const char* name : {"one", "two", "three"})
    write(std::string(name) + ".yaml", "refresh: " + std::string(name) + "\n");
  write("wrong.yaml", "refresh: four\nmsk: 1\n");
  write("twice.yaml", "refresh: two\n");
  const auto folder = (home_.path() / "files").string();
  const auto done = home_.run({"run", folder, "--jobs", "3"});
  EXPECT_EQ(done.exit_code, 2) << done.output;
  EXPECT_THAT(done.output, AllOf(HasSubstr("2 of 5 databases refreshed in "),
                                 HasSubstr("wrong.yaml:2:1: $.msk: is not known here; did you mean 'mask'?"),
                                 HasSubstr("is refreshed by " + folder + "/twice.yaml too")));
  EXPECT_TRUE(home_.named("two").is_null());
  for (const char* name : {"one", "three"}) EXPECT_EQ(emails(name), "masked@example.invalid\n") << name;
  int refused = 0;
  for (const Json& each : home_.json({"list"})) refused += each["status"] == "REFUSED" ? 1 : 0;
  EXPECT_EQ(refused, 3);
}

/// A fault at the third statement costs no second copy, and what had run does not run again.
TEST_F(ShortFiles, AFaultInAScriptIsMendedAndGoneOnFrom) {
  const std::string file =
      write("dev.yaml",
            "refresh: dev\nfrom: mysqlinstp\ncheck_every: 1 s\nmask: {mysqldbp: [mask.sql, more.sql]}\n"
            "on_failure: {keep_copy: true}\n");
  const std::string begin =
      "SET @@sql_safe_updates = 0;\nUPDATE customers SET email = CONCAT('x', email);\n"
      "START TRANSACTION;\nUPDATE customers SET email = CONCAT('y', email);\n";
  write("mask.sql", begin + "UPDATE customer SET email = 'z';\nCOMMIT;\n");
  write("more.sql", "UPDATE customers SET email = CONCAT('more', email);\n");
  const auto failed = home_.run({"run", file});
  EXPECT_EQ(failed.exit_code, 1) << failed.output;
  EXPECT_THAT(failed.output, AllOf(HasSubstr("mask.sql:5: statement 5 of 6 failed"),
                                   HasSubstr("kept: dev-failed-"), HasSubstr(" retry ")));
  const std::string run = home_.json({"list"})[0]["run"];
  const Json kept = home_.named("dev-failed-" + run.substr(run.size() - 6));
  ASSERT_FALSE(kept.is_null());

  // As it is it fails again, and is kept again; what had run cannot be another.
  EXPECT_EQ(home_.run({"retry", run}).exit_code, 1);
  const std::string second = home_.json({"list"})[1]["run"];
  EXPECT_EQ(home_.run({"retry", run}).exit_code, 2) << "another run has it";
  write("mask.sql", "UPDATE customers SET email = 'other';\n" + begin + "COMMIT;\n");
  const auto refused = home_.run({"retry", second});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, AllOf(HasSubstr("dev.yaml:4:"), HasSubstr("is not as it was")));

  write("mask.sql", begin + "COMMIT;\n");
  const auto done = home_.run({"retry", second});
  EXPECT_EQ(done.exit_code, 0) << done.output;
  EXPECT_EQ(home_.named("dev")["id"], kept["id"]);
  const std::string raw =
      home_.sql("mysqlinstp", "SELECT DISTINCT email FROM customers ORDER BY id LIMIT 1;");
  EXPECT_EQ(home_.sql("dev", "SELECT email FROM customers ORDER BY id LIMIT 1;"), "moreyx" + raw);
  EXPECT_EQ(home_.json({"local", "list"}).size(), 2U);
}

TEST_F(ShortFiles, TheOldDatabaseStaysWhereItsFileSaysSo) {
  const auto file = write("dev.yaml",
                          "refresh: dev\nfrom: mysqlinstp\ncheck_every: 1 s\nmask: {mysqldbp: [mask.sql]}\n"
                          "replicas: [dev-r]\nold: {keep: forever}\n");
  home_.must({"run", file});
  home_.sql("dev", "CREATE TABLE of_developers (a INT);");
  for (int count = 1; count <= 2; ++count) {
    EXPECT_THAT(home_.must({"run", file}), HasSubstr("'dev' stays, closed to users, as 'dev-old-"));
    int kept = 0;
    for (const Json& each : home_.json({"local", "list"})) {
      const std::string name = each["name"];
      if (!name.starts_with("dev-old-")) continue;
      ++kept;
      EXPECT_EQ(each["open"], false) << name;
    }
    EXPECT_EQ(kept, count);
    EXPECT_EQ(home_.sql("dev", "SHOW TABLES LIKE 'of_developers';"), "");
  }
}

/// What the scripts leave must hold, or nobody gets it; what was asked may only read, and is told nobody.
TEST_F(ShortFiles, WhatMustHoldOfACopyIsAskedBeforeAnybodySeesIt) {
  const std::string head =
      "refresh: dev\nfrom: mysqlinstp\ncheck_every: 1 s\nmask: {mysqldbp: [mask.sql]}\n"
      "on_failure: {keep_copy: true}\n";
  const auto with = [&](const std::string& statement) {
    return write("dev.yaml", head + "assert: {mysqldbp: [SELECT 1 = 1, \"" + statement + "\"]}\n");
  };
  write("mask.sql", "UPDATE customers SET email = 'masked@example.invalid' WHERE id = 1;\n");
  const std::string no_other = "SELECT count(*) = 0 FROM customers WHERE email NOT LIKE '%@example.invalid'";
  const auto failed = home_.run({"run", with(no_other)});
  EXPECT_EQ(failed.exit_code, 1) << failed.output;
  EXPECT_THAT(failed.output, HasSubstr("assertion 2 of database 'mysqldbp' does not hold"));
  EXPECT_TRUE(home_.named("dev").is_null());
  // Nothing else than true is true, and no value is told.
  const std::string run = home_.json({"list"})[0]["run"];
  for (const char* each : {"SELECT email FROM customers LIMIT 1", "SELECT 1 FROM customers", "SELECT NULL"}) {
    with(each);
    const auto kept_closed = home_.run({"retry", home_.json({"list"}).back()["run"]});
    EXPECT_EQ(kept_closed.exit_code, 1) << kept_closed.output;
    EXPECT_THAT(kept_closed.output, AllOf(HasSubstr("does not hold"), Not(HasSubstr("@customers"))));
  }
  with("UPDATE customers SET email = 'x'");
  const auto writes = home_.run({"retry", home_.json({"list"}).back()["run"]});
  EXPECT_EQ(writes.exit_code, 1);
  EXPECT_THAT(writes.output, AllOf(HasSubstr("assertion 2 of database 'mysqldbp' failed"),
                                   HasSubstr("READ_ONLY_TRANSACTION")));
  // Another script mends it, on the same copy.
  write("rest.sql", "UPDATE customers SET email = 'masked@example.invalid' WHERE id > 1;\n");
  write("dev.yaml",
        "refresh: dev\nfrom: mysqlinstp\ncheck_every: 1 s\nmask: {mysqldbp: [mask.sql, rest.sql]}\n"
        "assert: {mysqldbp: \"" +
            no_other + "\"}\n");
  const auto done = home_.run({"retry", home_.json({"list"}).back()["run"]});
  EXPECT_EQ(done.exit_code, 0) << done.output;
  EXPECT_EQ(emails("dev"), "masked@example.invalid\n");
  write("dev.yaml", head + "assert: {nosuch: SELECT 1}\n");
  const auto refused = home_.run({"run", (home_.path() / "files/dev.yaml").string()});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("$.assert: 'nosuch' is no database that the copy will have"));
}

/// What it masked would be lost with its session. What a refused statement has committed does not run again.
TEST_F(ShortFiles, WhatATransactionLeavesIsKnownOrNotGoneOnWith) {
  const std::string file = write("dev.yaml",
                                 "refresh: dev\nfrom: mysqlinstp\ncheck_every: 1 s\n"
                                 "mask: {mysqldbp: [mask.sql]}\non_failure: {keep_copy: true}\n");
  const std::string reverse = "START TRANSACTION;\nUPDATE customers SET email = REVERSE(email);\n";
  write("mask.sql", reverse);
  const auto open = home_.run({"run", file});
  EXPECT_EQ(open.exit_code, 1) << open.output;
  EXPECT_THAT(open.output, HasSubstr("mask.sql ends within a transaction"));
  write("mask.sql", reverse + "CREATE TABLE customers (a INT);\nCOMMIT;\n");
  const auto in_part = home_.run({"run", file});
  EXPECT_EQ(in_part.exit_code, 1);
  EXPECT_THAT(in_part.output, HasSubstr("nobody knows how far its scripts came"));
  write("mask.sql", reverse + "COMMIT;\n");
  const auto unknown = home_.run({"retry", home_.json({"list"}).back()["run"].get<std::string>()});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.output, HasSubstr("nobody knows how far the scripts"));
  EXPECT_TRUE(home_.named("dev").is_null());
}

/// All of them once more, because somebody wants it so; not with what the copy was not made of.
TEST_F(ShortFiles, ARetryFromAStepDoesAllAnewFromThere) {
  const std::string head =
      "refresh: dev\ncheck_every: 1 s\nmask: {mysqldbp: [mask.sql]}\n"
      "on_failure: {keep_copy: true}\n";
  const std::string file = write("dev.yaml", head + "from: mysqlinstp\n");
  write("mask.sql", "UPDATE customers SET email = CONCAT('x', email);\nUPDATE nothing SET a = 1;\n");
  EXPECT_EQ(home_.run({"run", file}).exit_code, 1);
  const std::string run = home_.json({"list"})[0]["run"];
  for (const char* step : {"restore", "nosuchstep", "rename"}) {
    const auto refused = home_.run({"retry", run, "--from", step});
    EXPECT_EQ(refused.exit_code, 2) << step << refused.output;
  }
  write("dev.yaml", head + "from: {source: mysqlinstp, at: -1s}\n");
  const auto other = home_.run({"retry", run});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.output, HasSubstr("that takes a new copy"));
  write("dev.yaml", head + "from: mysqlinstp\n");
  write("mask.sql", "UPDATE customers SET email = CONCAT('again', email);\n");
  const auto done = home_.run({"retry", run, "--from", "runscripts"});
  EXPECT_EQ(done.exit_code, 0) << done.output;
  EXPECT_THAT(home_.sql("dev", "SELECT email FROM customers LIMIT 1;"), testing::StartsWith("againx"));
}

/// Somebody has refreshed it since: older data would take the place of newer.
TEST_F(ShortFiles, ARetryDoesNotGoBehindALaterRefresh) {
  const std::string file = write("dev.yaml",
                                 "refresh: dev\nfrom: mysqlinstp\ncheck_every: 1 s\n"
                                 "mask: {mysqldbp: [mask.sql]}\non_failure: {keep_copy: true}\n");
  write("mask.sql", "UPDATE nothing SET a = 1;\n");
  EXPECT_EQ(home_.run({"run", file}).exit_code, 1);
  const std::string failed = home_.json({"list"}).back()["run"];
  write("mask.sql", "UPDATE customers SET email = 'masked@example.invalid';\n");
  home_.must({"run", file});
  const Json serving = home_.named("dev");
  const auto refused = home_.run({"retry", failed});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("has refreshed instance/dev since run " + failed + " failed"));
  EXPECT_EQ(home_.named("dev")["id"], serving["id"]);
}

/// The file may say another time by now: what is shown is what the copy shows, and that is said and written.
TEST_F(ShortFiles, ARetryShowsTheTimeOfItsCopy) {
  const auto of = [&](const std::string& at) {
    return write("dev.yaml", "refresh: dev\nfrom: {source: mysqlinstp, at: " + at +
                                 "}\ncheck_every: 1 s\nmask: {mysqldbp: [mask.sql]}\n"
                                 "on_failure: {keep_copy: true}\n");
  };
  write("mask.sql", "UPDATE nothing SET a = 1;\n");
  base::SystemClock clock;
  const auto deadline = clock.now() + std::chrono::minutes(2);
  auto failed = home_.run({"run", of("-1s")});
  while (failed.exit_code == 2 && clock.now() < deadline) failed = home_.run({"run", of("-1s")});
  ASSERT_EQ(failed.exit_code, 1) << failed.output;
  write("mask.sql", "CREATE TABLE made (a INT);\n");
  of("-1h");
  const auto done = home_.run({"retry", home_.json({"list"}).back()["run"].get<std::string>()});
  EXPECT_EQ(done.exit_code, 0) << done.output;
  EXPECT_THAT(done.output, HasSubstr("note: the kept copy shows "));
  std::map<std::string, std::string> times;
  for (const Json& row : home_.json({"ledger"})) times[row["status"]] = row["restoredate"];
  EXPECT_EQ(times["completed"], times["failed"]);
}

/// What one shows of a moment the others show of the same.
TEST_F(ShortFiles, AGroupShowsOnePointInTime) {
  write("defaults.yaml",
        "from: {source: mysqlinstp, at: -1s}\ncheck_every: 1 s\ngroup: billing\nmask: {mysqldbp: clean}\n");
  const auto one = write("one.yaml", "refresh: one\nfrom: {at: latest}\n");
  const auto two = write("two.yaml", "refresh: two\n");
  const auto refused = home_.run({"run", one, two});
  EXPECT_EQ(refused.exit_code, 2) << refused.output;
  EXPECT_THAT(refused.output, HasSubstr("one.yaml:2:8: $.from.at: a group shows one point in time: say one"));
  write("one.yaml", "refresh: one\n");
  // A moment after production was made there is something to go back to.
  base::SystemClock clock;
  const auto deadline = clock.now() + std::chrono::minutes(2);
  auto done = home_.run({"run", one, two, "--jobs", "2"});
  while (done.exit_code == 2 && clock.now() < deadline) done = home_.run({"run", one, two, "--jobs", "2"});
  ASSERT_EQ(done.exit_code, 0) << done.output;
  std::map<std::string, std::string> times;  // of the newest of each
  for (const Json& row : home_.json({"ledger"}))
    if (row["status"] == "completed") times[row["dbinstance"]] = row["restoredate"];
  EXPECT_EQ(times.size(), 2U);
  EXPECT_EQ(times["one"], times["two"]);
}

/// By what is printed for clients, with a password of its secret.
TEST_F(ShortFiles, ADatabaseListensWhereItsFileSays) {
  std::string address;
  for (const auto& each : os::own_addresses())
    if (address.empty() && !os::is_ipv6(each)) address = each;
  if (address.empty()) GTEST_SKIP() << "this host has no address but loopback";
  const std::string head = "refresh: dev\nfrom: mysqlinstp\ncheck_every: 1 s\nmask: {mysqldbp: [mask.sql]}\n";
  const auto listen = [&](const std::string& what) {
    return write("a.yaml", head + "listen: {" + what + "}\n");
  };
  const auto foreign = home_.run({"run", listen("address: 198.51.100.7, networks: [10.0.0.0/8]")});
  EXPECT_EQ(foreign.exit_code, 2);
  EXPECT_THAT(foreign.output,
              AllOf(HasSubstr("a.yaml:5:10: $.listen.address: '198.51.100.7' is no address of "
                              "this host, which has 127.0.0.1, "),
                    HasSubstr("$.listen.networks: are PostgreSQL's")));
  EXPECT_THAT(home_.run({"validate", listen("address: nowhere, tls: {certificate: a.pem}")}).output,
              AllOf(HasSubstr("$.listen.address: 'nowhere' is no address of IPv4 or IPv6"),
                    HasSubstr("$.listen.tls.certificate: certificate and key go together")));

  const auto port = std::to_string(home_.port());
  os::write_file_atomic(home_.path() / "pw", "of another", 0600);
  home_.must({"local", "create", "other", "--listen", address, "--port", port, "--password-file",
              (home_.path() / "pw").string(), "--retention-days", "0"});
  const auto taken = home_.run({"plan", listen("address: " + address + ", port: " + port)});
  EXPECT_EQ(taken.exit_code, 2);
  EXPECT_THAT(taken.output, HasSubstr("$.listen.port: " + port + " is taken by instance other"));
  home_.must({"local", "delete", "other", "--force"});

  EXPECT_THAT(home_.must({"run", listen("address: " + address + ", port: " + port)}),
              AllOf(HasSubstr("connect: " + address + ":" + port), HasSubstr("TLS: demanded, proven by ")));
  const auto expect_reached = [&] {
    const auto printed = home_.must({"local", "connect", "dev", "--print"});
    EXPECT_THAT(printed, AllOf(HasSubstr("jdbc:mariadb://" + address + ":" + port + "/mysqldbp?user=admin"),
                               HasSubstr("sslMode=verify-full"), HasSubstr("export MYSQL_HOST='" + address),
                               HasSubstr("local secret dbrefresh/master/dev --reveal")));
    const Json view = home_.json({"local", "connect", "dev", "--print"});
    const Json secret = home_.json({"local", "secret", "dbrefresh/master/dev", "--reveal", "--yes"});
    EXPECT_EQ(secret["host"], address);
    EXPECT_THAT(printed, Not(HasSubstr(secret["password"].get<std::string>())));
    auto client = view["client"].get<std::string>();
    client.erase(client.find(" --password"), std::string(" --password").size());  // which asks a person
    base::SystemClock clock;
    const auto done = os::run({.argv = {"sh", "-c", client + " -NBe 'SELECT DISTINCT email FROM customers'"},
                               .environment = {"MYSQL_PWD=" + secret["password"].get<std::string>()}},
                              clock, clock.now() + std::chrono::minutes(1), {});
    EXPECT_EQ(done.output, "masked@example.invalid\n") << view.dump(2);
  };
  expect_reached();
  // A file that says nothing of it any more leaves it where it is.
  home_.must({"run", write("a.yaml", head)});
  expect_reached();
  EXPECT_EQ(home_.named("dev")["tls"], "require");
}

/// One of people's own is theirs to renew: they are told, once.
TEST_F(ShortFiles, ACertificateThatIsAboutToEndIsTold) {
  base::SystemClock clock;
  const auto make = [&](const std::string& days) {
    os::run_or_throw({.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", days,
                               "-subj", "/CN=own", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                               (home_.path() / "files/own.key").string(), "-out",
                               (home_.path() / "files/own.pem").string()}},
                     clock, clock.now() + std::chrono::minutes(1), {});
    os::fs::permissions(home_.path() / "files/own.key", os::fs::perms(0600));
  };
  make("3");
  home_.must({"run", write("a.yaml",
                           "refresh: dev\nfrom: mysqlinstp\ncheck_every: 1 s\nmask: {mysqldbp: [mask.sql]}\n"
                           "listen: {tls: {certificate: own.pem, key: own.key}}\n")});
  const auto told = [&] {
    std::vector<std::string> mails;
    for (const auto& each : os::fs::directory_iterator(home_.path() / "mail"))
      if (each.path().filename().string().starts_with("certificate-"))
        mails.push_back(os::read_file(each.path()));
    return mails;
  };
  ASSERT_EQ(told().size(), 1U);
  EXPECT_THAT(told()[0],
              AllOf(HasSubstr("instance dev: its certificate ends "),
                    HasSubstr("put a new one in its file; dbrefresh local backup --all has it shown")));
  make("300");
  home_.must({"local", "backup", "--all"});
  EXPECT_EQ(told().size(), 1U);
  EXPECT_GT(home_.named("dev")["certificateUntil"].get<std::string>(),
            base::iso_utc(clock.now() + std::chrono::days(200)));
}

}  // namespace
}  // namespace tests
