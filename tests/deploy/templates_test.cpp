// What is deployed, and what may be deployed: the tests of deploy/, which are written in Python.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/process.h"

namespace {

class DeployTemplates : public testing::TestWithParam<std::string> {};

TEST_P(DeployTemplates, Pass) {
  base::SystemClock clock;
  const os::Finished ran = os::run({.argv = {SOURCE_DIR "/tests/deploy/run", GetParam()}}, clock,
                                   clock.now() + std::chrono::minutes{10}, {});
  EXPECT_EQ(ran.exit_code, 0) << ran.output;
  EXPECT_THAT(ran.output, testing::HasSubstr("\nOK")) << "no test ran";
}

INSTANTIATE_TEST_SUITE_P(Modules, DeployTemplates,
                         testing::Values("test_lint", "test_policies", "test_structure"),
                         [](const auto& each) { return each.param; });

}  // namespace
