// The same stack under another interpreter of Step Functions, which is of another family than ours and than
// the emulator's: what a refresh comes to is not to depend on whose it is. Its histories have the events of
// Lambda.
#include "refresh/lookup.h"
#include "tests/deploy/stack.h"

namespace tests {
namespace {

using base::Json;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

Json world_with_a_broken_script() {
  Json world = world_before_stack();
  world["buckets"][0]["objects"]["app1/broken.sql"] = "UPDATE no_such_table SET id = 1;\n";
  return world;
}

class AwsInterpreter : public AwsStack {
 protected:
  AwsInterpreter() : AwsStack("--interpreter moto", world_with_a_broken_script()) {
    done_well(deployment({"--yes"}));
  }
  /// All events of the only execution, or of the one of this name.
  Json history(const std::string& name) { return answer({"history", name}); }
  static std::vector<std::string> types_in(const Json& history) {
    std::vector<std::string> all;
    for (const Json& each : history.at("events")) all.push_back(each.at("type"));
    return all;
  }
};

TEST_F(AwsInterpreter, RefreshesToTheSameEnd) {
  put_file(file_document());
  const auto launched = launch({"--wait"});
  ASSERT_EQ(launched.exit_code, 0) << launched.output;
  EXPECT_THAT(launched.output, AllOf(HasSubstr("ok     perform-restore"), HasSubstr("connect: mysqlinstd.")));
  EXPECT_EQ(refused(), Json::array());
  const Json state = state_without_harm();
  expect_masked(state);
  EXPECT_EQ(state.at("tables").at("dbalignment-awssol").size(), 1U);
  ASSERT_EQ(state.at("messages").size(), 1U);
  EXPECT_THAT(state["messages"][0].at("subject").get<std::string>(), HasSubstr("[COMPLETED]"));
  EXPECT_THAT(state.at("places").dump(), Not(HasSubstr(refresh::run_secret_name(""))));

  const Json list = answer({"list"});
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].at("status"), "SUCCEEDED");
  EXPECT_EQ(list[0].at("masked"), true);
  const Json all = history(list[0].at("run"));
  EXPECT_GT(all.at("attempts").size(), 20U);
  EXPECT_EQ(all.at("attempts")[0].at("state"), "prepare");
  EXPECT_THAT(types_in(all), Contains("LambdaFunctionSucceeded"));
}

TEST_F(AwsInterpreter, PutsAllBackWhereAScriptFails) {
  Json file = file_document();
  file["runscripts"]["keys"] = "mask.sql,broken.sql";
  put_file(file);
  const auto launched = launch({"--wait"});
  EXPECT_EQ(launched.exit_code, 1) << launched.output;
  EXPECT_THAT(launched.output, AllOf(HasSubstr("broken.sql"), HasSubstr("no_such_table"),
                                     HasSubstr("everything was put back")));
  EXPECT_EQ(refused(), Json::array());
  const Json state = state_without_harm();
  expect_rolled_back(state);
  ASSERT_EQ(state.at("messages").size(), 1U);
  EXPECT_THAT(state["messages"][0].at("subject").get<std::string>(), HasSubstr("[FAILED]"));
  const Json run_of = answer({"list"})[0];
  EXPECT_EQ(run_of.at("status"), "FAILED");
  EXPECT_TRUE(run_of.at("notPutBack").is_null()) << run_of;
  EXPECT_THAT(types_in(history(run_of.at("run"))), Contains("LambdaFunctionFailed"));
}

TEST_F(AwsInterpreter, PutsBackWhatIsCancelled) {
  put_file(file_document());
  bed_.post("pace", {{"seed", 1}, {"polls", {{"creating", 400}}}});  // for as long as anybody looks
  EXPECT_THAT(launch({}).output, HasSubstr("begun: run "));
  const std::string name = answer({"list"})[0].at("run");
  const auto deadline = clock_.now() + std::chrono::minutes(2);
  while (answer({"status", name}).at("step") != "perform-restore" && clock_.now() < deadline) {
  }
  const auto cancelled = run({"cancel", name});
  EXPECT_EQ(cancelled.exit_code, 0) << cancelled.output;
  EXPECT_THAT(cancelled.output, HasSubstr("everything was put back"));
  expect_rolled_back(state_without_harm());
  EXPECT_EQ(refused(), Json::array());
}

}  // namespace
}  // namespace tests
