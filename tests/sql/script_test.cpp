#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "sql/script.h"

namespace sql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> statements(const std::string& text, Form form = Form::client) {
  const Script script = parse_script(text, "mariadb");
  EXPECT_EQ(to_string(script.form), to_string(form)) << text;
  std::vector<std::string> out;
  for (const auto& each : script.statements) out.push_back(std::to_string(each.line) + ": " + each.text);
  return out;
}

std::string refusal(const std::string& text) {
  try {
    parse_script(text, "mariadb");
  } catch (const base::Error& error) {
    return error.message;
  }
  return "";
}

TEST(Script, OldFormIsAStatementALine) {
  EXPECT_THAT(
      statements("# empty the log\n\nTRUNCATE mysqldbp.logs\n  # indented comment\r\nupdate c set a='x'\r\n",
                 Form::lines),
      ElementsAre("3: TRUNCATE mysqldbp.logs", "5: update c set a='x'"));
}

TEST(Script, OneStatementOverManyLinesNeedsNoSemicolon) {
  EXPECT_THAT(statements("UPDATE c\n   SET a = 1\n WHERE b = 2\n"),
              ElementsAre("1: UPDATE c\n   SET a = 1\n WHERE b = 2"));
}

TEST(Script, QuotesAndCommentsHideSemicolons) {
  EXPECT_THAT(statements("INSERT INTO t VALUES ('a;b', \"c;\\\"d\", `e;`); -- one; two\n# three;\n/* "
                         "four;\n*/ SELECT 'it''s;';"),
              ElementsAre("1: INSERT INTO t VALUES ('a;b', \"c;\\\"d\", `e;`)", "4: SELECT 'it''s;'"));
}

TEST(Script, TwoDashesWithoutABlankAreNoComment) {
  EXPECT_THAT(statements("SELECT 5--1; SELECT 2;"), ElementsAre("1: SELECT 5--1", "1: SELECT 2"));
}

TEST(Script, ExecutableCommentsAreCode) {
  EXPECT_THAT(statements("/*!50003 SET @a = 1 */; SELECT 1;"),
              ElementsAre("1: /*!50003 SET @a = 1 */", "1: SELECT 1"));
}

TEST(Script, DelimiterChangesWhatEndsAStatement) {
  EXPECT_THAT(
      statements(
          "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END//\ndelimiter ;\nCALL p();"),
      ElementsAre("2: CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END", "4: CALL p()"));
}

TEST(Script, RefusesWhatIsNeverClosedAndWhatOnlyAClientCanDo) {
  EXPECT_THAT(refusal("SELECT 1;\nSELECT 'abc"), HasSubstr("line 2: a ' quote is never closed"));
  EXPECT_THAT(refusal("SELECT 1; /* abc"), HasSubstr("line 1: a /* comment is never closed"));
  EXPECT_THAT(refusal("SELECT 1;\nsource other.sql;"),
              HasSubstr("line 2: 'source' is a command of the mariadb client"));
  EXPECT_THAT(refusal("\\! rm -rf /;"), HasSubstr("'\\!' is a command"));
  EXPECT_EQ(refusal("SELECT status FROM t;"), "");
}

TEST(Script, NothingIsNoStatement) {
  EXPECT_TRUE(parse_script("", "mariadb").statements.empty());
  EXPECT_TRUE(parse_script("-- only\n# comments\n;;;\n", "mariadb").statements.empty());
}

TEST(Script, AByteOrderMarkIsNoPartOfTheFirstStatement) {
  EXPECT_THAT(statements("\xEF\xBB\xBFSELECT 1;"), ElementsAre("1: SELECT 1"));
}

std::string psql_refusal(const std::string& text) {
  try {
    parse_script(text, "postgres");
  } catch (const base::Error& error) {
    return error.message;
  }
  return "";
}

TEST(Psql, CommandsOfPsqlAreRefusedByNameAndLine) {
  EXPECT_EQ(psql_refusal("SELECT 1;\n\\i other.sql\n"),
            "line 2: '\\i' is a command of psql, not a statement");
  EXPECT_EQ(psql_refusal("SELECT 1 \\gexec\n"), "line 1: '\\gexec' is a command of psql, not a statement");
  EXPECT_EQ(psql_refusal("SELECT '\\i'; SELECT $$\\i$$; -- \\i\n"), "");
}

