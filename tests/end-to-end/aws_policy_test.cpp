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

/// The program with a key that may do what a policy says, and no more.
class AwsPolicyHeld : public AwsProgram {
 protected:
  AwsPolicyHeld() : AwsPolicyHeld(document("aws-world.json")) {}
  explicit AwsPolicyHeld(const Json& world) : AwsProgram("real", world) {
    Json file = document("aws-refresh.json");
    file["restore"]["secgrpids"] = made_.at("security_groups").at("developers");
    file["sendmsg"]["topicarn"] = made_.at("topics").at("refresh");
    file["createsecret"] = rotated_secret("dev/master", "rotate");
    write(file);
  }

  /// What `iam policy` prints for the file, but these actions.
  Json policy_without(const std::string& action = "") {
    const auto done = run({"iam", "policy", file()});
    EXPECT_EQ(done.exit_code, 0) << done.output;
    Json policy = Json::parse(done.output);
    bool removed = action.empty();
    for (Json& statement : policy.at("Statement")) {
      Json kept = Json::array();
      for (const Json& each : statement.at("Action"))
        if (each == action)
          removed = true;
        else
          kept.push_back(each);
      statement["Action"] = kept;
    }
    EXPECT_TRUE(removed) << action;
    std::erase_if(policy.at("Statement").get_ref<Json::array_t&>(),
                  [](const Json& statement) { return statement.at("Action").empty(); });
    return policy;
  }
  void become(const Json& policy) {
    bed_.post("key", {{"id", id}, {"secret", "a-secret-of-it"}, {"policies", {policy}}});
    told_ = {{"access_key_id", id}, {"secret_access_key", "a-secret-of-it"}};
  }
  /// Runs the file with all that the policy allows but this.
  os::Finished run_without(const std::string& action) {
    become(policy_without(action));
    return run({"run", file()});
  }
  std::set<std::string> denied() {
    std::set<std::string> actions;
    const Json asked = bed_.get("permissions").at(id);
    for (const Json& each : asked.at("denied"))
      if (!each.at("action").get<std::string>().starts_with("iam:")) actions.insert(each.at("action"));
    return actions;
  }
  /// The old database serves, and nothing is left of the new one.
  void expect_old() {
    const Json state = state_without_harm();
    const Json& instances = state.at("places").at("123456789012/eu-central-1").at("instances");
    ASSERT_EQ(instances.size(), 2U) << instances;
    EXPECT_FALSE(instances.at("mysqlinstd").at("Tags").contains("refresh-run")) << "the old one";
    EXPECT_EQ(instances.at("mysqlinstd").at("bed").at("reachable_by_users"), true);
  }

  static constexpr const char* id = "AKIALIMITED000000000";
};

TEST_F(AwsPolicyHeld, IsEnoughForAWholeRefresh) {
  const auto done = run_without("");
  ASSERT_EQ(done.exit_code, 0) << done.output;
  EXPECT_THAT(done.output, HasSubstr("done: mysqlinstd is refreshed"));
  EXPECT_THAT(done.output, Not(HasSubstr("FAILED")));
  EXPECT_EQ(denied(), std::set<std::string>()) << "iam's are asked for where they may be";
  const auto unused = bed_.get("permissions").at(id).at("unused").get<std::set<std::string>>();
  for (const char* used :
       {"rds:RestoreDBInstanceToPointInTime", "rds:ModifyDBInstance", "rds:DeleteDBInstance",
        "rds:AddTagsToResource", "secretsmanager:CreateSecret", "secretsmanager:GetSecretValue",
        "secretsmanager:RotateSecret", "secretsmanager:TagResource", "lambda:InvokeFunction", "s3:GetObject",
        "dynamodb:PutItem", "sns:Publish"})
    EXPECT_FALSE(unused.contains(used)) << used;
  state_without_harm();
}

TEST_F(AwsPolicyHeld, PutsAllBackWhereTheDatabaseMayNotBeChanged) {
  const auto failed = run_without("rds:ModifyDBInstance");
  EXPECT_EQ(failed.exit_code, 1) << failed.output;
  EXPECT_THAT(failed.output,
              HasSubstr("hint: allow rds:ModifyDBInstance on "
                        "arn:aws:rds:eu-central-1:123456789012:db:mysqlinstdtemp to arn:aws:sts::"));
  EXPECT_THAT(failed.output, HasSubstr("everything was put back"));
  expect_old();
}

