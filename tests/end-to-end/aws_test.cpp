// The program on the test bed for Amazon's services, as a user runs it, with real servers behind the
// endpoints.
#include "tests/end-to-end/aws_program.h"
#include "tests/end-to-end/contract.h"

namespace tests {
namespace {

using base::Json;
using testing::HasSubstr;

/// How many requests the account has seen from the restore to the message.
std::int64_t requests_of_work(const Json& calls) {
  std::int64_t first = 0, last = 0, number = 0;
  for (const Json& call : calls) {
    ++number;
    if (first == 0 && call.at("operation") == "RestoreDBInstanceToPointInTime") first = number;
    if (call.at("operation") == "Publish") last = number;
  }
  return last - first + 1;
}

/// How many calls came after the last one of `first`, up to the last one of `last`: who prints what came of a
/// run may ask too, after it.
std::size_t calls_from_to(const Json& calls, const char* first, const char* last) {
  std::size_t from = 0, to = 0;
  for (std::size_t at = 0; at < calls.size(); ++at) {
    if (calls[at].at("operation") == first) from = at;
    if (calls[at].at("operation") == last) to = at;
  }
  return to - from;
}

/// All that the account has seen of the work is charged to a step, and no more than it has seen at all.
void expect_charged(const Json& history, const Json& calls) {
  Contract().expect(history, "history", "$");
  std::int64_t all = 0;
  double worked = 0, waited = 0;
  for (const Json& each : history.at("steps")) {
    EXPECT_GT(each.at("attempts"), 0) << each;
    all += each.at("requests").get<std::int64_t>();
    worked += each.at("worked").get<double>();
    waited += each.at("waited").get<double>();
    if (each.at("step") == "send-msg") {
      EXPECT_EQ(each.at("requests"), calls_from_to(calls, "PutItem", "Publish"));
    }
  }
  EXPECT_GE(all, requests_of_work(calls));
  EXPECT_LT(all, calls.size());
  EXPECT_GT(worked, 0);
  EXPECT_GT(waited, 1) << "the restore is looked at more than once";
}

Json secret_of(const Json& state, const char* name) {
  return state.at("places").at("123456789012/eu-central-1").at("secrets").value(name, Json());
}

TEST_F(AwsProgram, ReplacesADevelopmentDatabaseByAMaskedCopyOfProduction) {
  const auto planned = run({"plan", file()});
  ASSERT_EQ(planned.exit_code, 0) << planned.output;
  EXPECT_THAT(planned.output, HasSubstr("'mysqlinstd' had up to 7 connections at once"));
  const auto done = run({"run", file()});
  ASSERT_EQ(done.exit_code, 0) << done.output;
  EXPECT_THAT(done.output, HasSubstr("done: mysqlinstd is refreshed"));

  const Json calls = bed_.get("journal").at("calls");
  const auto policy = run({"iam", "policy", file()});
  ASSERT_EQ(policy.exit_code, 0) << policy.output;
  expect_allowed(Json::parse(policy.output), calls);
  const auto id = answer({"list"}).at(0).at("run").get<std::string>();
  const Json history = answer({"history", id});
  expect_charged(history, calls);
  EXPECT_EQ(history.at("results").at("delete").at("connections"), 7) << "to the old address";
  EXPECT_THAT(run({"history", id}).output, HasSubstr("STEP  "));

  const Json state = state_without_harm();
  expect_masked(state);
  const Json& instances = instances_in(state);
  EXPECT_EQ(instances.at("mysqlinstd").at("Tags").at("owner"), "team-a") << "the old database's own tag";
  EXPECT_EQ(instances.at("mysqlinstp").at("bed").at("unmasked"), true) << "production is as it was";
  ASSERT_EQ(state.at("messages").size(), 1U);
  EXPECT_THAT(state["messages"][0].at("subject").get<std::string>(), HasSubstr("[COMPLETED]"));
  const auto again = run({"--json", "plan", file()});
  const Json estimate = Json::parse(again.output.substr(0, again.output.find('\n'))).at("estimate");
  EXPECT_EQ(estimate.at("runs"), 1);
  EXPECT_GT(estimate.at("downtimeSeconds").get<double>(), 0);
  EXPECT_LT(estimate.at("downtimeSeconds").get<double>(), estimate.at("seconds").get<double>());
  const auto ledger = run({"--json", "ledger"});
  EXPECT_EQ(Json::parse(ledger.output).at(0).at("status"), "completed") << ledger.output;
}

TEST_F(AwsProgram, PutsAllBackWhereAScriptFails) {
  bed_.post("fault",
            {{"service", "s3"}, {"op", "GetObject"}, {"nth", 3}, {"times", 50}, {"fault", "access-denied"}});
  const auto failed = run({"run", file()});
  EXPECT_EQ(failed.exit_code, 1) << failed.output;
  EXPECT_THAT(failed.output, testing::Not(HasSubstr("PlanRefused"))) << "the copy was made by then";
  const Json state = state_without_harm();
  expect_rolled_back(state);
  ASSERT_EQ(state.at("messages").size(), 1U);
  EXPECT_THAT(state["messages"][0].at("subject").get<std::string>(), HasSubstr("[FAILED]"));
}

/// RDS renames for minutes: what is renamed to be kept is not thrown away meanwhile, and is what another run
/// goes on with.
TEST_F(AwsProgram, KeepsAFailedCopyIfAskedForAndGoesOnWithIt) {
  bed_.post("fault",
            {{"service", "s3"}, {"op", "GetObject"}, {"nth", 3}, {"times", 1}, {"fault", "access-denied"}});
  const auto failed = run({"run", "--keep-failed", file()});
  EXPECT_EQ(failed.exit_code, 1) << failed.output;
  EXPECT_THAT(failed.output, HasSubstr("kept: mysqlinstd-failed-"));
  const Json state = state_without_harm();
  const Json& instances = instances_in(state);
  ASSERT_EQ(instances.size(), 3U) << instances;
  EXPECT_FALSE(instances.at("mysqlinstd").at("Tags").contains("refresh-run")) << "the old one";
  std::string kept;
  for (const auto& [name, each] : instances.items()) {
    if (!name.starts_with("mysqlinstd-failed-")) continue;
    EXPECT_EQ(kept, "");
    kept = each.at("DbiResourceId");
    EXPECT_EQ(each.at("bed").at("reachable_by_users"), false);
  }
  ASSERT_NE(kept, "") << instances;
  const auto done = run({"retry", Json::parse(run({"list", "--json"}).output).at(0).at("run")});
  EXPECT_EQ(done.exit_code, 0) << done.output;
  const Json after = state_without_harm();
  const Json& ended = instances_in(after);
  EXPECT_EQ(ended.size(), 2U) << ended;
  EXPECT_EQ(ended.at("mysqlinstd").at("DbiResourceId"), kept);
}

TEST_F(AwsProgram, HasASecretRotatedFromThenOn) {
  Json file = file_document();
  file["createsecret"] = rotated_secret("dev/master", "rotate");
  write(file);
  const auto done = run({"run", this->file()});
  ASSERT_EQ(done.exit_code, 0) << done.output;
  const Json secret = secret_of(state_without_harm(), "dev/master");
  EXPECT_EQ(secret.at("rotation").at("AutomaticallyAfterDays"), 30);
  EXPECT_FALSE(secret.at("stages").contains("AWSPENDING"));
  const auto policy = run({"iam", "policy", this->file()});
  expect_allowed(Json::parse(policy.output), bed_.get("journal").at("calls"));
}

TEST_F(AwsProgram, PutsAllBackWhereASecretCannotBeRotated) {
  Json file = file_document();
  file["createsecret"] = rotated_secret("dev/master", "none");
  write(file);
  const auto failed = run({"run", this->file()});
  EXPECT_EQ(failed.exit_code, 1) << failed.output;
  EXPECT_THAT(failed.output, HasSubstr("cannot invoke the specified Lambda function"));
  EXPECT_THAT(failed.output, HasSubstr("dev/master"));
  const Json state = state_without_harm();
  EXPECT_TRUE(secret_of(state, "dev/master").is_null()) << "it was not there before";
  expect_rolled_back(state);
}

/// The account of sources.
constexpr const char* production = "222233334444";

class AwsElsewhere : public AwsProgram {
 protected:
  AwsElsewhere() : AwsProgram("real", world()) {
    Json file = document("aws-refresh.json");
    file["restore"].update({{"secgrpids", made_.at("security_groups").at("developers")},
                            {"restoretype", "fromsnapshot"},
                            {"snapshot", "monthly"}});
    file["updatedynamodb"].update({{"restoretype", "fromsnapshot"}, {"snapshot", "monthly"}});
    file["sendmsg"].update({{"restoretype", "fromsnapshot"}, {"topicarn", made_.at("topics").at("refresh")}});
    write(file);
  }
  /// Production is moved to an account of its own, which shares one snapshot of it and keeps another.
  static Json world() {
    Json world = document("aws-world.json");
    Json source = world["instances"][0];
    world["instances"].erase(0);
    source["security_groups"] = {"there"};
    world["accounts"][production] = {
        {"security_groups", {{{"name", "there"}, {"cidr", "10.1.0.0/16"}, {"ports", {1, 65535}}}}},
        {"subnet_groups", {{{"name", "private"}}}},
        {"parameter_groups", world["parameter_groups"]},
        {"instances", {source}},
        {"snapshots",
         {{{"name", "monthly"}, {"of", "mysqlinstp"}, {"type", "manual"}, {"shared_with", {"123456789012"}}},
          {{"name", "kept"}, {"of", "mysqlinstp"}, {"type", "manual"}}}}};
    return world;
  }
  static std::vector<std::string> there(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {"--source-role", std::string("arn:aws:iam::") + production + ":role/reader"});
    return arguments;
  }
  os::Finished run_there(std::vector<std::string> arguments) { return run(there(std::move(arguments))); }
  /// What production's account was asked.
  std::set<std::string> asked_there() {
    std::set<std::string> all;
    const Json journal = bed_.get("journal");
    for (const Json& call : journal.at("calls"))
      if (call.at("account") == production) all.insert(call.at("operation"));
    return all;
  }
};

TEST_F(AwsElsewhere, IsRestoredFromASnapshotThatItSharesAndOnlyLookedAt) {
  const Json plan = answer(there({"plan", file()}));
  Contract().expect(plan, "plan", "$");
  EXPECT_THAT(
      plan["notes"].dump(),
      HasSubstr("'mysqlinstp' is arn:aws:rds:eu-central-1:222233334444:db:mysqlinstp, which is only looked "
                "at"));
  const Json policy = answer(there({"iam", "policy", file()}));
  EXPECT_THAT(policy.dump(), HasSubstr("sts:AssumeRole"));
  EXPECT_THAT(policy.dump(), HasSubstr("arn:aws:rds:eu-central-1:222233334444:snapshot:monthly"));
  const auto done = run_there({"run", file()});
  ASSERT_EQ(done.exit_code, 0) << done.output;
  EXPECT_EQ(asked_there(),
            (std::set<std::string>{"DescribeDBClusters", "DescribeDBInstances", "DescribeDBSnapshots"}));
  const Json state = state_without_harm();
  const Json& here = instances_in(state);
  ASSERT_EQ(here.size(), 1U) << here;
  EXPECT_EQ(here.at("mysqlinstd").at("Tags").at("refresh-masked"), "true");
  EXPECT_EQ(here.at("mysqlinstd").at("bed").at("reachable_by_users"), true);
  const Json& there = state.at("places").at("222233334444/eu-central-1").at("instances");
  ASSERT_EQ(there.size(), 1U) << there;
  EXPECT_EQ(there.at("mysqlinstp").at("bed").at("unmasked"), true) << "production is as it was";
}

TEST_F(AwsElsewhere, IsRefusedWithTheWayOutWhereItSharesNothing) {
  Json file_now = file_document();
  file_now["restore"]["snapshot"] = "kept";
  write(file_now);
  const auto planned = run_there({"plan", file()});
  EXPECT_EQ(planned.exit_code, 2) << planned.output;
  EXPECT_THAT(planned.output, HasSubstr("is not shared with the account 123456789012"));
  EXPECT_THAT(planned.output, HasSubstr("--db-snapshot-identifier kept"));
  EXPECT_EQ(run({"plan", file()}).exit_code, 2) << "without the role there is no such instance";
}

}  // namespace
}  // namespace tests
