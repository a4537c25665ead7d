// The whole of it as a user of the original has it: the stack is deployed, its state machine is launched, the
// stack's own functions make the refresh with no more rights than the stack's roles give them, and the stack
// goes. CloudFormation, Step Functions and Lambda are an emulator's that knows nothing of ours.
#include "tests/deploy/stack.h"
#include "refresh/lookup.h"

namespace tests {
namespace {

using base::Json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* machine = stack_machine;

TEST_F(AwsStack, RefreshesByItselfOnceItIsDeployed) {
  const auto shown = run(deployment({"--dry-run"}));
  EXPECT_EQ(shown.exit_code, 0) << shown.output;
  EXPECT_THAT(shown.output,
              AllOf(HasSubstr("templates/awssoldb_global.template"), HasSubstr("VpcId = vpc-")));
  const auto asked = run(deployment({}));
  EXPECT_EQ(asked.exit_code, 2) << asked.output;
  EXPECT_THAT(asked.output,
              AllOf(HasSubstr("Add"), HasSubstr("AWS::CloudFormation::Stack"), HasSubstr("--yes")));
  const auto deployed = done_well(deployment({"--yes"}));
  EXPECT_THAT(deployed.output, HasSubstr(machine));
  EXPECT_THAT(done_well(deployment({"--yes"})).output, HasSubstr("stack awssoldb is as it is to be"));

  Json unheard = file_document();
  unheard["sendmsg"]["mailto"] = "dba@example.com";
  put_file(unheard);
  EXPECT_THAT(launch({"--dry-run"}).output, HasSubstr("$.sendmsg.mailto: an execution sends no mail"));
  put_file(file_document());
  const auto planned = launch({"--dry-run"});
  EXPECT_THAT(planned.output,
              AllOf(HasSubstr("secretsmanager CreateSecret dbrefresh/run/"), Not(HasSubstr("temppwd123"))));
  const auto launched = launch({"--wait"});
  ASSERT_EQ(launched.exit_code, 0) << launched.output;
  EXPECT_THAT(launched.output,
              AllOf(HasSubstr("ok     perform-restore"), HasSubstr("done: mysqlinstd is refreshed"),
                    HasSubstr("connect: mysqlinstd.")));
  EXPECT_EQ(refused(), Json::array());
  const Json state = state_without_harm();
  expect_masked(state);
  EXPECT_EQ(state.at("tables").at("dbalignment-awssol").size(), 1U);
  ASSERT_EQ(state.at("messages").size(), 1U);
  EXPECT_THAT(state["messages"][0].at("message").get<std::string>(), Not(HasSubstr("Leaked")));
  EXPECT_THAT(state.at("places").dump(), Not(HasSubstr(refresh::run_secret_name(""))));

  const Json list = answer({"list"});
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].at("status"), "SUCCEEDED");
  EXPECT_EQ(list[0].at("masked"), true);
  EXPECT_EQ(list[0].at("target"), "123456789012/eu-central-1/instance/mysqlinstd");
  const Json history = answer({"history", list[0].at("run")});
  EXPECT_GT(history.at("attempts").size(), 20U);
  EXPECT_EQ(history.at("attempts")[0].at("state"), "prepare");
  EXPECT_THAT(history.dump(), Not(HasSubstr("temppwd123")));
}

TEST_F(AwsStack, WhatIsCancelledOrStoppedIsPutBack) {
  done_well(deployment({"--yes"}));
  put_file(file_document());
  bed_.post("pace", {{"seed", 1}, {"polls", {{"creating", 400}}}});  // for as long as anybody looks
  EXPECT_THAT(launch({}).output, HasSubstr("begun: run "));
  const Json run_of = answer({"list"})[0];
  const std::string name = run_of.at("run");
  EXPECT_EQ(run_of.at("status"), "RUNNING");
  const auto deadline = clock_.now() + std::chrono::minutes(2);
  while (answer({"status", name}).at("step") != "perform-restore" && clock_.now() < deadline) {
  }
  const auto cancelled = run({"cancel", name});
  EXPECT_EQ(cancelled.exit_code, 0) << cancelled.output;
  EXPECT_THAT(cancelled.output, AllOf(HasSubstr("is put back by execution " + name + "-back-1"),
                                      HasSubstr("everything was put back")));
  expect_rolled_back(state_without_harm());
  for (const Json& each : answer({"list"})) EXPECT_TRUE(each.at("notPutBack").is_null()) << each;
  EXPECT_EQ(run({"cancel", name}).exit_code, 2);
  EXPECT_EQ(refused(), Json::array());
}

/// Whoever may start executions may write anything into their input: a copy that is closed would be opened by
/// what puts "the old database" back.
TEST_F(AwsStack, NobodyHasPutBackWhatWasNotDone) {
  done_well(deployment({"--yes"}));
  const Json closed = instances_in(bed_.get("state")).at("mysqlinstp");
  const Json state = {{"run", "20260131120000-forged"},
                      {"names", {{"kind", "instance"}, {"source", "x"}, {"target", "y"}, {"instance", "y"}}},
                      {"members", Json::object()},
                      {"plan", {{"old", closed.at("DbiResourceId")}}},
                      {"results", {{"plan", {{"old", closed.at("DbiResourceId")}}}}},
                      {"failure", {{"Error", "x"}, {"Cause", "x"}}},
                      {"quiet_at", "2026-01-31T12:00:00.000Z"}};
  const auto ends = [&](const char* name, const Json& input) {
    os::write_file_atomic(path("input.json"), input.dump(), 0600);
    auto environment = aws_environment(bed_.facts());
    const auto done =
        os::run({.argv = {SOURCE_DIR "/tests/deploy/start-execution", machine, name, path("input.json")},
                 .environment = with_home(environment)},
                clock_, clock_.now() + std::chrono::minutes(2), {});
    EXPECT_EQ(done.exit_code, 0) << done.output;
    return answer({"history", name});
  };
  EXPECT_EQ(ends("forged", state).at("status"), "REFUSED");
  const Json of_another = ends("of-another", {{"dbrefresh", {{"putBack", "forged"}}}});
  EXPECT_THAT(of_another.at("cause").get<std::string>(),
              HasSubstr("had begun nothing that could be put back"));
  EXPECT_THAT(of_another.at("attempts").dump(), Not(HasSubstr("roll-back")));
  // Nor does anything in an input keep the others from being looked at.
  int number = 0;
  for (const char* odd : {R"({"names": 5})", R"({"names": {}})", R"({"members": 1, "unmasked": 5})",
                          R"({"dbrefresh": {"putBack": 5}})",
                          R"({"members": {}, "results": {"plan": 1}, "names": {"kind": 1}, "failure": 5})"}) {
    const auto name = "odd-" + std::to_string(++number);
    ends(name.c_str(), Json::parse(odd));
    EXPECT_EQ(answer({"status", name}).at("run"), name);
  }
  EXPECT_EQ(answer({"list"}).size(), 7U);
}

}  // namespace
}  // namespace tests
