// What a copy of a PostgreSQL server that is not ours lets its users reach: nothing outside, and nothing of
// what was masked. One copy serves all tests that only look.
#include <gmock/gmock.h>

#include "base/error.h"
#include "provider/local/stores.h"
#include "tests/conformance/stranger.h"
#include "tests/port.h"

namespace tests {
namespace {

using provider::local::finished;

using provider::RestoreType;
using testing::HasSubstr;

const base::Secret master_password("of the copy");

/// All that a server can hold which leads outside of it, or hides what it holds.
void fill(Stranger& stranger) {
  stranger.execute("postgres",
                   {"CREATE ROLE shop_owner LOGIN PASSWORD 'production'", "CREATE ROLE reader",
                    "CREATE ROLE chief SUPERUSER LOGIN PASSWORD 'production'",
                    "CREATE ROLE app LOGIN REPLICATION BYPASSRLS PASSWORD 'production'",
                    "GRANT pg_execute_server_program, pg_read_server_files TO app WITH ADMIN OPTION",
                    "GRANT postgres TO app", "GRANT chief TO shop_owner",
                    "GRANT SET, ALTER SYSTEM ON PARAMETER archive_command TO shop_owner",
                    "ALTER ROLE postgres SET work_mem = '9MB'", "CREATE DATABASE shop OWNER shop_owner"});
  stranger.execute(
      "shop", {"CREATE EXTENSION dblink",
               "CREATE EXTENSION file_fdw",
               "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO shop_owner",
               "GRANT EXECUTE ON FUNCTION dblink_connect_u(text) TO PUBLIC",
               "CREATE SERVER files FOREIGN DATA WRAPPER file_fdw",
               "CREATE FOREIGN TABLE passwd (line text) SERVER files OPTIONS (filename '/etc/passwd')",
               "GRANT SELECT ON passwd TO PUBLIC",
               "CREATE EXTENSION postgres_fdw",
               "CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw",
               "CREATE USER MAPPING FOR PUBLIC SERVER loop OPTIONS (user 'app', password 'app-secret')",
               "SET SESSION AUTHORIZATION shop_owner",
               "CREATE FUNCTION seize() RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF (SELECT rolsuper FROM "
               "pg_roles WHERE rolname = current_user) AND current_user <> 'postgres' THEN EXECUTE 'CREATE "
               "ROLE evil SUPERUSER LOGIN'; END IF; RETURN 1; END $$",
               "CREATE FUNCTION always() RETURNS bool IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM "
               "public.seize(); RETURN true; END $$",
               "CREATE TABLE trap AS SELECT generate_series(1, 30000) AS id",
               "CREATE INDEX ON trap (id) WHERE always()",
               "RESET SESSION AUTHORIZATION",
               "CREATE TABLE public.of_postgres (id int PRIMARY KEY, name text)",
               "INSERT INTO of_postgres SELECT i, 'Real Person ' || i % 7 FROM generate_series(1, 2000) i",
               "CREATE STATISTICS both_columns (mcv) ON id, name FROM of_postgres",
               "CREATE FUNCTION run(command text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN "
               "EXECUTE command; END $$",
               "CREATE FUNCTION packed(command text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ "
               "BEGIN EXECUTE command; END $$",
               "ALTER EXTENSION dblink ADD FUNCTION packed(text)",
               "CREATE FUNCTION guard() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT "
               "1'; END $$",
               "CREATE EVENT TRIGGER guard ON ddl_command_end EXECUTE FUNCTION guard()",
               "CREATE FUNCTION quiet() RETURNS trigger LANGUAGE internal AS "
               "'suppress_redundant_updates_trigger'",
               "CREATE TABLE watched AS SELECT 1 AS a",
               "CREATE TRIGGER quiet BEFORE UPDATE ON watched FOR EACH ROW EXECUTE FUNCTION quiet()",
               "CREATE TYPE mood AS ENUM ('fine')",
               "CREATE DOMAIN small AS int CHECK (value < 9)",
               "CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int)",
               "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
               "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader",
               "SET ROLE chief",
               "CREATE SCHEMA audit",
               "CREATE TABLE audit.log (who text)",
               "INSERT INTO audit.log VALUES ('Real Person')",
               "ALTER TABLE audit.log ENABLE ROW LEVEL SECURITY",
               "ALTER TABLE audit.log FORCE ROW LEVEL SECURITY",
               "CREATE FUNCTION audit.run(command text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ "
               "BEGIN EXECUTE command; END $$",
               "GRANT USAGE ON SCHEMA audit TO PUBLIC",
               "RESET ROLE",
               "ANALYZE",
               "CREATE TABLE locked ()",
               "BEGIN",
               "ALTER TABLE locked ADD COLUMN pending text",
               "PREPARE TRANSACTION 'the administrator''s'",
               "SET SESSION AUTHORIZATION shop_owner",
               "CREATE TABLE of_owner (name text)",
               "BEGIN",
               "INSERT INTO of_owner VALUES ('Real Person')",
               "PREPARE TRANSACTION 'pending'"});
  stranger.execute("postgres", {"CREATE DATABASE closed", "CREATE DATABASE archive"});
  stranger.execute("archive", {"CREATE SCHEMA of_postgres"});
  stranger.execute("postgres", {"ALTER DATABASE archive SET default_transaction_read_only = on",
                                "ALTER DATABASE archive SET lock_timeout = 1"});
  stranger.execute("closed",
                   {"CREATE FUNCTION run(command text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ "
                    "BEGIN EXECUTE command; END $$",
                    "CREATE TABLE people AS SELECT 'Real Person' || i % 7 AS name FROM generate_series(1, "
                    "1000) AS i",
                    "ANALYZE people"});
  stranger.execute("postgres", {"ALTER DATABASE closed ALLOW_CONNECTIONS false"});
}

class PostgresOutside : public testing::Test {
 protected:
  struct World {
    World() : home(provider::local::open_home(folder.path())) {
      fill(stranger);
      source = databases
                   .adopt({.name = "stranger",
                           .engine = "postgres",
                           .port = stranger.port,
                           .user = "postgres",
                           .password = stranger_password,
                           .master_user = "shop_owner",
                           .db_name = "shop"},
                          budget())
                   .id;
      copy = restore(source, "copy");
    }
    ~World() {
      for (const auto& each : databases.find(provider::Selector{}))
        finished(budget(), [&] { return databases.remove(each.id, budget()); });
    }
    provider::Budget budget() {
      return {clock, clock.now() + std::chrono::minutes(5), {}, [](const base::Note&) {}};
    }
    std::string restore(const std::string& of, const std::string& name,
                        RestoreType type = RestoreType::latest_point, const std::string& snapshot = "",
                        std::optional<base::Time> time = std::nullopt) {
      const provider::RestoreRequest request{.token = os::random_text(8),
                                             .source = of,
                                             .name = name,
                                             .type = type,
                                             .time = time,
                                             .snapshot = snapshot,
                                             .shape = {.port = any_port()}};
      const auto made = finished(budget(), [&] { return databases.restore(request, budget()); });
      method = made.method;
      make_so(made.database.id, {.master_password = master_password});
      return made.database.id;
    }
    void make_so(const std::string& id, const provider::Desired& desired) {
      finished(budget(), [&] { return databases.make_so(id, desired, budget()); });
    }
    base::SystemClock clock;
    Stranger stranger{
        "max_prepared_transactions = 5\ntimezone = 'Europe/Berlin'\nmaintenance_work_mem = "
        "'7MB'\nenable_tidscan = off\nstatement_timeout = '1h'\napp.key = 'of "
        "production'\nshared_preload_libraries = "
        "'pg_stat_statements, "
        "auth_delay'\n"};
    Temporary folder;
    provider::local::Home home;
    provider::local::Secrets secrets{home};
    provider::local::Databases databases{home, secrets, clock};
    std::string source, copy, method;
  };
  static void SetUpTestSuite() { world = std::make_unique<World>(); }
  static void TearDownTestSuite() { world.reset(); }

