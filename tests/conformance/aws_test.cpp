// A refresh on RDS by its verbs, over the bed with real servers: who could reach what, at every moment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/conformance/aws_world.h"

namespace tests {
namespace {

using base::Json;
using provider::Kind;

class AwsRefresh : public testing::TestWithParam<const char*> {
 protected:
  template <class Ask>
  auto done(Ask ask) {
    const auto deadline = world_.clock().now() + std::chrono::minutes(3);
    auto work = ask();
    while (std::holds_alternative<provider::Pending>(work) && world_.clock().now() < deadline) {
      world_.clock().sleep_until(world_.clock().now() + std::chrono::milliseconds(20), {});
      work = ask();
    }
    if (std::holds_alternative<provider::Pending>(work))
      throw std::runtime_error("not done: " + std::get<provider::Pending>(work).note.what);
    return std::get<0>(std::move(work));
  }
  provider::Budget budget() {
    return {world_.clock(), world_.clock().now() + std::chrono::seconds(20), {}, [](const base::Note&) {}};
  }
  provider::Database make_so(const std::string& id, const provider::Desired& desired) {
    return done([&] { return world_.databases().make_so(id, desired, budget()); });
  }
  provider::RestoreRequest request(const std::string& name) {
    return {.token = "run/" + name,
            .source = world_.databases().find(Kind::instance, "prod")->id,
            .name = name,
            .tags = {{"refresh", "true"}, {"refresh-run", "run"}},
            .shape = {.port = AwsWorld::port,
                      .instance_class = "db.t4g.medium",
                      .security_groups = {world_.group("developers")},
                      .log_exports = {}}};
  }
  std::string login(const std::string& id, const std::string& user, const std::string& password) {
    const auto database = *world_.databases().get(id);
    sql::Endpoint where{.family = provider::family_of(database.engine),
                        .host = database.host,
                        .port = database.port,
                        .user = user,
                        .password = base::Secret(password),
                        .database = "d"};
    try {
      return world_.bed().connect()(where, std::chrono::seconds(10))->scalar("SELECT a FROM t").value_or("");
    } catch (const base::Error& error) {
      return error.code;
    }
  }

