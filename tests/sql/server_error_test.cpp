// Messages of real servers, provoked with a person's data in each way that we know: none shows it.
#include "sql/server_error.h"
#include "sql/script.h"

#include "base/error.h"
#include "base/text.h"
#include "tests/sql/with_server.h"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::Not;

/// What must be in no message, in whatever case.
constexpr const char* data[] = {"real.person", "person", "corp", "4111", "1111", "secret"};

struct Provoked {
  const char* statement;
  std::vector<const char*> shown;
};

const char* const postgres_setup = R"sql(
CREATE TABLE parent (id text PRIMARY KEY);
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE TABLE p (email text PRIMARY KEY, name varchar(5), age int, card text NOT NULL, born date, parent text
  REFERENCES parent, CONSTRAINT not_hidden CHECK (email NOT LIKE '%secret%'));
INSERT INTO p VALUES ('real.person@corp.example', NULL, 1, '4111 1111 1111 1111');
CREATE FUNCTION trips() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'customer % is not to be touched', NEW.email; END $$;
CREATE TABLE guarded (email text);
CREATE TRIGGER guard BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION trips();
CREATE ROLE nobody;
)sql";

const std::vector<Provoked> postgres_failures = {
    {"INSERT INTO p VALUES ('real.person@corp.example', NULL, 1, 'x')",
     {"unique_violation", "23505", "public.p", "p_pkey"}},
    {"INSERT INTO p (email, card) SELECT email, card FROM p", {"23505", "p_pkey"}},
    {"UPDATE p SET age = email::int", {"22P02"}},
    {"UPDATE p SET age = card::numeric", {"22P02"}},
    {"UPDATE p SET born = email::date", {"22007"}},
    {"UPDATE p SET born = '4111-11-11-secret'", {"22007"}},
    {"UPDATE p SET name = email", {"22001"}},
    {"UPDATE p SET parent = email", {"23503", "p_parent_fkey"}},
    {"UPDATE p SET card = NULL", {"23502", "column card", "public.p"}},
    {"UPDATE p SET email = 'secret'", {"23514", "not_hidden"}},
    {"SELECT email::json FROM p", {"22P02"}},
    {"SELECT email::uuid FROM p", {"22P02"}},
    {"SELECT email::inet FROM p", {"22P02"}},
    {"SELECT card::bytea, decode(email, 'hex') FROM p", {"22023"}},
    {"SELECT card::email FROM p", {"23514", "email_check", "type email"}},
    {"SELECT to_date(email, 'YYYY') FROM p", {"22007"}},
    {"SELECT to_timestamp(card, 'YYYY-MM-DD HH24:MI:SS') FROM p", {"SQLSTATE 22"}},
    {"SELECT '4111111111111111'::int", {"22003", "line 1, character 8"}},
    {"SELECT email ~ ('[' || email) FROM p", {"2201B"}},
    {"SELECT convert_from('\\xff4111', 'UTF8')", {"22021"}},
    {"INSERT INTO guarded SELECT email FROM p", {"raise_exception", "P0001"}},
    {"DO $$ DECLARE r record; BEGIN SELECT * INTO r FROM p; RAISE EXCEPTION '%', r; END $$", {"P0001"}},
    {"DO $$ BEGIN EXECUTE 'SELECT * FROM ' || (SELECT quote_ident(email) FROM p); END $$",
     {"undefined_table", "42P01"}},
    {"DO $$ BEGIN EXECUTE 'SELECT * FROM \"' || (SELECT split_part(email, '@', 1) FROM p) || '\"'; END $$",
     {"42P01"}},
    {"DO $$ BEGIN EXECUTE (SELECT email FROM p); END $$", {"syntax_error", "42601"}},
    {"DO $$ BEGIN EXECUTE 'SELECT ' || (SELECT split_part(email, '@', 1) FROM p); END $$", {"42P01"}},
    {"DO $$ BEGIN PERFORM set_config((SELECT card FROM p), 'x', false); END $$", {"SQLSTATE 42"}},
    {"UPDATE p SET card = 'x' WHERE email = \"real.person@corp.example\"", {"undefined_column", "42703"}},
    {"SELEC 'real.person@corp.example'", {"syntax_error", "line 1, character 1"}},
    {"COPY p (email, age, card) FROM stdin;\nx\tperson\tsecret\n\\.\n", {"22P02"}},
    {"COPY p (email, age) FROM stdin;\nperson\t1\tsecret\n\\.\n", {"22P04"}},
    {"SELECT nextval('person')", {"42P01"}},
    {"SELECT pg_advisory_lock(card::bigint) FROM p", {"22P02"}},
    {"UPDATE nowhere\n  SET a = 1", {"relation \"nowhere\" does not exist", "line 1, character 8", "42P01"}},
    {"UPDATE p\n  SET nothing = 1",
     {"column \"nothing\" of relation \"p\" does not exist", "line 2, character 7"}},
    {"SELECT frobnicate(1)", {"function frobnicate(integer) does not exist", "42883"}},
    {"SET ROLE nobody; SELECT * FROM p", {"permission denied for table p", "42501"}},
};

