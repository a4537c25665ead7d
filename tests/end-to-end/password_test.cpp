// A refresh whose file says no password: the run makes one up, and nothing of production's opens the copy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "sql/connection.h"
#include "tests/end-to-end/program.h"

namespace tests {
namespace {

using base::Json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* production_password = "production pw";

struct Case {
  const char* name;
  const char* engine;
  bool cluster, masked;
};

class MadeUpPassword : public testing::TestWithParam<Case> {
 protected:
  bool cluster() const { return GetParam().cluster; }
  bool postgres() const { return std::string(GetParam().engine).find("postgres") != std::string::npos; }
  std::string source() const { return cluster() ? "auposclup" : "mysqlinstp"; }
  std::string target() const { return cluster() ? "auposclud" : "mysqlinstd"; }

  void make_source() {
    std::ofstream(home_.path() / "password") << production_password << "\n";
    std::vector<std::string> command = {"local", "create", source(), "--engine", GetParam().engine};
    if (cluster()) command.insert(command.end(), {"--writer", "auposinstp"});
    command.insert(command.end(), {"--password-file", home_.path() / "password", "--database", "shop"});
    home_.must(command);
    const std::string mine = postgres() ? "SET ROLE admin; " : "";
    EXPECT_EQ(home_.sql(source(), mine + "CREATE TABLE people (email VARCHAR(100)); INSERT INTO people "
                                         "VALUES ('one@customers.example');"),
              "");
    EXPECT_EQ(
        home_.sql(source(),
                  postgres() ? "CREATE ROLE app LOGIN PASSWORD 'app pw';"
                             : "CREATE USER app@'%' IDENTIFIED BY 'app pw'; GRANT ALL ON shop.* TO app@'%';"),
        "");
  }

  /// The example without the steps that set a password.
  std::string file() {
    Json file = Json::parse(
        os::read_file(home_.file(cluster() ? "db-app2-auposinstd.json" : "db-app1-mysqlinstd.json")));
    for (const char* member : {"changemasterpwd", "rotatemasterpwd"})
      file[member]["torun"] = file[member]["check"]["torun"] = "false";
    for (Json& member : file)
      if (member.is_object() && member.contains("engine") && cluster()) member["engine"] = GetParam().engine;
    if (!postgres() && cluster()) file["restore"]["cwalogs"] = "";
    file["runscripts"]["engine"] = cluster() ? GetParam().engine : postgres() ? "postgres" : "mysql";
    if (GetParam().masked) mask(file["runscripts"]);
    std::ofstream(home_.path() / "plain.json") << file.dump(2);
    return home_.path() / "plain.json";
  }

  void mask(Json& member) {
    os::fs::create_directories(home_.path() / "buckets/b/p");
    std::ofstream(home_.path() / "buckets/b/p/mask.sql") << "UPDATE people SET email = 'masked';\n";
    member = {{"dbservice", cluster() ? "aurora" : "rds"},
              {cluster() ? "cluster" : "dbinstance", target()},
              {"engine", member["engine"]},
              {"access", "pwd"},
              {"temppwd", "told in vain"},
              {"method", "lambda"},
              {"bucketname", "b"},
              {"prefix", "p"},
              {"keys", "mask.sql"},
              {"wait_time", 1},
              {"torun", "true"}};
  }

  bool opens(const Json& database, const std::string& user, const std::string& password) {
    try {
      sql::connect({.family = postgres() ? "postgres" : "mariadb",
                    .host = "127.0.0.1",
                    .port = database["port"],
                    .user = user,
                    .password = base::Secret(password),
                    .database = "shop"},
                   std::chrono::seconds(10))
          ->query("SELECT 1");
      return true;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code, "AccessDenied") << error.message;
      return false;
    }
  }

  Home home_;
};

TEST_P(MadeUpPassword, OpensTheCopyAndNothingOfProductionsDoes) {
  make_source();
  const auto output = home_.must({"run", file()});
  const std::string name = "dbrefresh/master/" + target();
  EXPECT_THAT(output, HasSubstr("local secret " + name + " --reveal"));
  const auto warning = HasSubstr("$.runscripts.temppwd: warning: is not used");
  EXPECT_THAT(output, GetParam().masked ? testing::Matcher<std::string>(warning) : Not(warning));
  const Json secret = home_.json({"local", "secret", name, "--reveal", "--yes"});
  const std::string password = secret["password"];
  EXPECT_EQ(password.size(), 32U);
  int copies = 0;
  for (const Json& each : home_.json({"local", "list"})) {
    const bool copy = each["port"] != home_.named(source())["port"];
    copies += copy ? 1 : 0;
    EXPECT_EQ(opens(each, "admin", password), copy) << each["name"];
    EXPECT_EQ(opens(each, "admin", production_password), !copy) << each["name"];
    EXPECT_EQ(opens(each, "app", "app pw"), !copy) << each["name"];
    EXPECT_FALSE(copy && opens(each, "admin", "told in vain")) << each["name"];
  }
  EXPECT_EQ(copies, cluster() ? 3 : 1);
  EXPECT_EQ(home_.sql(target(), "SELECT email FROM people;"),
            GetParam().masked ? "masked\n" : "one@customers.example\n");
}

INSTANTIATE_TEST_SUITE_P(Kinds, MadeUpPassword,
                         testing::Values(Case{"MariaDbMasked", "mariadb", false, true},
                                         Case{"Postgres", "postgres", false, false},
                                         Case{"PostgresMasked", "postgres", false, true},
                                         Case{"PostgresCluster", "aurora-postgresql", true, false},
                                         Case{"PostgresClusterMasked", "aurora-postgresql", true, true},
                                         Case{"MariaDbCluster", "aurora-mysql", true, false}),
                         [](const auto& which) { return std::string(which.param.name); });

}  // namespace
}  // namespace tests
