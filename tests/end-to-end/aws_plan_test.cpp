// Plans over the bed: what a run would ask of the account and nothing that is asked, what the caller may not
// do, and what it costs.
#include "store/journal.h"
#include "tests/end-to-end/aws_program.h"
#include "tests/end-to-end/aws_sort.h"
#include "tests/end-to-end/contract.h"

namespace tests {
namespace {

using base::Json;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

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
    const Json journal = bed_.get("journal");
    EXPECT_FALSE(journal.at("calls").empty());
    for (const Json& call : journal.at("calls")) {
      const auto operation = call.at("operation").get<std::string>();
      EXPECT_TRUE(operation.starts_with("Describe") || operation.starts_with("Get") ||
                  operation.starts_with("List") || operation.starts_with("Simulate"))
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

/// The state machine's functions could not run what took longer here.
TEST_F(AwsPlan, NamesScriptsThatAreTooLongForFunctions) {
  EXPECT_THAT(plan()["notes"].dump(), Not(HasSubstr("mask.sql")));
  const auto begun = clock_.now() - std::chrono::hours(1);
  const Json state = {
      {"run", "20260131120000-abcdef"},
      {"results", {{"runscripts", {{"scripts", {{{"script", "mask.sql"}, {"ms", 1'000'000}}}}}}}}};
  store::Journal journal(folder_.path() / "home/journal.db");
  journal.record({.id = "20260131120000-abcdef",
                  .name = "refresh",
                  .subject = "123456789012/eu-central-1/instance/mysqlinstd",
                  .machine = journal.put_machine("{}"),
                  .status = "SUCCEEDED",
                  .snapshot = Json{{"root", {{"input", state}}}}.dump(),
                  .created = begun,
                  .ended = clock_.now()});
  EXPECT_THAT(plan()["notes"].dump(),
              AllOf(HasSubstr("'mask.sql' took 16 min 40 s in run 20260131120000-abcdef"),
                    HasSubstr("dbrefresh --provider aws run FILE"), HasSubstr("method ec2")));
}

/// Else it would be found when the old database is gone.
TEST_F(AwsPlan, NamesALedgerAndATopicThatAreNotThere) {
  Json file = file_document();
  file["updatedynamodb"]["tablename"] = "nothing";
  file["sendmsg"]["topicarn"] = "arn:aws:sns:eu-central-1:123456789012:nothing";
  write(file);
  const auto refused = run({"plan", this->file()});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("$.updatedynamodb.tablename: dynamodb DescribeTable"));
  EXPECT_THAT(refused.output, HasSubstr("$.sendmsg.topicarn: sns GetTopicAttributes"));
}

/// What nobody would do is not left out in silence.
TEST_F(AwsPlan, RefusesToTellWhereOnlyATopicCan) {
  Json file = file_document();
  file["sendmsg"]["mailto"] = "dba@example.com";
  file["sendmsg"]["webhookurl"] = "https://hooks.example.com/";
  file["sendmsg"]["webhooksecret"] = "hooks";
  write(file);
  const auto refused = run({"plan", this->file()});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("$.sendmsg.mailto: no mail is sent from an account"));
  EXPECT_THAT(refused.output, HasSubstr("$.sendmsg.webhooksecret: nothing is posted from an account"));
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

TEST_F(AwsPlan, RotatesTheSecretOnceItHasTheDatabasesAddress) {
  Json file = file_document();
  file["createsecret"] = rotated_secret("dev/master", "rotate");
  write(file);
  const auto all = operations(plan());
  const auto rename = std::ranges::find(all, "PutSecretValue"),
             rotate = std::ranges::find(all, "RotateSecret");
  ASSERT_NE(rotate, all.end());
  EXPECT_LT(rename, rotate);
  EXPECT_EQ(*(rotate - 1), "UpdateSecretVersionStage") << "nothing is pending when it is asked for";
  const auto policy = run({"iam", "policy", this->file()});
  EXPECT_THAT(policy.output, HasSubstr("secretsmanager:RotateSecret"));
  EXPECT_THAT(policy.output, HasSubstr("arn:aws:lambda:eu-central-1:123456789012:function:rotate"));
}

TEST_F(AwsPlan, NamesASecretThatCannotBeRotated) {
  Json file = file_document();
  file["createsecret"] = rotated_secret("rds!db-1", "rotate");
  file["createsecret"]["lambdaarn"] = "rotate";
  file["createsecret"]["rotationdays"] = 1001;
  write(file);
  const auto refused = run({"plan", this->file()});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("'rds!db-1' is managed by rds"));
  EXPECT_THAT(refused.output, HasSubstr("'rotate' is no ARN of a Lambda function"));
  EXPECT_THAT(refused.output, HasSubstr("is 1001: Secrets Manager takes 1000 at most"));
}

/// What would be found out when the copy is made, or opened.
TEST_F(AwsPlan, NamesWhatCannotBeUsed) {
  const Json more = bed_.post(
      "seed",
      {{"region", "eu-central-1"},
       {"security_groups", {{{"name", "far"}, {"vpc", "other"}}}},
       {"keys", {{{"name", "off"}, {"disabled", true}}}},
       {"secrets", {{{"name", "gone"}, {"value", {{"password", "of-the-past"}}}, {"deleted", true}}}},
       {"subnet_groups", {{{"name", "private"}}}},
       {"instances",
        {{{"name", "locked"}, {"engine", "mariadb"}, {"kms", "alias/off"}, {"subnet_group", "private"}}}},
       {"snapshots", {{{"name", "half"}, {"of", "mysqlinstp"}, {"status", "creating"}}}}});
  const std::string far = more.at("security_groups").at("far"), key = more.at("keys").at("off");
  Json file = file_document();
  file["restore"].update({{"secgrpids", far}, {"source", "locked"}});
  file["runscripts"].update({{"access", "secret"}, {"secretname", "gone"}});
  write(file);
  const auto refused = run({"plan", this->file()}).output;
  EXPECT_THAT(refused, HasSubstr("$.restore.secgrpids: '" + far + "' is in vpc-"));
  EXPECT_THAT(refused,
              HasSubstr("$.restore.source: 'locked' is encrypted with " + key + ", which is Disabled"));
  EXPECT_THAT(refused, HasSubstr("$.runscripts.secretname: the secret 'gone' is scheduled for deletion"));
  file["restore"].update({{"source", "mysqlinstp"}, {"restoretype", "fromsnapshot"}, {"snapshot", "half"}});
  for (const char* member : {"updatedynamodb", "sendmsg"}) file[member]["restoretype"] = "fromsnapshot";
  file["updatedynamodb"]["snapshot"] = "half";
  write(file);
  EXPECT_THAT(run({"plan", this->file()}).output, HasSubstr("$.restore.snapshot: 'half' is creating"));
}

/// A cluster has parameter groups of two kinds, and a member of the file for each.
class AwsClusterPlan : public AwsProgram {
 protected:
  static constexpr Sort sort{"Aurora", "aurora-mysql", "default.aurora-mysql8.0", "latestpoint"};
  AwsClusterPlan() : AwsProgram("none", world_of(sort)) {}
};

TEST_F(AwsClusterPlan, NamesParameterGroupsWhereTheFileSaysThem) {
  bed_.post(
      "seed",
      {{"region", "eu-central-1"},
       {"cluster_parameter_groups",
        {{{"name", "logged"}, {"family", "aurora-mysql8.0"}, {"parameters", {{"binlog_format", "ROW"}}}}}}});
  Json file = file_of(sort, made_, clock_.now());
  write(file);
  EXPECT_THAT(run({"plan", this->file()}).output, testing::Not(HasSubstr("binlog_format")));
  file["restore"]["cluparamgrp"] = "logged";
  file["createinstance"]["dbparamgrp"] = "missing";
  write(file);
  const auto refused = run({"plan", this->file()});
  EXPECT_EQ(refused.exit_code, 2) << refused.output;
  EXPECT_THAT(refused.output,
              HasSubstr("$.createinstance.dbparamgrp: 'missing': there is no such parameter group"));
  EXPECT_THAT(refused.output, HasSubstr("$.restore.cluparamgrp: warning: 'logged' has binlog_format ROW"));
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

std::vector<std::string> warnings(const Json& view) {
  std::vector<std::string> all;
  for (const Json& each : view.at("problems")) {
    EXPECT_EQ(each.at("severity"), "warning");
    all.push_back(each.at("message"));
  }
  return all;
}

/// What IAM says of the caller, action by action; in pages, and few calls.
TEST_F(AwsPlan, WarnsOfWhatTheCallerMayNotDo) {
  EXPECT_THAT(warnings(plan()), testing::IsEmpty());
  bed_.post("simulation",
            {{"rules",
              {{{"action", "rds:DeleteDBInstance"},
                {"resource", "*:mysqlinstd-old-*"},
                {"decision", "explicitDeny"}},
               {{"action", "rds:ModifyDBInstance"},
                {"decision", "implicitDeny"},
                {"unless", {{"aws:ResourceTag/refresh", "true"}}}},
               {{"action", "rds:*DBCluster*"}, {"resource", "*:mysqlinstd*"}, {"decision", "implicitDeny"}},
               {{"action", "rds:DescribeEvents"}, {"decision", "implicitDeny"}}}}});
  bed_.post("page", {{"most", 5}});
  const auto before = bed_.get("journal").at("calls").size();
  const Json view = plan();
  EXPECT_THAT(warnings(view),
              ElementsAre(AllOf(testing::StartsWith("arn:aws:"),
                                HasSubstr("may not rds:DeleteDBInstance "
                                          "arn:aws:rds:eu-central-1:123456789012:db:mysqlinstd-old-xxxxxx: a "
                                          "policy denies it")),
                          HasSubstr("may not rds:DescribeEvents anything: no policy allows it")));
  std::size_t simulated = 0, pages = 0;
  const Json calls = bed_.get("journal").at("calls");
  for (std::size_t i = before; i < calls.size(); ++i) {
    if (calls[i].at("operation") != "SimulatePrincipalPolicy") continue;
    calls[i].at("input").contains("Marker") ? ++pages : ++simulated;
  }
  EXPECT_THAT(simulated, AllOf(testing::Ge(5U), testing::Le(10U)));
  EXPECT_GT(pages, 0U);
  expect_looks_alone();
}

TEST_F(AwsPlan, IsNoWorseWhereNobodyMaySimulate) {
  bed_.post("fault", {{"service", "iam"},
                      {"op", "SimulatePrincipalPolicy"},
                      {"nth", 1},
                      {"times", 50},
                      {"fault", "access-denied"}});
  EXPECT_THAT(warnings(plan()),
              ElementsAre(AllOf(HasSubstr("is not simulated: "), HasSubstr("AccessDenied"))));
}

class AwsPrices : public AwsProgram {
 protected:
  AwsPrices() : AwsProgram("none") {}

  std::string prices() const { return (folder_.path() / "prices.json").string(); }
  void write_prices(const std::string& text) { os::write_file_atomic(prices(), text, 0600); }
  Json extra(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"--json", "plan", file()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto done = run(arguments);
    EXPECT_EQ(done.exit_code, 0) << done.output;
    const Json view = Json::parse(done.output.substr(0, done.output.find('\n')));
    Contract().expect(view, "plan", "$");
    return view.at("extra");
  }
};

TEST_F(AwsPrices, AreSummedUpOverWhatExistsTwice) {
  const Json without = extra({});
  ASSERT_EQ(without["items"].size(), 2U) << without;
  EXPECT_EQ(without["items"][0]["name"], "db.t4g.medium");
  EXPECT_EQ(without["items"][0]["quantity"], 1);
  EXPECT_EQ(without["items"][1]["name"], "gp3");
  EXPECT_EQ(without["items"][1]["quantity"], 20);
  EXPECT_TRUE(without["perHour"].is_null());
  EXPECT_TRUE(without["hours"].is_null()) << "nobody has run it yet";

  write_prices(R"({"currency": "EUR", "classes": {"db.t4g.medium": 0.5}, "storage": {"gp3": 7.3}})");
  const Json with = extra({"--prices", prices()});
  EXPECT_DOUBLE_EQ(with["perHour"].get<double>(), 0.5 + 20 * 7.3 / 730);
  EXPECT_TRUE(with["cost"].is_null());
  EXPECT_THAT(run({"plan", file(), "--prices", prices()}).output,
              AllOf(HasSubstr("while both databases exist: 1 db.t4g.medium, 20 GiB of gp3 more\n"),
                    HasSubstr("costs: 0.7000 EUR an hour\n")));
}

/// A standby is a second instance, with a second storage.
TEST_F(AwsPrices, CountAStandbyAndSayWhatHasNone) {
  Json file = file_document();
  file["restore"]["multiaz"] = "True";
  write(file);
  write_prices(R"({"currency": "EUR", "storage": {"gp3": 7.3}})");
  const Json with = extra({"--prices", prices()});
  EXPECT_EQ(with["items"][0]["quantity"], 2);
  EXPECT_TRUE(with["items"][0]["perHour"].is_null());
  EXPECT_DOUBLE_EQ(with["items"][1]["perHour"].get<double>(), 40 * 7.3 / 730);
  EXPECT_TRUE(with["perHour"].is_null()) << "a sum of some would be too small";
  EXPECT_THAT(run({"plan", this->file(), "--prices", prices()}).output,
              HasSubstr("costs: not known, no price for 2 db.t4g.medium\n"));
}

TEST_F(AwsPrices, OfABadFileAreRefusedWithAllThatIsWrong) {
  write_prices(
      "{\"currency\": 5,\n \"classes\": {\"db.t4g.medium\": \"cheap\",\n  \"db.r6g.large\": -1},\n"
      " \"disks\": {}, \"snapshot\": null}\n");
  const auto refused = run({"plan", file(), "--prices", prices()});
  EXPECT_EQ(refused.exit_code, 2);
  for (const char* said :
       {":1: $.currency: must be a text like \"USD\", got 5",
        ":2: $.classes['db.t4g.medium']: must be a number from 0, got \"cheap\"",
        ":3: $.classes['db.r6g.large']: must be a number from 0, got -1", ":4: $.disks: 'disks' is not known",
        ":4: $.snapshot: must be a number from 0, got null"})
    EXPECT_THAT(refused.output, HasSubstr(prices() + said)) << refused.output;
  EXPECT_EQ(bed_.get("journal").at("calls").size(), 0U) << "it is read before anybody is asked";
  EXPECT_EQ(run({"plan", file(), "--prices", "/nowhere.json"}).exit_code, 2);
}

}  // namespace
}  // namespace tests
