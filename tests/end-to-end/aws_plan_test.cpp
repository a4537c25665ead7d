// Plans over the bed: what a run would ask of the account, and nothing that is asked.
#include "tests/end-to-end/aws_program.h"
#include "tests/end-to-end/contract.h"

namespace tests {
namespace {

using base::Json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class AwsPlan : public AwsProgram {
 protected:
  AwsPlan() : AwsProgram("none") {}
  ~AwsPlan() override { EXPECT_EQ(bed_.get("violations").at("violations"), Json::array()); }

  Json plan() {
    const auto done = run({"--json", "plan", file()});
    const auto end = done.output.find('\n');
    Json view = Json::parse(done.output.substr(0, end), nullptr, false);
    EXPECT_FALSE(view.is_discarded()) << done.output;
    EXPECT_EQ(done.exit_code, 0) << done.output;
    Contract().expect(view, "plan", "$");
    return view;
  }
  static std::vector<std::string> operations(const Json& view) {
    std::vector<std::string> all;
    for (const Json& each : view.at("calls")) all.push_back(each.at("operation"));
    return all;
  }
  /// Of everything that the account was asked.
  void expect_looks_alone() {
    for (const Json& call : bed_.get("journal").at("calls")) {
      const auto operation = call.at("operation").get<std::string>();
      EXPECT_TRUE(operation.starts_with("Describe") || operation.starts_with("Get") ||
                  operation.starts_with("List"))
          << call;
    }
  }
};

TEST_F(AwsPlan, SaysEveryCallThatChangesSomethingAndMakesNone) {
  const Json view = plan();
  EXPECT_EQ(view["gaps"], Json::array());
  EXPECT_THAT(operations(view),
              ElementsAre("RestoreDBInstanceToPointInTime", "ModifyDBInstance", "AddTagsToResource",
                          "AddTagsToResource", "AddTagsToResource", "AddTagsToResource", "AddTagsToResource",
                          "ModifyDBInstance", "ModifyDBInstance", "ModifyDBInstance", "ModifyDBInstance",
                          "AddTagsToResource", "DeleteDBInstance", "PutItem", "Publish"));
  EXPECT_EQ(view["calls"][0]["input"]["TargetDBInstanceIdentifier"], "mysqlinstdtemp");
  EXPECT_EQ(view["calls"][12]["input"]["DBInstanceIdentifier"], "mysqlinstd-old-xxxxxx");
  EXPECT_EQ(view.dump().find("temppwd123"), std::string::npos);
  expect_looks_alone();
}

TEST_F(AwsPlan, IsForPeopleOneLineACall) {
  const auto done = run({"plan", file()});
  EXPECT_EQ(done.exit_code, 0) << done.output;
  EXPECT_THAT(done.output, HasSubstr("rds DeleteDBInstance  DBInstanceIdentifier=mysqlinstd-old-xxxxxx "
                                     "DeleteAutomatedBackups=true SkipFinalSnapshot=true\n"));
  EXPECT_THAT(done.output, HasSubstr("dynamodb PutItem  ConditionExpression="));
}

/// A secret is written and promoted in the rehearsal, and read back there: Secrets Manager never had it.
TEST_F(AwsPlan, ShowsASecretThatTheRunMakes) {
  Json file = file_document();
  file["changemasterpwd"]["secret"] = "true";
  file["changemasterpwd"]["secretname"] = "dev/master";
  write(file);
  const Json view = plan();
  EXPECT_EQ(view["gaps"], Json::array());
  EXPECT_THAT(operations(view), Contains("CreateSecret"));
  EXPECT_THAT(operations(view), Contains("PutSecretValue"));
  EXPECT_EQ(operations(view).back(), "Publish");
  for (const Json& call : view["calls"]) EXPECT_FALSE(call["input"].contains("SecretString")) << call;
  EXPECT_EQ(view.dump().find("temppwd123"), std::string::npos);
  expect_looks_alone();
}

TEST_F(AwsPlan, SaysWhereTheRehearsalCannotGoOn) {
  // The plan reads it once, the rehearsal's own plan a second time; then it is to be run.
  bed_.post("fault",
            {{"service", "s3"}, {"op", "GetObject"}, {"nth", 3}, {"times", 50}, {"fault", "access-denied"}});
  const Json view = plan();
  ASSERT_EQ(view["gaps"].size(), 1U);
  EXPECT_THAT(view["gaps"][0].get<std::string>(), HasSubstr("run-scripts"));
  EXPECT_THAT(view["gaps"][0].get<std::string>(), HasSubstr("AccessDenied"));
  EXPECT_EQ(operations(view)[0], "RestoreDBInstanceToPointInTime");
  for (const auto& operation : operations(view)) EXPECT_NE(operation, "DeleteDBInstance");
  expect_looks_alone();
}

}  // namespace
}  // namespace tests
