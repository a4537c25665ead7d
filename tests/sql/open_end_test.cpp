// Where the text of a script says that it ends within a transaction.
#include "sql/open_end.h"

#include <gtest/gtest.h>

namespace tests {
namespace {

bool open(const char* text, const char* family = "mariadb") {
  return sql::may_end_open(sql::parse_script(text, family));
}

TEST(OpenEnd, WhatIsCommittedByNobodyIsFound) {
  for (const char* text :
       {"START TRANSACTION; UPDATE t SET a = 1;", "begin; UPDATE t SET a = 1; ROLLBACK TO s;",
        "SET autocommit = 0; UPDATE t SET a = 1;", "BEGIN; UPDATE t SET a = 1; COMMIT AND CHAIN;",
        "XA START 'x'; UPDATE t SET a = 1; XA END 'x'; XA PREPARE 'x';"})
    EXPECT_TRUE(open(text)) << text;
  EXPECT_TRUE(open("BEGIN; UPDATE t SET a = 1;", "postgres"));
}

TEST(OpenEnd, WhatIsCommittedIsNot) {
  for (const char* text :
       {"UPDATE t SET a = 1;", "BEGIN; UPDATE t SET a = 1; COMMIT; SELECT 1;",
        "BEGIN; DELETE FROM t; ROLLBACK;", "SET autocommit = 0; UPDATE t SET a = 1; COMMIT;",
        "SET autocommit = 0; DELETE FROM t; SET autocommit = 1;",
        "DELIMITER //\nBEGIN NOT ATOMIC UPDATE t SET a = 1; END//"})
    EXPECT_FALSE(open(text)) << text;
  EXPECT_FALSE(open("UPDATE t SET a = 1; UPDATE t SET b = 1;", "postgres")) << "it is one transaction";
}

}  // namespace
}  // namespace tests
