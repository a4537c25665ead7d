// Clusters as a user refreshes them: AWS's "Test 1", on real servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/end-to-end/program.h"

namespace tests {
namespace {

using base::Json;
using testing::HasSubstr;

constexpr const char* example = "db-app2-auposinstd.json";

Json named(Home& home, const std::string& name) {
  for (const Json& each : home.json({"local", "list"}))
    if (each["name"] == name) return each;
  return Json();
}

void make_cluster(Home& home, const std::string& engine) {
  std::ofstream(home.path() / "password") << "cluster pw\n";
  home.must({"local", "create", "auposclup", "--engine", engine, "--writer", "auposinstp", "--password-file",
             (home.path() / "password").string(), "--database", "auposdbp"});
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
  EXPECT_EQ(named(home, "auposclud")["role"], "cluster");
  EXPECT_EQ(named(home, "auposclud")["port"], home.port());
  EXPECT_EQ(named(home, "auposinstd")["role"], "writer of auposclud");
  EXPECT_EQ(named(home, "auposinstd-b")["role"], "reader of auposclud");
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

/// The old cluster, its writer and its reader go; the new ones come, with a new password.
TEST(Cluster, AnOldClusterIsReplacedWhole) {
  Home home;
  make_cluster(home, "aurora-postgresql");
  EXPECT_EQ(home.sql("auposclup", "SET ROLE admin; CREATE TABLE t AS SELECT 1 AS a;"), "");
  home.must({"run", home.file(example)});
  const std::string old = named(home, "auposclud")["id"];
  EXPECT_EQ(home.sql("auposclup", "SET ROLE admin; INSERT INTO t VALUES (2);"), "");
  Json file = Json::parse(os::read_file(home.file(example)));
  for (const char* member : {"deletereplicas", "delete", "deletecluster"}) {
    file[member]["torun"] = "true";
    file[member]["check"]["torun"] = "true";
  }
  std::ofstream(home.path() / "again.json") << file.dump(2);
  home.must({"run", (home.path() / "again.json").string()});
  EXPECT_NE(named(home, "auposclud")["id"], old);
  EXPECT_EQ(home.json({"local", "list"}).size(), 5U);
  EXPECT_EQ(home.sql("auposinstd-b", "SELECT count(*) FROM t;"), "2\n");
  EXPECT_EQ(home.json({"ledger"}).size(), 2U);
}

}  // namespace
}  // namespace tests
