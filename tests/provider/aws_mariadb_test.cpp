// What a copy of RDS's MariaDB forgets, on a real server with procedures like those of RDS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "provider/aws/ties.h"
#include "tests/conformance/strange_mariadb.h"

namespace tests {
namespace {

using testing::HasSubstr;

constexpr const char* replicates = "CHANGE MASTER TO MASTER_HOST = 'db.example.com', MASTER_USER = 'replica'";

/// A copy must not go on reading the changes of whom its source read, nor know how to.
TEST(AwsMariaDb, ForgetsWhomItReplicatedFrom) {
  const StrangeMariaDb server;
  server.run({"CREATE PROCEDURE mysql.rds_replica_status() SHOW SLAVE STATUS",
              "CREATE PROCEDURE mysql.rds_stop_replication() STOP SLAVE",
              "CREATE PROCEDURE mysql.rds_reset_external_master() RESET SLAVE ALL", replicates});
  const auto session = server.administrate();
  ASSERT_EQ(session->query("SHOW SLAVE STATUS").rows, 1U);
  provider::aws::cut_replication(*session);
  EXPECT_EQ(session->query("SHOW SLAVE STATUS").rows, 0U);
  provider::aws::cut_replication(*session);
}

TEST(AwsMariaDb, WhatNothingTakesAwayFailsTheRun) {
  const StrangeMariaDb server;
  server.run({replicates});
  const auto session = server.administrate();
  try {
    provider::aws::cut_replication(*session);
    ADD_FAILURE() << "cut";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code, "TiesRemain");
    EXPECT_THAT(error.message, HasSubstr("db.example.com"));
  }
}

}  // namespace
}  // namespace tests