  static std::unique_ptr<sql::Connection> session(sql::Endpoint where, const std::string& database) {
    where.database = database;
    where.family = "postgres";
    return sql::connect(where, std::chrono::seconds(10));
  }
  static std::unique_ptr<sql::Connection> administrate(const std::string& id,
                                                       const std::string& database = "shop") {
    return session(world->databases.administrator(id), database);
  }
  /// Where the master user logs in.
  static sql::Endpoint endpoint(const std::string& id) {
    auto where = server(id)->socket_endpoint();
    where.user = world->databases.get(id)->master_user;
    return where;
  }
  static std::unique_ptr<sql::Connection> master(const std::string& id,
                                                 const std::string& database = "shop") {
    auto where = endpoint(id);
    where.password = master_password;
    return session(where, database);
  }
  static std::unique_ptr<provider::local::Server> server(const std::string& id) {
    return provider::local::make_server(world->home, "postgres", id, world->databases.get(id)->port);
  }
  static std::unique_ptr<sql::Connection> scripts(const std::string& id,
                                                  const std::string& database = "shop") {
    return session(server(id)->admit_scripts("shop_owner"), database);
  }
  /// Each way out must fail in a session of its own rights, and after it has taken all rights that it can.
  static void expect_confined(sql::Connection& inside) {
    for (const char* each :
         {"GRANT pg_execute_server_program TO CURRENT_USER",
          "GRANT pg_write_server_files TO CURRENT_USER",
          "GRANT dbrefresh_admin TO CURRENT_USER",
          "SET ROLE dbrefresh_admin",
          "SET SESSION AUTHORIZATION postgres; ALTER SYSTEM SET work_mem = 1",
          "ALTER ROLE CURRENT_USER SUPERUSER",
          "ALTER ROLE CURRENT_USER REPLICATION",
          "ALTER ROLE dbrefresh_admin PASSWORD 'x'",
          "CREATE ROLE pg_execute_server_program",
          "CREATE ROLE boss SUPERUSER",
          "CREATE ROLE boss IN ROLE pg_read_server_files",
          "COPY (SELECT 1) TO PROGRAM 'true'",
          "COPY (SELECT 1) TO '/tmp/dbrefresh-loot'",
          "CREATE TEMP TABLE loot (line text); COPY loot FROM '/etc/passwd'",
          "SELECT pg_read_file('/etc/passwd')",
          "SELECT pg_ls_dir('/')",
          "SELECT lo_import('/etc/passwd')",
          "ALTER SYSTEM SET archive_command = 'true'",
          "CREATE EXTENSION plpython3u",
          "CREATE EXTENSION adminpack",
          "CREATE EXTENSION postgres_fdw",
          "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'getpid'",
          "CREATE FUNCTION f() RETURNS int LANGUAGE internal AS 'pg_backend_pid'",
          "CREATE SUBSCRIPTION s CONNECTION 'host=/tmp' PUBLICATION p WITH (connect = false)",
          "CREATE TABLESPACE t LOCATION '/tmp'",
          "UPDATE pg_authid SET rolsuper = true",
          "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION guard()"}) {
      EXPECT_THROW(inside.execute(each, 0), base::Error) << each;
    }
  }

