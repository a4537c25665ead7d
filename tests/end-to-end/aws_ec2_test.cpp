// Scripts on a host of EC2, over the bed: what Systems Manager is sent is run by a real shell, with the real
// clients, on the real servers.
#include <future>

#include "tests/end-to-end/aws_program.h"

namespace tests {
namespace {

using base::Json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

class AwsEc2 : public AwsProgram {
 protected:
  explicit AwsEc2(const std::string& engine = "mariadb") : AwsProgram("real", world(engine)) {
    addresses_ = "10.0.0.5,10.0.0.9";
    Json file = document("aws-refresh.json");
    file["restore"]["secgrpids"] = made_.at("security_groups").at("developers");
    file["restore"]["dbparamgrp"] = engine == "postgres" ? "default.postgres15" : "dev";
    file["restore"]["cwalogs"] = "";
    file["sendmsg"]["topicarn"] = made_.at("topics").at("refresh");
    file["changemasterpwd"].update({{"secret", "true"}, {"secretname", "dev/master"}});
    file["runscripts"].update(
        {{"engine", engine}, {"method", "ec2"}, {"access", "secret"}, {"secretname", "dev/master"}});
    write(file);
  }

  static Json world(const std::string& engine) {
    Json world = document("aws-world.json");
    world["hosts"] = Json::array({Json::object()});
    for (Json& group : world["security_groups"])
      if (group["name"] == "quarantine") group["cidrs"] = {"10.0.0.9/32"};
    Json& objects = world["buckets"][0]["objects"];
    objects["app1/broken.sql"] = "UPDATE customers SET email = 'x';\nUPDATE nowhere SET a = 1;\n";
    objects["app1/twin.sql"] =
        "INSERT INTO customers SELECT 3, email FROM customers WHERE id = 1;\n"
        "INSERT INTO customers SELECT 3, email FROM customers WHERE id = 2;\n";
    objects["app1/lines.sql"] =
        "# the form of old scripts\nUPDATE customers SET email = 'a'\n\n"
        "UPDATE customers SET email = CONCAT(email, 'b')\n";
    objects["app1/slow.sql"] = engine == "postgres" ? "SELECT pg_sleep(300);\n" : "SELECT SLEEP(300);\n";
    objects["app1/moment.sql"] = "SELECT SLEEP(8);\n";
    if (engine != "postgres") return world;
    for (Json& each : world["instances"]) {
      each["engine"] = engine;
      each.erase("parameter_group");
    }
    world["parameter_groups"] = Json::array();
    world["marker"]["postgres"] = world["marker"]["mariadb"];
    return world;
  }

  void scripts(const std::string& keys) {
    Json file = file_document();
    file["runscripts"]["keys"] = keys;
    write(file);
  }
  Json commands() { return bed_.get("state").at("commands"); }
  /// Waits until the host runs one.
  void await_command() {
    const auto deadline = clock_.now() + 5min;
    while (true) {
      const Json all = commands();
      if (!all.empty() && all.back().at("Status") == "InProgress") return;
      if (clock_.now() > deadline) throw std::runtime_error("no command came");
      clock_.sleep_until(clock_.now() + 200ms, {});
    }
  }
  std::string run_id() { return answer({"list"}).at(0).at("run"); }
};

TEST_F(AwsEc2, MasksTheCopyThroughSystemsManager) {
  scripts("mask.sql,lines.sql");
  const auto planned = run({"--json", "plan", file()});
  ASSERT_EQ(planned.exit_code, 0) << planned.output;
  const auto plan = Json::parse(planned.output.substr(0, planned.output.find('\n')));
  EXPECT_EQ(plan.at("gaps"), Json::array());
  EXPECT_EQ(std::ranges::count_if(plan.at("calls"),
                                  [](const Json& call) { return call.at("operation") == "SendCommand"; }),
            2);
  EXPECT_EQ(commands(), Json::array());

  const auto done = run({"run", file()});
  ASSERT_EQ(done.exit_code, 0) << done.output;
  const Json state = state_without_harm();
  expect_masked(state);
  ASSERT_EQ(state.at("commands").size(), 2U);
  EXPECT_THAT(state["commands"][0].at("Comment").get<std::string>(),
              AllOf(HasSubstr("dbrefresh " + run_id()), HasSubstr("mask.sql")));
  EXPECT_THAT(run({"history", run_id()}).output, HasSubstr("lines.sql ("));

  const auto policy = Json::parse(run({"iam", "policy", file()}).output);
  expect_allowed(policy, bed_.get("journal").at("calls"), {"HeadObject"});  // the host's
}

TEST_F(AwsEc2, ASecondDeliveryOfACommandRunsNothing) {
  bed_.post("commands", {{"twice", true}});
  const auto done = run({"run", file()});
  ASSERT_EQ(done.exit_code, 0) << done.output;
  const Json state = state_without_harm();
  ASSERT_EQ(state.at("commands_again").size(), 1U);
  EXPECT_EQ(state["commands_again"][0].at("code"), 70);
  EXPECT_THAT(state["commands_again"][0].at("said").get<std::string>(),
              HasSubstr("this order was taken or given up: nothing was run"));
}

/// The answer is lost, and the command is not: it is found, and not sent again.
TEST_F(AwsEc2, ALostAnswerIsFoundByItsComment) {
  bed_.post("fault",
            {{"service", "ssm"}, {"op", "SendCommand"}, {"nth", 1}, {"times", 1}, {"fault", "reset-after"}});
  const auto done = run({"run", file()});
  ASSERT_EQ(done.exit_code, 0) << done.output;
  const Json state = state_without_harm();
  EXPECT_EQ(state.at("faults_unused"), Json::array());
  EXPECT_EQ(state.at("commands").size(), 1U) << state.at("commands");
  expect_masked(state);
}

/// Nobody knows it yet: another one is sent, and the first comes late.
TEST_F(AwsEc2, ACommandThatWasGivenUpRefusesToBegin) {
  bed_.post("commands", {{"hold", true}, {"times", 1}, {"hidden", true}});
  bed_.post("fault",
            {{"service", "ssm"}, {"op", "SendCommand"}, {"nth", 1}, {"times", 1}, {"fault", "reset-after"}});
  scripts("moment.sql,mask.sql");
  auto running = std::async(std::launch::async, [&] { return run({"run", file()}); });
  await_command();
  const Json late = bed_.post("commands/release").at("ended");
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].at("code"), 70);
  EXPECT_THAT(late[0].at("said").get<std::string>(), HasSubstr("was taken or given up: nothing was run"));
  const auto done = running.get();
  ASSERT_EQ(done.exit_code, 0) << done.output;
  expect_masked(state_without_harm());
}

