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

}  // namespace
}  // namespace sql
