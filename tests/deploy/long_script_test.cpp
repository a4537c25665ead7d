// A script that takes longer than its function may: the refresh is put back, and the next launch is warned.
#include "tests/deploy/stack.h"

namespace tests {
namespace {

using base::Json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Json world_with_a_slow_script() {
  Json world = world_before_stack();
  world["buckets"][0]["objects"]["app1/slow.sql"] =
      "UPDATE customers SET email = CONCAT(email, SLEEP(60));\n";
  return world;
}

class AwsLongScript : public AwsStack {
 protected:
  AwsLongScript() : AwsStack("", world_with_a_slow_script()) {}
};

TEST_F(AwsLongScript, IsNamedBeforeTheNextRun) {
  done_well(deployment({"--yes"}));
  // Fifteen minutes would be too long for a test.
  call("lambda", "update_function_configuration", {{"FunctionName", "awssoldb-sql"}, {"Timeout", 30}});
  Json file = file_document();
  file["runscripts"]["keys"] = "mask.sql,slow.sql";
  put_file(file);
  EXPECT_THAT(launch({"--dry-run"}).output, Not(HasSubstr("slow.sql' ")));
  const auto launched = launch({"--wait"});
  EXPECT_EQ(launched.exit_code, 1) << launched.output;
  expect_rolled_back(state_without_harm());
  EXPECT_THAT(launched.output, HasSubstr("slow.sql:1: statement 1 of 1 failed: the time for it is over"));
  EXPECT_THAT(launch({"--dry-run"}).output,
              AllOf(HasSubstr("$.runscripts.keys: warning: 'slow.sql' was cut off in run "),
                    HasSubstr("method ec2"), Not(HasSubstr("'mask.sql' was"))));
}

}  // namespace
}  // namespace tests
