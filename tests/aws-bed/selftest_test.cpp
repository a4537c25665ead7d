// The bed's own tests, which are written in Python (README.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/process.h"

namespace {

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
                         testing::Values("test_clusters", "test_faults", "test_functions", "test_iam",
                                         "test_instances", "test_refresh", "test_servers", "test_services",
                                         "test_snapshots", "test_validator"),
                         [](const auto& each) { return each.param; });

}  // namespace