TEST(Psql, TheRestrictionsOfADumpAreTaken) {
  const auto script = parse_script(
      "--\n\\restrict aB3\nSET search_path = '';\nCOPY t FROM stdin;\n1\n\\.\n\\unrestrict aB3\n\n",
      "postgres");
  ASSERT_EQ(script.statements.size(), 2U);
  EXPECT_EQ(script.statements[0].line, 3);
  EXPECT_EQ(psql_refusal("\\restrict\nSELECT 1;"),
            "line 1: '\\restrict' is a command of psql, not a statement");
  EXPECT_EQ(psql_refusal("SELECT 1 \\restrict x\n;"),
            "line 1: '\\restrict' is a command of psql, not a statement");
}

TEST(Psql, LinesOfAStatementAreThoseOfTheFile) {
  const auto script = parse_script("UPDATE /* a\nb\nc */ t\nSET a = 1;", "postgres");
  EXPECT_EQ(std::ranges::count(script.statements.at(0).text, '\n'), 3);
}

TEST(Script, WhatIsNotUtf8IsRefusedWithLineAndByte) {
  for (const char* family : {"postgres", "mariadb"}) {
    auto refused = [&](std::string_view text) -> std::string {
      try {
        parse_script(text, family);
      } catch (const base::Error& error) {
        return error.message;
      }
      return "";
    };
    EXPECT_EQ(refused("SELECT 1;\r\nSELECT 'Gr\xf6\xdf"
                      "e';"),
              "line 2, byte 11: 0xF6 is not UTF-8");
    EXPECT_EQ(refused("\xEF\xBB\xBFSELECT 'Gr\xC3\xB6\xC3\x9F"
                      "e \xF0\x9F\x90\x98';\r\n"),
              "");
    EXPECT_EQ(refused({"SELECT 1;\nSEL\0ECT 2;", 20}), "line 2, byte 4: a NUL byte");
    EXPECT_EQ(refused({"\xFF\xFES\0E\0", 6}), "line 1, byte 1: the file is UTF-16");
    EXPECT_EQ(refused({"S\0E\0L\0", 6}), "line 1, byte 2: a NUL byte");
    for (const char* wrong :
         {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80", "\xF8\x88\x80\x80\x80"})
      EXPECT_THAT(refused(wrong), HasSubstr("line 1, byte 1")) << wrong;
  }
}

TEST(Psql, WhatIsNeverClosedIsRefusedWithItsLine) {
  EXPECT_THAT(psql_refusal("SELECT 1;\nSELECT 'a;\n"), HasSubstr("line 2: a ' quote is never closed"));
  EXPECT_THAT(psql_refusal("SELECT $a$ ; $b$;"), HasSubstr("$a$ quote is never closed"));
  EXPECT_THAT(psql_refusal("/* /* */ SELECT 1;"), HasSubstr("a /* comment is never closed"));
  EXPECT_THAT(psql_refusal("COPY t FROM stdin;\n1\n"), HasSubstr("there is no line '\\.'"));
}

TEST(Psql, AFileIsOneTransactionWhereItCanBe) {
  auto one = [](const char* text) { return parse_script(text, "postgres").one_transaction; };
  EXPECT_TRUE(one("UPDATE a SET b = 1; DELETE FROM c;"));
  EXPECT_FALSE(one("UPDATE a SET b = 1; COMMIT;"));
  EXPECT_FALSE(one("BEGIN; UPDATE a SET b = 1; COMMIT;"));
  EXPECT_FALSE(one("VACUUM a;"));
  EXPECT_FALSE(one("CREATE UNIQUE INDEX\n\tCONCURRENTLY i ON a (b);"));
  EXPECT_FALSE(one("CREATE DATABASE d;"));
}

TEST(Psql, TheOldFormIsAStatementALine) {
  const auto script = parse_script("# don't\nUPDATE a SET b = 1\n\nDELETE FROM c\n", "postgres");
  EXPECT_EQ(script.form, Form::lines);
  ASSERT_EQ(script.statements.size(), 2U);
  EXPECT_EQ(script.statements[1].line, 4);
}

}  // namespace
}  // namespace sql