TEST_F(AwsEc2, AFailedScriptIsNamedWithWhatItsClientSaidAndNoRow) {
  scripts("mask.sql,broken.sql");
  const auto failed = run({"run", file()});
  EXPECT_EQ(failed.exit_code, 1) << failed.output;
  EXPECT_THAT(failed.output, HasSubstr("broken.sql: Failed on i-00000000000000000, exit code 1: "
                                       "app1/broken.sql: ERROR 1146 (42S02) at line 2"));
  expect_rolled_back(state_without_harm());
}

TEST_F(AwsEc2, WhatAClientSaysOfRowsStaysOnTheHost) {
  scripts("twin.sql");
  const auto failed = run({"run", file()});
  EXPECT_EQ(failed.exit_code, 1) << failed.output;
  const Json state = state_without_harm();
  EXPECT_THAT(state.at("commands")[0].at("said").get<std::string>(),
              AllOf(HasSubstr("ERROR 1062 (23000) at line 2"), Not(HasSubstr("Duplicate entry"))));
}

TEST_F(AwsEc2, ACommandThatIsNotDeliveredIsNamed) {
  bed_.post("commands", {{"details", "Undeliverable"}});
  const auto failed = run({"run", file()});
  EXPECT_EQ(failed.exit_code, 1) << failed.output;
  EXPECT_THAT(failed.output, HasSubstr("mask.sql: Undeliverable on i-00000000000000000"));
  expect_rolled_back(state_without_harm());
}

TEST_F(AwsEc2, ACancelEndsTheCommandWithinSeconds) {
  scripts("slow.sql");
  auto running = std::async(std::launch::async, [&] { return run({"run", file()}); });
  await_command();
  auto cancelling = std::async(std::launch::async, [&] { return run({"cancel", run_id()}); });
  const auto deadline = clock_.now() + 60s;
  while (commands().at(0).at("Status") != "Cancelled" && clock_.now() < deadline)
    clock_.sleep_until(clock_.now() + 200ms, {});
  EXPECT_EQ(commands().at(0).at("Status"), "Cancelled");
  cancelling.wait();
  running.wait();
  const Json state = state_without_harm();
  EXPECT_EQ(state.at("commands").size(), 1U);
  expect_rolled_back(state);
}

TEST_F(AwsEc2, WhoeverTakesTheRunUpWaitsForTheCommandThatIsThere) {
  scripts("moment.sql,mask.sql");
  std::stop_source kill;
  auto running = std::async(std::launch::async, [&] {
    EXPECT_THROW(run({"run", file()}, {}, kill.get_token()), base::Error);
  });
  await_command();
  kill.request_stop();
  running.wait();
  const auto resumed = run({"resume", run_id()});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.output;
  const Json state = state_without_harm();
  EXPECT_EQ(state.at("commands").size(), 2U) << state.at("commands");
  expect_masked(state);
}

TEST_F(AwsEc2, ThePlanWantsThePasswordInASecret) {
  Json file = file_document();
  file["runscripts"].update({{"access", "pwd"}, {"temppwd", "temppwd123"}});
  write(file);
  const auto refused = run({"plan", this->file()});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("the host of method 'ec2' is told no password: say 'secret'"));
}

class AwsEc2Postgres : public AwsEc2 {
 protected:
  AwsEc2Postgres() : AwsEc2("postgres") {}
};

TEST_F(AwsEc2Postgres, MasksTheCopyThroughSystemsManager) {
  bed_.post("commands", {{"twice", true}});
  const auto done = run({"run", file()});
  ASSERT_EQ(done.exit_code, 0) << done.output;
  const Json state = state_without_harm();
  expect_masked(state);
  EXPECT_EQ(state.at("commands_again")[0].at("code"), 70);
}

TEST_F(AwsEc2Postgres, AFailedScriptIsNamedWithoutARow) {
  scripts("twin.sql");
  const auto failed = run({"run", file()});
  EXPECT_EQ(failed.exit_code, 1) << failed.output;
  EXPECT_THAT(failed.output, AllOf(HasSubstr("23505"), Not(HasSubstr("Key (id)"))));
  expect_rolled_back(state_without_harm());
}

}  // namespace
}  // namespace tests
