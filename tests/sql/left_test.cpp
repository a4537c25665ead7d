// What a script leaves on a real server where it ends, or fails, within a transaction.
#include "base/error.h"
#include "tests/sql/with_server.h"

namespace tests {
namespace {

using testing::HasSubstr;

class Left : public testing::TestWithParam<const char*> {
 protected:
  Left() {
    world_.run(*world_.session(), world_.is_postgres() ? "CREATE TABLE t (a INT); INSERT INTO t VALUES (1);"
                                                       : "CREATE DATABASE d; CREATE TABLE d.t (a INT); "
                                                         "INSERT INTO d.t VALUES (1);");
  }
  /// The code and message of what ends `text`, in a session that is gone by then.
  std::pair<std::string, std::string> failure(const std::string& text) {
    const auto session = world_.session();
    try {
      world_.run(*session, (world_.is_postgres() ? "" : "USE d; ") + text);
    } catch (const base::Error& error) {
      return {error.code, error.message};
    }
    return {};
  }
  std::string value() {
    return world_.session()
        ->scalar(world_.is_postgres() ? "SELECT a FROM t" : "SELECT a FROM d.t")
        .value_or("");
  }

  WithServer world_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Families, Left, testing::Values("postgres", "mariadb"),
                         [](const auto& which) { return std::string(which.param); });

/// It would be lost with the session, and the table be shown as it was.
TEST_P(Left, AScriptThatForgetsToCommitFails) {
  for (const char* text :
       {"BEGIN; UPDATE t SET a = 2;", "START TRANSACTION; UPDATE t SET a = 2; SAVEPOINT s;"}) {
    const auto [code, message] = failure(text);
    EXPECT_EQ(code, "SqlError") << text;
    EXPECT_THAT(message, HasSubstr("script ends within a transaction")) << text;
    EXPECT_EQ(value(), "1");
  }
  if (!world_.is_postgres()) {
    EXPECT_EQ(failure("SET autocommit = 0; UPDATE t SET a = 2;").first, "SqlError");
    EXPECT_EQ(value(), "1");
  }
  EXPECT_EQ(failure("BEGIN; UPDATE t SET a = 2; COMMIT;").first, "");
  EXPECT_EQ(value(), "2");
}

TEST_P(Left, ARefusedStatementOfATransactionLeavesNothing) {
  EXPECT_EQ(failure("BEGIN; UPDATE t SET a = 2; UPDATE nothing SET a = 3; COMMIT;").first, "SqlError");
  EXPECT_EQ(value(), "1");
}

/// It was refused, and what was before it was committed, or a part of it: nobody may run that again unasked.
TEST_P(Left, WhatMayHaveCommittedIsToldApart) {
  const char* text = world_.is_postgres() ? "DO $$ BEGIN UPDATE t SET a = 2; COMMIT; RAISE 'no'; END $$;"
                                          : "BEGIN; UPDATE t SET a = 2; CREATE TABLE t (b INT); COMMIT;";
  EXPECT_EQ(failure(text).first, sql::sql_error_in_part);
  EXPECT_EQ(value(), "2");
}

}  // namespace
}  // namespace tests
