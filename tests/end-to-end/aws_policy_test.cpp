// The policy for a refresh file, over the bed.
#include "tests/end-to-end/aws_program.h"

namespace tests {
namespace {

using base::Json;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

class AwsPolicy : public AwsProgram {
 protected:
  AwsPolicy() : AwsProgram("none") {}

  /// The one statement that allows this.
  Json statement_of(const Json& policy, const std::string& action) {
    Json found;
    for (const Json& each : policy.at("Statement"))
      for (const Json& allowed : each.at("Action"))
        if (allowed == action) found = each;
    EXPECT_FALSE(found.is_null()) << action;
    return found;
  }
};

TEST_F(AwsPolicy, IsForTheFilesDatabasesAndStoresAlone) {
  const auto done = run({"iam", "policy", file()});
  ASSERT_EQ(done.exit_code, 0) << done.output;
  const Json policy = Json::parse(done.output);

  const Json change = statement_of(policy, "rds:DeleteDBInstance");
  EXPECT_EQ(change.at("Condition"), Json({{"StringEquals", {{"aws:ResourceTag/refresh", "true"}}}}));
  const auto changed = change.at("Resource").get<std::vector<std::string>>();
  const std::string ours = "arn:aws:rds:eu-central-1:123456789012:db:";
  EXPECT_THAT(changed, Contains(ours + "mysqlinstd"));
  EXPECT_THAT(changed, Contains(ours + "mysqlinstdtemp"));
  EXPECT_THAT(changed, Contains(ours + "mysqlinstd-old-??????"));
  EXPECT_THAT(changed, Each(Not(HasSubstr("mysqlinstp")))) << "production";

  const Json make = statement_of(policy, "rds:RestoreDBInstanceToPointInTime");
  EXPECT_THAT(make.at("Resource").get<std::vector<std::string>>(), Contains(ours + "mysqlinstp"));
  EXPECT_EQ(statement_of(policy, "sns:Publish").at("Resource"),
            Json({"arn:aws:sns:eu-central-1:123456789012:refresh"}));
  EXPECT_EQ(statement_of(policy, "s3:GetObject").at("Resource"), Json({"arn:aws:s3:::scripts/app1/*"}));
  EXPECT_EQ(statement_of(policy, "s3:GetBucketLocation").at("Resource"), Json({"arn:aws:s3:::scripts"}));
  EXPECT_EQ(statement_of(policy, "dynamodb:PutItem").at("Resource"),
            Json({"arn:aws:dynamodb:eu-central-1:123456789012:table/dbalignment-awssol"}));
}

TEST_F(AwsPolicy, IsForNoFileThatIsNotValid) {
  write({{"restore", {{"torun", "true"}}}});
  const auto done = run({"iam", "policy", file()});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_THAT(done.output, HasSubstr("is no valid refresh file"));
}

}  // namespace
}  // namespace tests