  static std::unique_ptr<World> world;
};
std::unique_ptr<PostgresOutside::World> PostgresOutside::world;

TEST_F(PostgresOutside, NoRoleButOursMayDoAllAndNoPasswordIsLeft) {
  const auto inside = administrate(world->copy);
  EXPECT_EQ(
      inside->scalar(
          "SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolsuper OR rolreplication OR rolbypassrls"),
      "dbrefresh_admin");
  EXPECT_EQ(inside->scalar("SELECT string_agg(rolname, ',') FROM pg_authid WHERE rolpassword IS NOT NULL OR "
                           "rolcanlogin AND oid <> 10"),
            "shop_owner");
  EXPECT_EQ(inside->scalar("SELECT count(*) FROM pg_auth_members WHERE roleid = 10"), "0");
  EXPECT_EQ(inside->scalar("SELECT count(*) FROM pg_parameter_acl, aclexplode(paracl) WHERE grantee <> 10"),
            "0");
  EXPECT_THAT(world->method, HasSubstr("3 logins of the source locked"));
  EXPECT_THAT(world->method, HasSubstr("3 roles stripped of superuser"));
  EXPECT_THAT(world->method, HasSubstr("1 event triggers disabled"));
  EXPECT_THAT(world->method, HasSubstr("3 rights on functions that reach outside taken back"));
  EXPECT_THAT(world->method, HasSubstr("1 triggers in untrusted languages dropped"));
}

TEST_F(PostgresOutside, NoTriggerRunsWhatIsForNobody) {
  EXPECT_EQ(administrate(world->copy)->scalar("UPDATE watched SET a = a RETURNING a"), "1")
      << "an update that changes nothing was suppressed";
}

TEST_F(PostgresOutside, TheMasterReachesNothingOutside) {
  expect_confined(*master(world->copy));
  // Nor does whoever it makes a member of all former superusers, and whatever their functions do.
  master(world->copy)
      ->execute("CREATE ROLE member LOGIN CREATEROLE PASSWORD 'x' IN ROLE postgres, chief, app, shop_owner",
                0);
  auto where = endpoint(world->copy);
  where.user = "member";
  where.password = base::Secret("x");
  const auto inside = session(where, "shop");
  expect_confined(*inside);
  for (const char* each :
       {"SELECT public.run('COPY (SELECT 1) TO PROGRAM ''true''')",
        "SELECT public.packed('COPY (SELECT 1) TO PROGRAM ''true''')",
        "SELECT audit.run('SELECT pg_read_file(''/etc/passwd'')')", "SELECT dblink_connect_u('host=/tmp')",
        "SELECT dblink_connect('dbname=shop')", "SELECT * FROM passwd",
        "SET ROLE postgres; ALTER FOREIGN TABLE passwd OPTIONS (SET filename '/etc/group')",
        "SET ROLE postgres; GRANT EXECUTE ON FUNCTION dblink_connect_u(text) TO shop_owner",
        "SET ROLE postgres; ALTER EVENT TRIGGER guard ENABLE"})
    EXPECT_THROW(inside->execute(each, 0), base::Error) << each;
  inside->execute("RESET ROLE", 0);
  // Other servers of this host, where the account's name is all that counts.
  const auto other = world->home.instance(world->copy).string();
  EXPECT_THROW(inside->query(fmt::format(
                   "SELECT dblink_connect('host={} port={} user=dbrefresh_admin password=x dbname=postgres')",
                   other, world->databases.get(world->copy)->port)),
               base::Error);
  master(world->copy)->execute("DROP ROLE member", 0);
}

TEST_F(PostgresOutside, OfAServerThatWeMadeAndOfItsCopiesNothingIsReachedEither) {
  const auto made = world->databases
                        .create_new({.name = "made",
                                     .engine = "postgres",
                                     .port = any_port(),
                                     .master_user = "admin",
                                     .master_password = master_password,
                                     .db_name = "shop"},
                                    world->budget())
                        .id;
  const auto first = world->restore(made, "first");
  const auto second = world->restore(first, "of-first");
  for (const auto& id : {made, first, second}) {
    const auto inside = master(id);
    expect_confined(*inside);
    EXPECT_THROW(inside->execute("CREATE EXTENSION dblink", 0), base::Error)
        << "the way to other servers' sockets";
    EXPECT_EQ(administrate(id)->scalar("SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolsuper OR "
                                       "rolreplication OR rolbypassrls"),
              "dbrefresh_admin");
    inside->execute(
        "CREATE ROLE dev LOGIN PASSWORD 'dev'; CREATE TABLE t AS SELECT 1 AS a; DROP TABLE t; DROP ROLE dev",
        0);
  }
  for (const auto& id : {second, first, made}) world->databases.remove(id, world->budget());
}

TEST_F(PostgresOutside, TheMasterStillMakesLogins) {
  const auto inside = master(world->copy);
  inside->execute("CREATE ROLE dev LOGIN PASSWORD 'dev'", 0);
  inside->execute("GRANT reader, pg_read_all_data TO dev", 0);
  inside->execute("CREATE DATABASE scratch", 0);
  inside->execute("DROP DATABASE scratch", 0);
  auto where = endpoint(world->copy);
  where.user = "dev";
  where.password = base::Secret("dev");
  EXPECT_EQ(session(where, "shop")->scalar("SELECT count(*) FROM of_postgres"), "2000");
  // Production's password opens nothing, unlocked or not.
  inside->execute("ALTER ROLE app LOGIN", 0);
  where.user = "app";
  where.password = base::Secret("production");
  EXPECT_THROW(session(where, "shop"), base::Error);
  inside->execute("ALTER ROLE app NOLOGIN; DROP ROLE dev", 0);
}

TEST_F(PostgresOutside, WhatTheFirstSuperuserOwnedIsAnOrdinaryRoles) {
  const auto inside = administrate(world->copy);
  for (const char* query :
       {"SELECT relowner::regrole FROM pg_class WHERE relname = 'of_postgres'",
        "SELECT proowner::regrole FROM pg_proc WHERE proname = 'run' AND pronamespace = "
        "'public'::regnamespace",
        "SELECT proowner::regrole FROM pg_proc WHERE proname = 'total'",
        "SELECT typowner::regrole FROM pg_type WHERE typname = 'mood'",
        "SELECT typowner::regrole FROM pg_type WHERE typname = 'small'",
        "SELECT oprowner::regrole FROM pg_operator WHERE oprname = '==='",
        "SELECT stxowner::regrole FROM pg_statistic_ext", "SELECT srvowner::regrole FROM pg_foreign_server"})
    EXPECT_EQ(inside->scalar(query), "postgres") << query;
  EXPECT_EQ(inside->scalar("SELECT setconfig[1] FROM pg_db_role_setting WHERE setrole = 'postgres'::regrole"),
            "work_mem=9MB");
  EXPECT_EQ(inside->scalar("SELECT evtenabled FROM pg_event_trigger WHERE evtname = 'guard'"), "D");
  inside->execute("SET SESSION AUTHORIZATION postgres", 0);
  EXPECT_EQ(inside->scalar("SELECT who FROM audit.log"), std::nullopt) << "row security holds for it now";
  inside->execute("CREATE TABLE later ()", 0);
  EXPECT_EQ(inside->scalar("SELECT has_table_privilege('reader', 'later', 'SELECT')"), "t")
      << "its default privileges";
  inside->execute("DROP TABLE later", 0);
}

TEST_F(PostgresOutside, ScriptsMaskAndGrantTablesOfAnyOwnerAndReachNothingOutside) {
  const auto copy = world->restore(world->source, "scripts");
  {
    const auto script = scripts(copy);
    for (const char* each :
         {"UPDATE of_postgres SET name = 'masked'", "UPDATE audit.log SET who = 'masked'",
          "TRUNCATE audit.log", "INSERT INTO audit.log VALUES ('masked')",
          "GRANT SELECT ON audit.log, of_postgres TO reader", "CREATE TABLE made_by_script (id serial)",
          "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader", "CREATE ROLE dev LOGIN PASSWORD 'dev'",
          "GRANT reader TO dev", "ALTER TABLE audit.log OWNER TO shop_owner"})
      script->execute(each, 0);
    expect_confined(*script);
    EXPECT_EQ(script->scalar("SHOW search_path"), "shop_owner, public");
    master(copy)->execute("INSERT INTO made_by_script DEFAULT VALUES", 0);
  }
  world->make_so(copy, {.open = true});
  const auto inside = master(copy);
  EXPECT_EQ(inside->scalar("SELECT count(*) FROM pg_roles WHERE rolname = 'dbrefresh_scripts'"), "0");
  EXPECT_EQ(inside->scalar("SHOW shared_preload_libraries"), "pg_stat_statements");
  EXPECT_EQ(inside->scalar("SELECT tableowner FROM pg_tables WHERE tablename = 'made_by_script'"),
            "shop_owner");
  inside->execute("CREATE TABLE later ()", 0);
  for (const char* table : {"audit.log", "of_postgres", "later"})
    EXPECT_EQ(inside->scalar(fmt::format("SELECT has_table_privilege('dev', '{}', 'SELECT')", table)), "t")
        << table;
  EXPECT_EQ(inside->scalar("SELECT count(*) FROM pg_stats WHERE most_common_vals::text LIKE '%Real%' OR "
                           "histogram_bounds::text LIKE '%Real%'"),
            "0");
  EXPECT_EQ(administrate(copy)->scalar(
                "SELECT count(*) FROM pg_statistic_ext_data WHERE stxdmcv::text LIKE '%5265616c%'"),
            "0");
  const char* keep =  // options of a user mapping that is gone
      "SELECT coalesce(string_agg(tablename || '.' || attname, ' '), '') FROM pg_stats AS s WHERE s::text "
      "LIKE '%app-secret%'";
  EXPECT_EQ(world->stranger.log_in("shop")->scalar(keep), "pg_user_mapping.umoptions");
  EXPECT_EQ(administrate(copy)->scalar(keep), "");
  EXPECT_NE(administrate(copy)->scalar("SELECT count(*) FROM pg_stats WHERE tablename = 'of_postgres'"), "0")
      << "and queries have new ones";
  world->databases.remove(copy, world->budget());
}

TEST_F(PostgresOutside, ADatabaseThatIsToBeReadOnlyIsConfinedAndStaysSo) {
  EXPECT_EQ(administrate(world->copy, "archive")
                ->scalar("SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'of_postgres'"),
            "postgres");
  EXPECT_EQ(administrate(world->copy, "archive")->scalar("SHOW default_transaction_read_only"), "on");
}

TEST_F(PostgresOutside, ADatabaseThatLetsNobodyInIsConfinedToo) {
  const auto copy = world->restore(world->source, "shut");
  world->make_so(copy, {.open = true});
  EXPECT_EQ(administrate(copy)->scalar("SELECT datallowconn FROM pg_database WHERE datname = 'closed'"), "f");
  master(copy)->execute("ALTER ROLE postgres LOGIN PASSWORD 'made'", 0);
  auto owner = endpoint(copy);
  owner.user = "postgres";
  owner.password = base::Secret("made");
  session(owner, "shop")->execute("ALTER DATABASE closed ALLOW_CONNECTIONS true", 0);
  EXPECT_THROW(session(owner, "closed")->execute("SELECT run('ALTER ROLE shop_owner SUPERUSER')", 0),
               base::Error);
  EXPECT_EQ(administrate(copy, "closed")
                ->scalar("SELECT count(*) FROM pg_proc WHERE proname = 'run' AND proowner = 10"),
            "0");
  world->databases.remove(copy, world->budget());
}

/// To plan a query evaluates what stands in an index, as whoever asks.
TEST_F(PostgresOutside, NoTableMakesASuperuserWhereItIsChecked) {
  EXPECT_EQ(administrate(world->copy)->scalar("SELECT count(*) FROM pg_roles WHERE rolname = 'evil'"), "0");
}

TEST_F(PostgresOutside, NoTransactionThatWasPreparedBeforeTheMaskingIsCommittedAfterIt) {
  EXPECT_NE(world->stranger.log_in("shop")->scalar("SELECT count(*) FROM pg_prepared_xacts"), "0");
  EXPECT_THROW(master(world->copy)->execute("COMMIT PREPARED 'pending'", 0), base::Error);
  EXPECT_EQ(master(world->copy)->scalar("SELECT count(*) FROM of_owner"), "0");
}

TEST_F(PostgresOutside, SettingsThatChangeWhatQueriesMeanComeAlong) {
  const auto inside = administrate(world->copy);
  EXPECT_EQ(inside->scalar("SHOW TimeZone"), "Europe/Berlin");
  EXPECT_EQ(inside->scalar("SHOW maintenance_work_mem"), "7MB");
  EXPECT_EQ(inside->scalar("SHOW enable_tidscan"), "off");
  EXPECT_EQ(inside->scalar("SHOW shared_preload_libraries"), "") << "while it is closed";
  const auto its = server(world->copy);
  const auto session = world->stranger.log_in();
  EXPECT_EQ(its->settings_of(*session).at("shared_preload_libraries"), "pg_stat_statements");
  const auto said =
      its->objections(*session, {.administrator = world->databases.administrator(world->source)});
  ASSERT_EQ(said.size(), 2U);
  EXPECT_THAT(said[0].message, HasSubstr("do not take over: app.key, statement_timeout ("));
  EXPECT_THAT(said[1].message, HasSubstr("'auth_delay' is not loaded"));
  EXPECT_TRUE(said[0].warning && said[1].warning);
}

TEST_F(PostgresOutside, ALogIsReceivedWithoutAPasswordInAnEnvironment) {
  const auto id = world->databases
                      .adopt({.name = "logged",
                              .engine = "postgres",
                              .port = world->stranger.port,
                              .user = "postgres",
                              .password = stranger_password,
                              .master_user = "shop_owner",
                              .retention_days = 7,
                              .db_name = "shop"},
                             world->budget())
                      .id;
  const auto archive = world->home.archive(id);
  const auto receiver = os::find_working_in(os::fs::canonical(archive), provider::local::receiver_programs());
  ASSERT_TRUE(receiver);
  const auto environment = os::read_file(fmt::format("/proc/{}/environ", receiver->pid));
  EXPECT_EQ(environment.find(stranger_password.reveal()), std::string::npos);
  EXPECT_EQ(os::fs::status(archive / provider::local::receiver_password).permissions(),
            os::fs::perms::owner_read | os::fs::perms::owner_write);
  ASSERT_TRUE(world->databases.restorable(id).window);
  world->stranger.execute("shop", {"INSERT INTO of_postgres VALUES (-1, 'later')"});
  const auto moment = std::chrono::ceil<std::chrono::seconds>(world->clock.now()) + std::chrono::seconds(1);
  world->clock.sleep_until(moment + std::chrono::seconds(1), {});
  const auto copy = world->restore(id, "then", RestoreType::restore_point, "", moment);
  EXPECT_EQ(administrate(copy)->scalar("SELECT name FROM public.of_postgres WHERE id = -1"), "later");
  EXPECT_EQ(administrate(copy)->scalar("SELECT count(*) FROM pg_roles WHERE rolsuper"), "1");
  EXPECT_EQ(world->stranger.log_in()->scalar("SELECT count(*) FROM pg_replication_slots WHERE NOT temporary"),
            "0");
  world->stranger.execute("shop", {"DELETE FROM of_postgres WHERE id = -1"});
  world->databases.remove(copy, world->budget());
  world->databases.remove(id, world->budget());
}

TEST_F(PostgresOutside, ACopyIsASourceOfCopiesAndOfSnapshots) {
  const auto second = world->restore(world->copy, "second");
  const auto third = world->restore(second, "third");
  EXPECT_EQ(
      master(third)->scalar("SELECT count(*) FROM pg_roles WHERE rolname = 'postgres' AND NOT rolsuper"),
      "1");
  world->databases.create_snapshot(second, "golden", world->budget());
  const auto fourth = world->restore(second, "fourth", RestoreType::from_snapshot, "golden");
  EXPECT_EQ(administrate(fourth)->scalar("SELECT count(*) FROM public.of_postgres"), "2000");
  world->databases.remove_snapshot("golden");
  for (const auto& each : {second, third, fourth}) world->databases.remove(each, world->budget());
}

TEST_F(PostgresOutside, ALoginThatCannotSucceedFailsAtOnce) {
  administrate(world->copy)->execute("ALTER ROLE dbrefresh_admin NOLOGIN", 0);
  const auto its = server(world->copy);
  its->kill(world->budget());
  const auto before = world->clock.now();
  EXPECT_THROW(its->start(world->budget()), base::Error);
  EXPECT_LT(world->clock.now() - before, std::chrono::minutes(2));
  its->kill(world->budget());
  world->databases.remove(world->copy, world->budget());
}

}  // namespace
}  // namespace tests
