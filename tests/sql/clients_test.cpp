// Our splitter and the real clients, psql and mariadb, leave the same database after the same script.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "tests/sql/with_server.h"

namespace tests {
namespace {

/// Pieces of scripts that a careless splitter takes apart wrongly. Each works in any order, any number of
/// times.
const std::vector<std::string> postgres_pieces = {
    "INSERT INTO t (v) VALUES ('a;b''c');\n",
    "INSERT INTO t (v) VALUES (E'x\\';y\\\\');\n",
    "insert into t (v) values ('back\\');insert into t (v) values ('slash');\n",
    "INSERT INTO t (v) VALUES (e'\\'--no;comment');\n",
    "INSERT INTO t (v) VALUES (U&'\\0041;''');\n",
    "INSERT INTO t (v) SELECT $$dollar; ' \" $a$ $$;\n",
    "INSERT INTO t (v) SELECT $tag_1$ ; $$ ' $Tag_1$ $tag_1$;\n",
    "INSERT INTO t (v) SELECT \"a;\"\"b\" FROM (SELECT 'q' AS \"a;\"\"b\") AS x$1y;\n",
    "-- a comment; with ' and \" and $$\n",
    "/* outer; /* inner; ' */ still outer; \" */ INSERT INTO t (v) VALUES ('after');\n",
    "INSERT INTO t (v) /* in; the middle */ VALUES -- here; too\n ('comment'\n);\n",
    "COPY t (v) FROM stdin;\none; ' \\t tab\n--two\n/*three\n\\N\n\\.\n",
    "copy t(v) from STDIN with (format csv);\n\"quoted;\nline\"\n\\.\n",
    "CREATE OR REPLACE FUNCTION f(int) RETURNS text LANGUAGE sql BEGIN ATOMIC; SELECT 'x;'; SELECT CASE WHEN "
    "$1 > 0 "
    "THEN 'p;' ELSE 'n' END; END;\nINSERT INTO t (v) VALUES (f(1));\n",
    "CREATE OR REPLACE FUNCTION g() RETURNS text LANGUAGE plpgsql AS $body$\nBEGIN\n  -- ; '\n  RETURN 'g;' "
    "|| $$;$$;\n"
    "END;\n$body$;\nINSERT INTO t (v) VALUES (g());\n",
    "DO $x$ BEGIN INSERT INTO t (v) VALUES ('do;'); END $x$;\n",
    "CREATE OR REPLACE RULE r AS ON UPDATE TO u DO ALSO (INSERT INTO t (v) VALUES ('r1'); INSERT INTO t (v) "
    "VALUES "
    "('r2;'));\nUPDATE u SET a = a + 1;\n",
    "PREPARE p (text) AS INSERT INTO t (v) VALUES ($1);EXECUTE p ('$1;');DEALLOCATE p;\n",
    ";;\n;  ;\n",
    "INSERT INTO t (v) VALUES ('multi\nline;\n''text''')\n  ;\n",
    "INSERT INTO t (v) VALUES ('\xC3\xA9;\xE2\x82\xAC');\r\n",
    "SELECT 1 AS begin; SELECT 2 AS \"end\";\n",
    "BEGIN; INSERT INTO t (v) VALUES ('tx;'); SAVEPOINT s; INSERT INTO t (v) VALUES ('no'); ROLLBACK TO s; "
    "COMMIT;\n",
    "VACUUM u;\n",
};

const std::vector<std::string> mariadb_pieces = {
    "INSERT INTO t (v) VALUES ('a;b''c');\n",
    "INSERT INTO t (v) VALUES ('x\\';y\\\\');\n",
    "insert into t (v) values (\"a;\\\"b\"\"c\");insert into t (v) values ('two');\n",
    "INSERT INTO t (v) SELECT `a;``b` FROM (SELECT 'q' AS `a;``b`) AS x;\n",
    "-- a comment; with ' and \"\n",
    "# another; with `\n",
    "INSERT INTO t (v) VALUES (5--1);\n",
    "/* comment; ' */ INSERT INTO t (v) VALUES ('after');\n",
    "/*!40000 INSERT INTO t (v) VALUES ('code;') */;\n",
    "INSERT INTO t (v) /* in; the middle */ VALUES -- here; too\n ('comment'\n);\n",
    "DELIMITER //\nCREATE OR REPLACE PROCEDURE p() BEGIN INSERT INTO t (v) VALUES ('p;'); INSERT INTO t (v) "
    "VALUES "
    "('q//'); END//\nDELIMITER ;\nCALL p();\n",
    "delimiter $$\nCREATE OR REPLACE FUNCTION f() RETURNS TEXT DETERMINISTIC RETURN 'f;'$$\ndelimiter "
    ";\nINSERT INTO t (v) "
    "VALUES (f());\n",
    "INSERT INTO t (v) VALUES ('multi\nline;\n''text''')\n  ;\n",
    "INSERT INTO t (v) VALUES ('\xC3\xA9;\xE2\x82\xAC');\n",
    "START TRANSACTION; INSERT INTO t (v) VALUES ('tx;'); ROLLBACK; INSERT INTO t (v) VALUES ('stays');\n",
    "SET @a = 'x;y'; INSERT INTO t (v) VALUES (@a);\n",
};

struct Client {
  const char* family;
  const std::vector<std::string>& pieces;
  const char* reset;
  const char* state;  ///< one text that says all of the database
};

const Client clients[] = {
    {"postgres", postgres_pieces,
     "DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE t (id serial, v text); CREATE TABLE u "
     "(a int); "
     "INSERT INTO u VALUES (1);",
     "SELECT coalesce(string_agg(id || '=' || coalesce(v, 'NULL'), '|' ORDER BY id), '') || (SELECT "
     "coalesce(string_agg(proname || prosrc, '|' ORDER BY proname), '') FROM pg_proc WHERE pronamespace = "
     "'public'::regnamespace) || (SELECT a FROM u) FROM t"},
    {"mariadb", mariadb_pieces,
     "DROP DATABASE IF EXISTS d; CREATE DATABASE d CHARACTER SET utf8mb4; USE d; CREATE TABLE t (id INT "
     "AUTO_INCREMENT "
     "PRIMARY KEY, v TEXT);",
     "SELECT CONCAT((SELECT COALESCE(GROUP_CONCAT(id, '=', v ORDER BY id SEPARATOR '|'), '') FROM d.t), "
     "(SELECT "
     "COALESCE(GROUP_CONCAT(routine_name, routine_definition ORDER BY routine_name SEPARATOR '|'), '') FROM "
     "information_schema.routines WHERE routine_schema = 'd'))"},
};

class Clients : public testing::TestWithParam<Client> {
 protected:
  void ours(sql::Connection& session, const std::string& text) { world_.run(session, text); }
  std::unique_ptr<sql::Connection> session() {
    auto made = world_.session();
    ours(*made, GetParam().reset);
    return made;
  }
  void theirs(const std::string& text) {
    const auto file = world_.folder() / "script.sql";
    std::ofstream(file) << text;
    os::fs::permissions(file, os::fs::perms::all);
    const auto where = world_.server().administrator_endpoint();
    const std::string command =
        world_.is_postgres()
            ? "exec psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --host=" + where.socket +
                  " --port=" + std::to_string(where.port) + " --username=" + where.user +
                  " --dbname=postgres --file=" + file.string() + " >/dev/null"
            : "exec mariadb --no-defaults --default-character-set=utf8mb4 --user=" + where.user +
                  " --socket=" + where.socket + " d < " + file.string() + " >/dev/null";
    os::run_or_throw(
        {.argv = {"/bin/sh", "-c", command}, .environment = {"MYSQL_PWD=" + where.password.reveal()}},
        world_.clock, world_.clock.now() + std::chrono::minutes(5), {});
  }