/// What became of the secret must be known before anything goes: the copy stays closed until it may be.
TEST_F(AwsPolicyHeld, PutsAllBackOnceASecretMayBeRead) {
  const Json whole = policy_without();
  const auto failed = run_without("secretsmanager:GetSecretValue");
  EXPECT_EQ(failed.exit_code, 1) << failed.output;
  EXPECT_THAT(failed.output, HasSubstr("state: rolling back failed: "));
  EXPECT_THAT(failed.output, HasSubstr("hint: allow secretsmanager:GetSecretValue on dev/master to arn:"));
  state_without_harm();

  become(whole);
  const auto begun = answer({"list"}).at(0).at("run").get<std::string>();
  const auto resumed = run({"resume", begun});
  EXPECT_THAT(resumed.output, HasSubstr("everything was put back"));
  expect_old();
}

TEST_F(AwsPolicyHeld, BeginsNothingWhereScriptsMayNotBeRead) {
  const auto refused = run_without("s3:GetObject");
  EXPECT_EQ(refused.exit_code, 2) << refused.output;
  EXPECT_THAT(refused.output, HasSubstr("hint: allow s3:GetObject on arn:aws:s3:::scripts/app1/mask.sql to"));
  EXPECT_THAT(refused.output, HasSubstr("nothing was begun"));
  expect_old();
}

/// The new database serves by then: what is left undone is said, and hinders nothing.
TEST_F(AwsPolicyHeld, SaysWhatTheLedgerLacks) {
  const auto done = run_without("dynamodb:PutItem");
  EXPECT_EQ(done.exit_code, 0) << done.output;
  EXPECT_THAT(done.output, HasSubstr("FAILED update-dynamodb"));
  EXPECT_THAT(done.output, HasSubstr("is not authorized to perform: dynamodb:PutItem on resource: "
                                     "arn:aws:dynamodb:eu-central-1:123456789012:table/dbalignment-awssol"));
  EXPECT_EQ(denied(), std::set<std::string>{"dynamodb:PutItem"});
}

/// Production is encrypted by a key of the customer.
class AwsPolicyOfAKey : public AwsPolicyHeld {
 protected:
  AwsPolicyOfAKey() : AwsPolicyHeld(world()) {}
  static Json world() {
    Json world = document("aws-world.json");
    world["keys"] = {{{"name", "mine"}}};
    world.at("instances").at(0)["kms"] = "alias/mine";
    return world;
  }
};

TEST_F(AwsPolicyOfAKey, LetsRdsUseIt) {
  const auto done = run_without("");
  EXPECT_EQ(done.exit_code, 0) << done.output;
  EXPECT_EQ(denied(), std::set<std::string>());
  const auto unused = bed_.get("permissions").at(id).at("unused").get<std::set<std::string>>();
  EXPECT_FALSE(unused.contains("kms:CreateGrant"));
}

TEST_F(AwsPolicyOfAKey, IsNeededForARestore) {
  const auto failed = run_without("kms:CreateGrant");
  EXPECT_EQ(failed.exit_code, 1) << failed.output;
  EXPECT_THAT(failed.output,
              HasSubstr("hint: allow kms:CreateGrant on arn:aws:kms:eu-central-1:123456789012:key/"));
  expect_old();
}

/// By the role of a session, whose path nobody may look up.
TEST_F(AwsPolicyHeld, IsSimulatedByThePlan) {
  Json policy = policy_without("dynamodb:PutItem");
  policy["Statement"].push_back(
      {{"Effect", "Allow"}, {"Action", "iam:SimulatePrincipalPolicy"}, {"Resource", "*"}});
  become(policy);
  const auto planned = run({"plan", file()});
  EXPECT_THAT(planned.output, Not(HasSubstr("may not kms:"))) << "conditions are told to the simulation";
  EXPECT_THAT(planned.output, HasSubstr("arn:aws:iam::123456789012:role/limited may not dynamodb:PutItem "
                                        "arn:aws:dynamodb:eu-central-1:123456789012:table/"));
}

}  // namespace
}  // namespace tests