const char* const mariadb_setup = R"sql(
CREATE DATABASE d CHARACTER SET utf8mb4;
USE d;
CREATE TABLE parent (id VARCHAR(99) PRIMARY KEY) ENGINE=InnoDB;
CREATE TABLE p (email VARCHAR(99) PRIMARY KEY, name VARCHAR(5), age TINYINT, card VARCHAR(99) NOT NULL, born DATE,
  parent VARCHAR(99), kind ENUM('a'), g GEOMETRY, CONSTRAINT up FOREIGN KEY (parent) REFERENCES parent (id),
  CONSTRAINT not_hidden CHECK (email NOT LIKE '%secret%')) ENGINE=InnoDB;
INSERT INTO p (email, age, card) VALUES ('real.person@corp.example', 1, '4111 1111 1111 1111');
CREATE TABLE guarded (email TEXT);
DELIMITER //
CREATE TRIGGER guard BEFORE INSERT ON guarded FOR EACH ROW BEGIN
  DECLARE words TEXT DEFAULT CONCAT('Customer ''', NEW.email, ''' already exists');
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = words; END//
CREATE TRIGGER guard_update BEFORE UPDATE ON guarded FOR EACH ROW BEGIN
  DECLARE words TEXT DEFAULT CONCAT('Unknown column ''', NEW.email, '''');
  SIGNAL SQLSTATE '42S22' SET MYSQL_ERRNO = 1054, MESSAGE_TEXT = words; END//
DELIMITER ;
)sql";

const std::vector<Provoked> mariadb_failures = {
    {"INSERT INTO p (email, card) VALUES ('real.person@corp.example', 'x')",
     {"ER_DUP_ENTRY", "1062", "23000"}},
    {"INSERT INTO p SELECT * FROM p", {"1062"}},
    {"UPDATE p SET age = email", {"ER_TRUNCATED_WRONG_VALUE_FOR_FIELD", "1366"}},
    {"UPDATE p SET age = 4111", {"1264"}},
    {"UPDATE p SET name = email", {"ER_DATA_TOO_LONG", "1406"}},
    {"UPDATE p SET born = email", {"1292"}},
    {"UPDATE p SET born = '4111-11-99'", {"1292"}},
    {"UPDATE p SET kind = email", {"WARN_DATA_TRUNCATED", "1265"}},
    {"UPDATE p SET card = NULL", {"1048"}},
    {"UPDATE p SET parent = email", {"ER_NO_REFERENCED_ROW_2", "1452"}},
    {"UPDATE p SET email = 'secret'", {"ER_CONSTRAINT_FAILED", "4025"}},
    {"UPDATE p SET age = email + 1", {"1292"}},
    {"UPDATE p SET g = email", {"SQLSTATE"}},
    {"SELECT CAST(18446744073709551615 AS UNSIGNED) + age FROM p", {"1690"}},
    {"INSERT INTO guarded SELECT email FROM p", {"ER_SIGNAL_EXCEPTION", "1644"}},
    {"EXECUTE IMMEDIATE (SELECT CONCAT('SELECT * FROM `', email, '`') FROM p)", {"SQLSTATE"}},
    {"BEGIN NOT ATOMIC DECLARE s TEXT DEFAULT (SELECT CONCAT('SELECT * FROM ', SUBSTRING_INDEX(email, '@', "
     "1)) FROM p); EXECUTE IMMEDIATE s; END",
     {"1146"}},
    {"BEGIN NOT ATOMIC DECLARE s TEXT DEFAULT (SELECT CONCAT('SELECT ', email, ' FROM p') FROM p); EXECUTE "
     "IMMEDIATE s; END",
     {"SQLSTATE"}},
    {"BEGIN NOT ATOMIC DECLARE s TEXT DEFAULT (SELECT email FROM p); EXECUTE IMMEDIATE s; END",
     {"ER_PARSE_ERROR", "1064"}},
    {"SET sql_mode = (SELECT email FROM p)", {"1231"}},
    {"SELEC 'real.person@corp.example'", {"ER_PARSE_ERROR"}},
    {"UPDATE p SET card = 'x' WHERE email = `real.person@corp.example`", {"ER_BAD_FIELD_ERROR", "1054"}},
    {"CREATE USER 'real.person'@'%' IDENTIFIED BY PASSWORD 'secret'", {"SQLSTATE"}},
    {"SELECT JSON_VALUE(email, '$.secret' ) + CAST(card AS DATE), ROW(1, 2) = email FROM p", {"SQLSTATE"}},
    {"UPDATE nowhere SET a = 1", {"Table 'd.nowhere' doesn't exist", "ER_NO_SUCH_TABLE", "1146", "42S02"}},
    {"UPDATE p SET nothing = 1", {"Unknown column 'nothing' in 'SET'", "1054"}},
};

class ServerError : public testing::TestWithParam<const char*> {
 protected:
  std::string failure(sql::Connection& session, const std::string& text) {
    try {
      world_.run(session, text);
    } catch (const base::Error& error) {
      EXPECT_THAT(error.code, testing::AnyOf("SqlError", sql::sql_error_in_part)) << error.message;
      return error.message;
    }
    ADD_FAILURE() << "no error: " << text;
    return "";
  }
  std::unique_ptr<sql::Connection> fresh(const std::string& language) {
    auto session = world_.session();
    if (!world_.is_postgres()) session->execute("USE d", 0);
    if (!language.empty()) session->execute("SET lc_messages = '" + language + "'", 0);
    return session;
  }
  void provoke(const std::string& language) {
    for (const auto& each : world_.is_postgres() ? postgres_failures : mariadb_failures) {
      const auto session = fresh(language);
      const std::string said = failure(*session, std::string(each.statement).starts_with("BEGIN NOT ATOMIC")
                                                     ? "DELIMITER //\n" + std::string(each.statement) + "//"
                                                     : std::string(each.statement) + ";");
      for (const char* word : data) EXPECT_THAT(base::lower(said), Not(HasSubstr(word))) << each.statement;
      for (const char* word : each.shown)
        if (language.empty() || std::string_view(word).find(' ') == std::string_view::npos) {
          EXPECT_THAT(said, HasSubstr(word)) << each.statement;
        }
    }
  }
  WithServer world_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Families, ServerError, testing::Values("postgres", "mariadb"),
                         [](const auto& which) { return std::string(which.param); });

TEST_P(ServerError, ShowsCodesAndNamesAndNoValue) {
  world_.run(*world_.session(), world_.is_postgres() ? postgres_setup : mariadb_setup);
  provoke("");
  if (!world_.is_postgres())
    for (const char* language : {"de_DE", "fr_FR", "ja_JP", "ru_RU", "cs_CZ"}) provoke(language);
}

TEST(ServerErrorText, WordsOfOtherLanguagesAreLeftOut) {
  for (const char* message : {"Relation »nowhere« existiert nicht", "la relation « nowhere » n'existe pas",
                              "relation \"real.person\" does not exist"})
    EXPECT_EQ(
        sql::describe({.state = "42P01", .message = message, .position = "8"}, "UPDATE nowhere SET a = 1"),
        "undefined_table, at line 1, character 8 of the statement (SQLSTATE 42P01)")
        << message;
  for (const char* message : {"Ungültige Eingabesyntax für Typ integer: »real.person«",
                              "invalid input syntax for type integer: \"real.person\""})
    EXPECT_EQ(sql::describe({.state = "22P02", .message = message}, "SELECT real.person"),
              "invalid_text_representation (SQLSTATE 22P02)");
  EXPECT_EQ(sql::describe({.state = "99999", .message = "real person"}, "SELECT"), "error (SQLSTATE 99999)");
  EXPECT_EQ(sql::describe_mariadb(9999, "HY000", "real person", "SELECT"), "(error 9999, SQLSTATE HY000)");
}

TEST(ServerErrorText, OfAClientIsTheLineAndTheCode) {
  const auto said = sql::describe_mariadb_client(
      "--------------\nINSERT INTO t VALUES ('real.person')\n--------------\n\n"
      "ERROR 1062 (23000) at line 71: Duplicate entry 'real.person at line 9: x' for key 'PRIMARY'\n");
  EXPECT_THAT(said, testing::EndsWith("error 1062, SQLSTATE 23000) at line 71"));
  EXPECT_THAT(said, testing::Not(HasSubstr("real.person")));
  EXPECT_THAT(sql::describe_mariadb_client("ERROR 2013 (HY000): Lost connection to server during query"),
              testing::EndsWith("error 2013, SQLSTATE HY000)"));
  for (const char* other : {"", "ERROR", "ERROR real.person", "ERROR: Unknown command '\\r' of real.person"})
    EXPECT_EQ(sql::describe_mariadb_client(other), "") << other;
}

}  // namespace
}  // namespace tests