  WithServer world_{GetParam().family};
};

INSTANTIATE_TEST_SUITE_P(Families, Clients, testing::ValuesIn(clients),
                         [](const auto& which) { return std::string(which.param.family); });

TEST_P(Clients, LeaveTheSameDatabaseAsWeDo) {
  std::uint64_t random = os::random_seed();
  std::cout << "seed " << random << "\n";
  const auto& pieces = GetParam().pieces;
  for (std::size_t round = 0; round < pieces.size() + 40; ++round) {
    std::string text;
    if (round < pieces.size()) {
      text = pieces[round];  // each alone first: a failure then names it
    } else {
      for (int i = 0; i < 12; ++i) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        text += pieces[(random >> 33) % pieces.size()];
      }
    }
    const auto mine = session();
    ours(*mine, text);
    const auto left = mine->scalar(GetParam().state);
    const auto other = session();
    theirs(text);
    ASSERT_EQ(left, other->scalar(GetParam().state)) << text;
  }
}

TEST_P(Clients, AFailingScriptNamesItsLineAndLeavesNothingWhereItCan) {
  const auto mine = session();
  const char* script =
      "INSERT INTO t (v) VALUES ('one');\n\nINSERT INTO t (v)\n  VALUES ('two');\nINSERT INTO nowhere VALUES "
      "(1);\n";
  try {
    ours(*mine, script);
    ADD_FAILURE() << "no error";
  } catch (const base::Error& error) {
    EXPECT_THAT(error.message, testing::HasSubstr("script:5: statement 3 of 3 failed"));
    EXPECT_THAT(error.message, testing::HasSubstr("nowhere"));
  }
  EXPECT_EQ(mine->scalar("SELECT COUNT(*) FROM t"), world_.is_postgres() ? "0" : "2");
}

}  // namespace
}  // namespace tests
