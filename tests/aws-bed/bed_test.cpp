// The bed's own tests, which are written in Python, and our client against it.
#include "tests/aws-bed/bed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/client.h"
#include "base/error.h"
#include "os/process.h"

namespace {

using base::Json;
using tests::AwsBed;

class AwsBedSelftest : public testing::TestWithParam<std::string> {};

TEST_P(AwsBedSelftest, Passes) {
  base::SystemClock clock;
  const os::Finished ran =
      os::run({.argv = {SOURCE_DIR "/tests/aws-bed/run-selftest", "selftest." + GetParam()}}, clock,
              clock.now() + std::chrono::minutes{14}, {});
  EXPECT_EQ(ran.exit_code, 0) << ran.output;
  EXPECT_THAT(ran.output, testing::HasSubstr("\nOK")) << "no test ran";
}

INSTANTIATE_TEST_SUITE_P(Modules, AwsBedSelftest,
                         testing::Values("test_clusters", "test_faults", "test_instances", "test_refresh",
                                         "test_servers", "test_snapshots", "test_validator"),
                         [](const auto& each) { return each.param; });

class AwsBedTest : public testing::Test {
 protected:
  void SetUp() override {
    bed.post("seed", {{"region", "eu-central-1"},
                      {"instances", {{{"name", "production"}, {"engine", "mariadb"}}}},
                      {"buckets", {{{"name", "scripts"}, {"objects", {{"a b.sql", "select 1"}}}}}},
                      {"secrets", {{{"name", "dev/master"}, {"value", {{"password", "a-secret-9"}}}}}}});
  }
  Json call(const std::string& service, const std::string& operation, Json input = Json::object()) {
    aws::Session session({.environment = bed.environment()});
    return aws::Client(session).call({service, operation, std::move(input)},
                                     {clock, clock.now() + std::chrono::seconds{60}, {}, {}});
  }

  AwsBed bed;
  base::SystemClock clock;
};

TEST_F(AwsBedTest, UnderstandsOurClient) {
  call("rds", "RestoreDBInstanceToPointInTime",
       {{"SourceDBInstanceIdentifier", "production"},
        {"TargetDBInstanceIdentifier", "copy"},
        {"UseLatestRestorableTime", true},
        {"Tags", {{{"Key", "run"}, {"Value", "a b/+ä"}}}}});
  call("rds", "DescribeDBInstances");
  const Json shown = call("rds", "DescribeDBInstances", {{"DBInstanceIdentifier", "copy"}});
  EXPECT_EQ(shown["DBInstances"][0]["DBInstanceStatus"], "creating") << shown;
  EXPECT_EQ(shown["DBInstances"][0]["TagList"][0]["Value"], "a b/+ä");
  EXPECT_EQ(call("secretsmanager", "GetSecretValue", {{"SecretId", "dev/master"}})["SecretString"],
            R"({"password": "a-secret-9"})");
  EXPECT_EQ(bed.get("violations")["violations"], Json::array());
}

TEST_F(AwsBedTest, RefusesWhatNoModelHas) {
  EXPECT_THROW(bed.post("seed", {{"bogus", 1}}), base::Error);
  bed.post("fault",
           {{"op", "DescribeDBInstances"}, {"fault", {{"error", {{"code", "Bogus"}, {"status", 400}}}}}});
  try {
    call("rds", "DescribeDBInstances");
    FAIL() << "it worked";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code, "Bogus");
  }
}

}  // namespace
