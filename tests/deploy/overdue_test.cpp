// What the stack says of databases that were not refreshed for days: what its schedule sends to its function.
#include "tests/deploy/stack.h"

namespace tests {
namespace {

using base::Json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class AwsOverdue : public AwsStack {
 protected:
  AwsOverdue() {
    done_well(deployment(
        {"--yes", "--parameter", "ScheduleExpression=rate(7 days)", "--parameter", "OverdueDays=3"}));
  }
  void was_refreshed(const std::string& name, int days_ago, const std::string& status) {
    const auto when = base::ledger_utc(clock_.now() - std::chrono::days(days_ago));
    call("dynamodb", "put_item",
         {{"TableName", "dbalignment-awssol"},
          {"Item",
           {{"dbinstance", {{"S", name}}},
            {"restoredate", {{"S", when}}},
            {"recordingtime", {{"S", when}}},
            {"status", {{"S", status}}}}}});
  }
  /// As the schedule has it called.
  Json look() {
    const Json target = call("scheduler", "get_schedule", {{"Name", "awssoldb-overdue"}}).at("Target");
    return call("lambda", "invoke", {{"FunctionName", target.at("Arn")}, {"Payload", target.at("Input")}});
  }
};

TEST_F(AwsOverdue, EachDatabaseIsNamedOnce) {
  was_refreshed("mysqlinstd", 9, "completed");
  was_refreshed("mysqlinstd", 5, "completed");
  was_refreshed("mysqlinstd", 1, "failed");
  was_refreshed("MySQLinstP", 8, "failed");
  was_refreshed("gone", 30, "completed");
  EXPECT_EQ(Json::parse(look().at("Payload").get<std::string>()),
            (Json{{"overdue", {"mysqlinstd", "mysqlinstp"}}}));
  Json messages = state_without_harm().at("messages");
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].at("subject"), "2 databases are not refreshed for 3 days [OVERDUE]");
  const auto five_days_ago = base::ledger_utc(clock_.now() - std::chrono::days(5)).substr(0, 10);
  EXPECT_THAT(messages[0].at("message").get<std::string>(),
              AllOf(HasSubstr("mysqlinstd: " + five_days_ago), HasSubstr("mysqlinstp: never"),
                    Not(HasSubstr("gone"))));

  for (const char* name : {"mysqlinstd", "mysqlinstp"}) was_refreshed(name, 2, "completed");
  EXPECT_EQ(Json::parse(look().at("Payload").get<std::string>()), (Json{{"overdue", Json::array()}}));
  EXPECT_EQ(state_without_harm().at("messages").size(), 1U) << "there is nothing to tell";
  EXPECT_EQ(refused(), Json::array());
}

TEST_F(AwsOverdue, WhatCannotBeReadFails) {
  bed_.post("fault", {{"service", "dynamodb"}, {"op", "Scan"}, {"times", 50}, {"fault", "access-denied"}});
  const Json answer = look();
  EXPECT_EQ(answer.at("FunctionError"), "Unhandled");
  EXPECT_THAT(answer.at("Payload").get<std::string>(), HasSubstr("dynamodb Scan"));
}

}  // namespace
}  // namespace tests
