// Clusters as a user refreshes them: AWS's "Test 1", on real servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "tests/end-to-end/program.h"

namespace tests {
namespace {

using base::Json;
using testing::HasSubstr;

constexpr const char* example = "db-app2-auposinstd.json";

void make_cluster(Home& home, const std::string& engine) {
  std::ofstream(home.path() / "password") << "cluster pw\n";
  home.must({"local", "create", "auposclup", "--engine", engine, "--writer", "auposinstp", "--password-file",
             (home.path() / "password").string(), "--database", "auposdbp"});
}

/// The example, replacing what is there.
std::string replacing(Home& home) {
  Json file = Json::parse(os::read_file(home.file(example)));
  for (const char* member : {"deletereplicas", "delete", "deletecluster"}) {
    file[member]["torun"] = "true";
    file[member]["check"]["torun"] = "true";
  }
  const auto to = home.path() / "again.json";
  std::ofstream(to) << file.dump(2);
  return to;
}

TEST(Cluster, APostgresClusterIsClonedWithAWriterAndAReader) {
  Home home;
  make_cluster(home, "aurora-postgresql");
  EXPECT_EQ(home.sql("auposclup",
                     "SET ROLE admin; CREATE TABLE t (a int); INSERT INTO t SELECT "
                     "generate_series(1, 1000); CREATE ROLE app LOGIN PASSWORD 'production';"),
            "");
  EXPECT_EQ(home.sql("auposclup", "INSERT INTO t VALUES (1001);"), "");
  home.must({"run", home.file(example)});
  EXPECT_EQ(home.named("auposclud")["role"], "cluster");
  EXPECT_EQ(home.named("auposclud")["port"], home.port());
  EXPECT_EQ(home.named("auposinstd")["role"], "writer of auposclud");
  EXPECT_EQ(home.named("auposinstd-b")["role"], "reader of auposclud");
  EXPECT_EQ(home.sql("auposinstd-b", "SELECT count(*), pg_is_in_recovery() FROM t;"), "1001|t\n");
  EXPECT_EQ(home.sql("auposclud",
                     "INSERT INTO t VALUES (1002); SELECT count(*) FROM pg_stat_replication WHERE "
                     "state = 'streaming';"),
            "1\n");
  EXPECT_EQ(home.sql("auposclud", "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'app';"), "f\n")
      << "production's logins are locked in a copy";
  EXPECT_EQ(home.sql("auposclup", "SELECT count(*) FROM t;"), "1001\n");
  EXPECT_EQ(home.json({"ledger"}).size(), 1U);

  const auto refused = home.run({"run", home.file(example)});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("$.deletecluster.torun"));
}

/// Everything is killed, and a pid file that stayed behind names somebody else by now: us.
TEST(Cluster, AfterARebootItStartsAgainAndNobodyElseIsTouched) {
  Home home;
  make_cluster(home, "aurora-postgresql");
  EXPECT_EQ(home.sql("auposclup", "SET ROLE admin; CREATE TABLE t AS SELECT 1 AS a;"), "");
  home.must({"run", home.file(example)});
  for (const auto& entry : os::fs::directory_iterator(home.path() / "instances")) {
    const auto data = entry.path() / "data";
    os::kill_working_in(data, {"postgres"});
    auto lines = os::read_file(data / "postmaster.pid");
    lines.replace(0, lines.find('\n'), std::to_string(::getpid()));
    std::ofstream(data / "postmaster.pid") << lines;
  }
  for (const Json& each : home.json({"local", "list"})) EXPECT_EQ(each["status"], "stopped") << each["name"];
  home.must({"local", "stop", "auposclud"});
  home.must({"local", "start", "auposclud"});
  home.must({"local", "start", "--all"});
  for (const Json& each : home.json({"local", "list"}))
    EXPECT_EQ(each["status"], "available") << each["name"];
  EXPECT_EQ(home.sql("auposclup", "INSERT INTO t VALUES (2); SELECT count(*) FROM t;"), "2\n");
  EXPECT_EQ(home.sql("auposclud", "INSERT INTO t VALUES (2), (3);"), "");
  base::SystemClock clock;
  const auto deadline = clock.now() + std::chrono::seconds(30);
  while (home.sql("auposinstd-b", "SELECT count(*) FROM t;") != "3\n" && clock.now() < deadline)
    clock.sleep_until(clock.now() + std::chrono::milliseconds(50), {});
  EXPECT_EQ(home.sql("auposinstd-b", "SELECT count(*), pg_is_in_recovery() FROM t;"), "3|t\n");
}

/// The old cluster, its writer and its reader go; the new ones come, with a new password.
TEST(Cluster, AnOldClusterIsReplacedWhole) {
  Home home;
  make_cluster(home, "aurora-postgresql");
  EXPECT_EQ(home.sql("auposclup", "SET ROLE admin; CREATE TABLE t AS SELECT 1 AS a;"), "");
  home.must({"run", home.file(example)});
  const std::string old = home.named("auposclud")["id"];
  EXPECT_EQ(home.sql("auposclup", "SET ROLE admin; INSERT INTO t VALUES (2);"), "");
  home.must({"run", replacing(home)});
  EXPECT_NE(home.named("auposclud")["id"], old);
  EXPECT_EQ(home.json({"local", "list"}).size(), 5U);
  EXPECT_EQ(home.sql("auposinstd-b", "SELECT count(*) FROM t;"), "2\n");
  EXPECT_EQ(home.json({"ledger"}).size(), 2U);
}

/// Whoever opened the old cluster again has died before its reader, and so has whoever closed it before that.
TEST(Cluster, AnOldClusterIsOpenedWhole) {
  Home home;
  make_cluster(home, "aurora-postgresql");
  home.must({"run", home.file(example)});
  const std::string old = home.named("auposinstd-b")["id"];
  const auto run = os::start({.argv = {PROGRAM, "--home", home.path().string(), "run", replacing(home)},
                              .output = home.path() / "run.log"});
  base::SystemClock clock;
  while (os::is_running(run) && home.named("auposinstd-b")["id"] == old)
    clock.sleep_until(clock.now() + std::chrono::milliseconds(5), {});
  ASSERT_TRUE(os::send_signal(run, SIGKILL)) << os::read_file(home.path() / "run.log");
  while (os::is_running(run)) clock.sleep_until(clock.now() + std::chrono::milliseconds(5), {});
  execute(home.path() / "catalogue.db", "UPDATE instance SET open = 1 WHERE name LIKE 'auposclud-old-%'");
  home.must({"cancel", home.json({"list"}).back()["run"]});
  EXPECT_EQ(home.named("auposinstd-b")["id"], old);
  for (const char* name : {"auposclud", "auposinstd", "auposinstd-b"})
    EXPECT_EQ(home.named(name)["open"], true) << name;
}

/// The example, replacing what is there, with a script that masks.
std::string masked(Home& home) {
  Json file = Json::parse(os::read_file(replacing(home)));
  file["runscripts"] =
      Json::parse(R"({"dbservice": "aurora", "cluster": "auposclud", "engine": "aurora-postgresql",
    "access": "pwd", "temppwd": "temppwd123", "method": "lambda", "bucketname": "b", "prefix": "p", "keys": "mask.sql",
    "wait_time": 1, "check": {"dbservice": "aurora", "bucketname": "b", "prefix": "p", "checktodo": "runscripts",
    "torun": "true"}, "torun": "true"})");
  const auto to = home.path() / "masked.json";
  std::ofstream(to) << file.dump(2);
  return to;
}