  AwsWorld world_{GetParam(), false};
};

INSTANTIATE_TEST_SUITE_P(Engines, AwsRefresh, testing::Values("mariadb", "postgres"),
                         [](const auto& which) { return std::string(which.param); });

TEST_P(AwsRefresh, NobodyReachesTheCopyBeforeItIsMasked) {
  auto& databases = world_.databases();
  EXPECT_EQ(login(databases.find(Kind::instance, "prod")->id, "app", "app-production"), "1");
  const auto id = done([&] { return databases.restore(request("devtemp"), budget()); }).database.id;
  EXPECT_FALSE(databases.get(id)->open);
  const base::Secret password("a-new-password");
  make_so(id, {.master_password = password, .password_token = "run/pwd"});
  EXPECT_EQ(login(id, "admin", "production"), "AccessDenied");
  EXPECT_EQ(login(id, "app", "app-production"), "AccessDenied") << "production's login opens the copy";
  EXPECT_EQ(login(id, "admin", password.reveal()), "1");
  const bool postgres = std::string_view(GetParam()) == "postgres";
  for (const std::string name : {"app", "retired"}) {
    databases.script_session(id, password, "")
        ->execute(postgres ? "ALTER ROLE " + name + " LOGIN" : "ALTER USER " + name + " ACCOUNT UNLOCK", 0);
    EXPECT_EQ(login(id, name, "app-production"), "AccessDenied") << "unlocked, it has production's password";
  }
  databases.script_session(id, password, "")->execute("UPDATE t SET a = 2", 0);
  world_.bed().post("masked", {{"name", "devtemp"}});
  make_so(id, {.name = "dev"});
  EXPECT_TRUE(databases.opens(id, password));
  EXPECT_TRUE(make_so(id, {.open = true}).open);
  EXPECT_EQ(databases.find(Kind::instance, "dev")->id, id);
  EXPECT_EQ(databases.schemas(id, password), std::vector<std::string>{"d"});
  const Json state = world_.bed().get("state");
  EXPECT_EQ(state["exposure"]["unmasked"], Json::array());
  EXPECT_EQ(state["leaks"], Json::array());
  EXPECT_EQ(state["violations"], Json::array());
}

/// Values of rows that are masked, or gone: of the master's tables and of those of another role.
TEST_P(AwsRefresh, NoStatisticsOfUnmaskedDataSurvive) {
  auto& databases = world_.databases();
  const bool postgres = std::string_view(GetParam()) == "postgres";
  const auto statistics = [&](sql::Connection& session) {
    return session
        .scalar(postgres ? "SELECT string_agg(most_common_vals::text, ' ') FROM pg_stats WHERE schemaname = "
                           "'public'"
                         : "SELECT GROUP_CONCAT(min_value, max_value) FROM mysql.column_stats")
        .value_or("");
  };
  const base::Secret production("production"), password("a-new-password");
  const auto source = databases.login(databases.find(Kind::instance, "prod")->id, production, "");
  for (const std::string table : {"people", "gone", "others"}) {
    source->execute("CREATE TABLE " + table + " (email VARCHAR(50))", 0);
    source->execute("INSERT INTO " + table + " VALUES ('one@customers.example'), ('one@customers.example')",
                    0);
    source->execute((postgres ? "ANALYZE " + table : "ANALYZE TABLE " + table + " PERSISTENT FOR ALL"), 0);
  }
  if (postgres) {
    source->execute("CREATE ROLE owner NOLOGIN", 0);
    source->execute("GRANT owner TO CURRENT_USER", 0);
    source->execute("GRANT ALL ON SCHEMA public TO owner", 0);
    source->execute("ALTER TABLE others OWNER TO owner", 0);
    source->execute("GRANT ALL ON others TO CURRENT_USER", 0);
  }
  ASSERT_THAT(statistics(*source), testing::HasSubstr("customers"));
  const auto id = done([&] { return databases.restore(request("devtemp"), budget()); }).database.id;
  make_so(id, {.master_password = password, .password_token = "run/pwd"});
  const auto session = databases.script_session(id, password, "");
  for (const char* statement :
       {"UPDATE people SET email = 'masked'", "UPDATE others SET email = 'masked'", "TRUNCATE TABLE gone"})
    session->execute(statement, 0);
  EXPECT_THAT(statistics(*session), testing::HasSubstr("customers")) << "masking alone leaves them";
  done([&] { return databases.forget_past(id, password, budget()); });
  EXPECT_THAT(statistics(*session), testing::Not(testing::HasSubstr("customers")));
}

TEST_P(AwsRefresh, AStatementOverTlsEndsWhenItIsTo) {
  auto& databases = world_.databases();
  const auto session =
      databases.login(databases.find(Kind::instance, "prod")->id, base::Secret("production"), "");
  ASSERT_TRUE(session->encrypted());
  auto& clock = world_.clock();
  const auto begun = clock.now();
  const provider::Budget brief{clock, begun + std::chrono::seconds(1), {}, [](const base::Note&) {}};
  session->obey(&brief);
  const std::string asleep =
      std::string_view(GetParam()) == "postgres" ? "SELECT pg_sleep(60)" : "SELECT SLEEP(60)";
  EXPECT_THROW(session->query(asleep), base::Error);
  EXPECT_LT(clock.now() - begun, std::chrono::seconds(20));
  session->obey(nullptr);
  EXPECT_EQ(session->scalar("SELECT REPEAT('x', 4000000)").value_or("").size(), 4'000'000U) << "it goes on";
}

/// Of a big database all statistics take longer than a call may: the next one goes on where it was over time.
TEST_P(AwsRefresh, StatisticsAreForgottenCallByCall) {
  auto& databases = world_.databases();
  const bool postgres = std::string_view(GetParam()) == "postgres";
  const base::Secret production("production"), password("a-new-password");
  const auto source = databases.login(databases.find(Kind::instance, "prod")->id, production, "");
  for (const std::string table : {"a", "b", "c"}) {
    source->execute("CREATE TABLE " + table + " (email VARCHAR(50))", 0);
    source->execute("INSERT INTO " + table + " VALUES ('one@customers.example')", 0);
    source->execute((postgres ? "ANALYZE " + table : "ANALYZE TABLE " + table + " PERSISTENT FOR ALL"), 0);
  }
  const auto id = done([&] { return databases.restore(request("devtemp"), budget()); }).database.id;
  make_so(id, {.master_password = password, .password_token = "run/pwd"});
  const auto holder = databases.script_session(id, password, "");
  const auto hold = [&](const std::string& mariadb, const std::string& tables) {
    holder->execute(postgres ? "BEGIN" : "LOCK TABLES " + mariadb, 0);
    if (postgres) holder->execute("LOCK TABLE " + tables, 0);
  };
  // The first call gets as far as the last table; the second one does not visit those before again.
  hold("c WRITE", "c");
  auto& clock = world_.clock();
  const provider::Budget brief{clock, clock.now() + std::chrono::seconds(3), {}, [](const base::Note&) {}};
  ASSERT_TRUE(std::holds_alternative<provider::Pending>(databases.forget_past(id, password, brief)));
  holder->execute(postgres ? "COMMIT" : "UNLOCK TABLES", 0);
  hold("a WRITE, b WRITE", "a, b");
  done([&] { return databases.forget_past(id, password, budget()); });
}

/// What production's logins open elsewhere, a copy would open too: for its master, and for a role that it can
/// become.
TEST_P(AwsRefresh, NoCredentialsForForeignServersSurvive) {
  if (std::string_view(GetParam()) != "postgres") GTEST_SKIP() << "masters of RDS make no servers there";
  auto& databases = world_.databases();
  const base::Secret production("production"), password("a-new-password");
  const auto source = databases.login(databases.find(Kind::instance, "prod")->id, production, "");
  for (const char* statement :
       {"CREATE ROLE owner NOLOGIN", "GRANT owner TO CURRENT_USER", "GRANT rds_superuser TO owner",
        "CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'far.example.com')",
        "CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (user 'a', password 'of-production')",
        "CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'a', password 'of-production')",
        "SET ROLE owner", "CREATE SERVER near FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'near')",
        "CREATE USER MAPPING FOR app SERVER near OPTIONS (user 'a', password 'of-production')"})
    source->execute(statement, 0);
  const auto id = done([&] { return databases.restore(request("devtemp"), budget()); }).database.id;
  make_so(id, {.master_password = password, .password_token = "run/pwd"});
  EXPECT_EQ(databases.script_session(id, password, "")->scalar("SELECT count(*) FROM pg_user_mappings"), "0");
  EXPECT_EQ(source->scalar("SELECT count(*) FROM pg_user_mappings"), "3") << "the source keeps its own";
}

/// The certificate is for the name of the endpoint: no other server, and no other name, will do.
TEST_P(AwsRefresh, AServerProvesItsName) {
  const auto prod = *world_.databases().find(Kind::instance, "prod");
  sql::Endpoint where{.family = provider::family_of(prod.engine),
                      .host = "127.0.0.1",
                      .port = prod.port,
                      .user = "admin",
                      .password = base::Secret("production"),
                      .database = "d"};
  EXPECT_TRUE(sql::connect(where, std::chrono::seconds(10))->encrypted());
  where.ca_file = world_.bed().facts()["ca"];
  try {
    sql::connect(where, std::chrono::seconds(10));
    FAIL() << "a certificate for " << prod.host << " was taken for one of 127.0.0.1";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code, "ConnectionFailed") << error.message;
  }
}

/// Lost answers, throttling and a slow, late Describe: the end is the same, and nothing is made twice.
TEST_P(AwsRefresh, SurvivesWhatAwsDoes) {
  world_.bed().post(
      "pace", {{"seed", 5}, {"polls", {{"hidden", {0, 3}}, {"lag", {0, 3}}, {"gap", 2}, {"groups", 2}}}});
  world_.bed().post("faults", {{"seed", 7}, {"rate", 0.1}, {"services", {"rds"}}, {"in_a_row", 2}});
  auto& databases = world_.databases();
  /// What fails for a while is asked again, as a step is.
  const auto patiently = [&](auto ask) {
    return done([&]() -> decltype(ask()) {
      try {
        return ask();
      } catch (const base::Error& error) {
        if (!error.retryable && !error.maybe_delivered) throw;
        return provider::Pending{{}, {error.message}};
      }
    });
  };
  const auto wanted = request("devtemp");
  const auto id = patiently([&] { return databases.restore(wanted, budget()); }).database.id;
  for (const provider::Desired& desired :
       std::initializer_list<provider::Desired>{{.master_password = base::Secret("a-new-password")},
                                                {.name = "dev"},
                                                {.tags = {{"refresh-masked", "true"}}}})
    patiently([&] { return databases.make_so(id, desired, budget()); });
  world_.bed().post("masked", {{"name", "dev"}});
  for (const provider::Desired& desired : std::initializer_list<provider::Desired>{
           {.open = true}, {.open = false}, {.running = false}, {.running = true}})
    patiently([&] { return databases.make_so(id, desired, budget()); });
  patiently([&] { return databases.remove(id, budget()); });
  world_.bed().post("faults/clear");
  const Json state = world_.bed().get("state");
  EXPECT_EQ(state["places"]["123456789012/eu-central-1"]["instances"].size(), 1U);
  EXPECT_EQ(state["exposure"]["unmasked"], Json::array());
  EXPECT_EQ(state["violations"], Json::array());
}

}  // namespace
}  // namespace tests
