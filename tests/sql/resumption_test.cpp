// Where a script that failed may be gone on with in another session.
#include "sql/resumption.h"

#include <gmock/gmock.h>

namespace tests {
namespace {

using testing::HasSubstr;

std::string why_not(const char* text, int done, const char* family = "mariadb") {
  return sql::why_not_after(sql::parse_script(text, family), done);
}

TEST(Resumption, StatementsOnTablesLeaveNothingInTheirSession) {
  EXPECT_EQ(
      why_not("USE d; SET NAMES utf8mb4; UPDATE t SET a = 'x@example.com'; DELETE FROM u; UPDATE v;", 4), "");
  EXPECT_EQ(why_not("BEGIN; UPDATE t SET a = 1; COMMIT; UPDATE v SET b = 1;", 3), "");
  EXPECT_EQ(why_not("SELECT last_insert_id();", 0), "") << "nothing has run";
}

TEST(Resumption, WhatASessionRemembersCannotBeGoneOnWith) {
  for (const char* first :
       {"SET @salt = UUID()", "SET x = (SELECT 1)", "CREATE TEMPORARY TABLE m (a INT)", "PREPARE s FROM 'x'",
        "LOCK TABLES t WRITE", "CALL fill()", "SELECT set_config('search_path', 'x', false)",
        "UPDATE t SET a = @n := @n + 1", "/*!50000 SET x = 1 */", "UPDATE t SET a = (@`n` := 1)",
        "CREATE\nTEMP\tTABLE m (a INT)", "CREATE TABLE pg_temp.m (a INT)", "SET GLOBAL autocommit = 0",
        "SET @@global.autocommit = 0", "ALTER ROLE admin SET search_path = other",
        "SET STATEMENT max_statement_time = 9 FOR UPDATE t SET a = -a"})
    EXPECT_THAT(why_not((std::string(first) + "; UPDATE t SET a = 1;").c_str(), 1),
                HasSubstr("statement 1 (line 1) may have left something in its session"))
        << first;
  for (const char* next : {"UPDATE t SET a = @salt", "INSERT INTO u VALUES (LAST_INSERT_ID())",
                           "INSERT INTO u SELECT ROW_COUNT()", "UPDATE t SET a = @'salt'",
                           "UPDATE t SET a = PREVIOUS VALUE FOR s", "UPDATE t SET a = @@identity"})
    EXPECT_THAT(why_not((std::string("UPDATE t SET a = 1;\n") + next + ";").c_str(), 1),
                HasSubstr("statement 2 (line 2) asks for what a statement before it left"))
        << next;
}

TEST(Resumption, AnAccountIsNoVariable) {
  EXPECT_EQ(
      why_not("CREATE USER 'u'@'%'; GRANT ALL ON d.* TO u@`%`; SET @@sql_mode = ''; UPDATE t SET a = 1;", 3),
      "");
}

/// PostgreSQL takes a SET back with its transaction: run again by itself it would stay.
TEST(Resumption, WhatATransactionHadSetAndTookBackIsNotSetAgain) {
  const auto text = [](const char* end) {
    return std::string("VACUUM; BEGIN; SET search_path TO other; ") + end +
           "; UPDATE t SET a = 1; UPDATE t SET b = 1;";
  };
  EXPECT_EQ(why_not(text("COMMIT").c_str(), 5, "postgres"), "");
  EXPECT_THAT(why_not(text("ROLLBACK").c_str(), 5, "postgres"),
              HasSubstr("statement 4 (line 1) may have undone what its session was set to"));
}

TEST(Resumption, WhatRunsStatementsOfItsOwnMayFailInPart) {
  const auto whole = [](const char* text) { return sql::is_whole_or_nothing({1, text, {}}); };
  for (const char* text :
       {"UPDATE t SET a = 1", "alter table t add b int", "SELECT f()", "BEGIN", "SET x = 1"})
    EXPECT_TRUE(whole(text)) << text;
  for (const char* text : {"CALL p()", "DO $$ BEGIN COMMIT; END $$", "EXECUTE IMMEDIATE 'CALL p()'",
                           "BEGIN NOT ATOMIC UPDATE t SET a = 1; END", "SET STATEMENT x = 1 FOR CALL p()",
                           "IF 1 THEN CALL p(); END IF", "/*!1 CALL p() */"})
    EXPECT_FALSE(whole(text)) << text;
}

TEST(Resumption, ATransactionIsBegunAnewOrNotAtAll) {
  EXPECT_EQ(why_not("UPDATE t SET a = 1;\nUPDATE t SET b = 1;\n", 1, "postgres"), "it is one transaction");
  EXPECT_EQ(why_not("UPDATE t SET a = 1;\nUPDATE t SET b = 1;\n", 0, "postgres"), "");
}

TEST(Resumption, OnlyPlainSettingsRunAgain) {
  const auto sets = [](const char* text) { return sql::sets_session({1, text, {}}); };
  for (const char* text : {"use d", "SET foreign_key_checks = 0", "RESET ALL", "set names 'utf8'"})
    EXPECT_TRUE(sets(text)) << text;
  for (const char* text : {"SET @x = 1", "SET x = (SELECT 1)", "UPDATE t SET a = 1", "user"})
    EXPECT_FALSE(sets(text)) << text;
}

}  // namespace
}  // namespace tests