void write_script(Home& home, const std::string& text) {
  os::fs::create_directories(home.path() / "buckets/b/p");
  std::ofstream(home.path() / "buckets/b/p/mask.sql") << text;
}

constexpr const char* mask = R"(-- nobody's address; it's masked
UPDATE customers SET email = 'masked' || id || E'@example.invalid', address = $$masked$$;
COPY customers (email, address) FROM STDIN;
one more	row; with 'quotes'
\.
)";

void make_customers(Home& home) {
  EXPECT_EQ(home.sql("auposclup",
                     "SET ROLE admin; CREATE TABLE customers (id serial, email text, address text); INSERT "
                     "INTO customers (email, address) SELECT 'c' || g || '@customers.example', 'street' FROM "
                     "generate_series(1, 2000) g;"),
            "");
}

constexpr const char* unmasked = "SELECT count(*) FROM customers WHERE email LIKE '%customers.example';";

TEST(Cluster, AScriptMasksEveryInstanceOrNothingChanges) {
  Home home;
  make_cluster(home, "aurora-postgresql");
  make_customers(home);
  write_script(home, mask);
  home.must({"run", masked(home)});
  for (const char* name : {"auposclud", "auposinstd-b"}) {
    EXPECT_EQ(home.sql(name, unmasked), "0\n") << name;
    EXPECT_EQ(home.sql(name, "SELECT count(*) FROM customers;"), "2001\n") << name;
  }
  const std::string before = home.named("auposclud")["id"];
  write_script(home, "UPDATE customers SET email = 'x';\n\nUPDATE nowhere SET a = 1;\n");
  const auto failed = home.run({"run", masked(home)});
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.output, HasSubstr("mask.sql:3: statement 2 of 2 failed"));
  EXPECT_EQ(home.named("auposclud")["id"], before);
  EXPECT_EQ(home.named("auposclud")["status"], "available");
  EXPECT_EQ(home.sql("auposclud", "SELECT count(*) FROM customers;"), "2001\n");
  EXPECT_EQ(home.json({"local", "list"}).size(), 5U) << "nothing is left of the copy";
  write_script(home, "SELECT 1;\n\\i /etc/passwd\n");
  const auto refused = home.run({"run", masked(home)});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("'\\i' is a command of psql"));
}

TEST(Cluster, KilledAtRandomMomentsItNeverShowsUnmaskedData) {
  Home home;
  make_cluster(home, "aurora-postgresql");
  make_customers(home);
  write_script(home, mask);
  const std::string file = masked(home);
  home.must({"run", file});
  base::SystemClock clock;
  std::uint64_t random = os::random_seed();
  std::cout << "seed " << random << "\n";
  for (int i = 0; i < 5; ++i) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    const auto process = os::start(
        {.argv = {PROGRAM, "--home", home.path().string(), "run", file}, .output = home.path() / "run.log"});
    clock.sleep_until(clock.now() + std::chrono::milliseconds((random >> 33) % 2500), {});
    os::send_signal(process, SIGKILL);
    while (os::is_running(process)) clock.sleep_until(clock.now() + std::chrono::milliseconds(5), {});
    const Json last = home.json({"list"}).back();
    if (last["status"] == "RUNNING" && i % 2 == 0)
      home.must({"resume", last["run"]});
    else
      home.must({"run", file});
    EXPECT_EQ(home.json({"local", "list"}).size(), 5U) << "after kill " << i;
    EXPECT_EQ(home.sql("auposclud", unmasked), "0\n");
    EXPECT_EQ(home.sql("auposinstd-b", unmasked), "0\n");
  }
  EXPECT_EQ(home.json({"ledger"}).size(), home.json({"list"}).size());
}

}  // namespace
}  // namespace tests
