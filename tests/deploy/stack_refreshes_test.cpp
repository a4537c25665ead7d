// Refreshes of many kinds by one stack, beside each other: they end as those of `run` do, and each function's
// role has the actions that they need and no others.
#include "tests/deploy/stack.h"
#include "tests/end-to-end/aws_many.h"

namespace tests {
namespace {

using base::Json;

namespace roles {

/// Actions of a role that none of these refreshes needs, and why the role has them all the same.
using Reasons = std::map<std::string, std::string>;

constexpr const char* logs = "Lambda writes the lines of a function as its role, and not the function";
constexpr const char* look =
    "one policy of descriptions, for all who look: the plan's, or those of a failure";
constexpr const char* secrets = "one policy of secrets, for the functions that write any";
constexpr const char* shared = "a snapshot that another account shares: AwsShared has one, on a host";
constexpr const char* interrupted = "a copy whose scripts were interrupted: AwsStackInSlices";
constexpr const char* network = "Lambda makes the interfaces of a function in a VPC as its role";

const std::map<std::string, Reasons> unused = {
    {"PlanRole",
     {{"kms:DescribeKey", shared},
      {"logs:CreateLogStream", logs},
      {"logs:PutLogEvents", logs},
      {"rds:DescribeDBSnapshots", "snapshots of instances: here one of a cluster is restored"},
      {"rds:DescribeEvents", look},
      {"s3:GetBucketLocation", "a bucket of another Region"},
      {"ssm:DescribeInstanceInformation", "scripts of method ec2"}}},
    {"ChangeRole",
     {{"kms:DescribeKey", shared},
      {"logs:CreateLogStream", logs},
      {"logs:PutLogEvents", logs},
      {"rds:CopyDBSnapshot", shared},
      {"rds:CreateDBInstanceReadReplica", "replicas of instances: here a cluster has some"},
      {"rds:DeleteDBSnapshot", shared},
      {"rds:DescribeAccountAttributes", look},
      {"rds:DescribeDBClusterParameterGroups", look},
      {"rds:DescribeDBClusterParameters", look},
      {"rds:DescribeDBParameterGroups", look},
      {"rds:DescribeDBSnapshots", "snapshots of instances: here one of a cluster is restored"},
      {"rds:DescribeOrderableDBInstanceOptions", look},
      {"rds:RestoreDBInstanceFromDBSnapshot", "snapshots of instances: here one of a cluster is restored"},
      {"rds:StartDBCluster", "what was stopped and is put back, or deleted"},
      {"rds:StartDBInstance", "what was stopped and is put back"},
      {"rds:StopDBCluster", "here an instance is stopped"},
      {"secretsmanager:CancelRotateSecret", "a rotation that is put back"},
      {"secretsmanager:DeleteSecret", "a secret that is put back to none"},
      {"states:DescribeExecution", "putting back what an execution did: WhatIsCancelledOrStoppedIsPutBack"},
      {"states:GetExecutionHistory", "as above"}}},
    {"SqlRole",
     {{"cloudwatch:GetMetricStatistics", look},
      {"ec2:AssignPrivateIpAddresses", network},
      {"ec2:CreateNetworkInterface", network},
      {"ec2:DeleteNetworkInterface", network},
      {"ec2:DescribeNetworkInterfaces", network},
      {"ec2:DescribeSecurityGroups", look},
      {"ec2:DescribeSubnets", network},
      {"ec2:UnassignPrivateIpAddresses", network},
      {"kms:DescribeKey", look},
      {"logs:CreateLogStream", logs},
      {"logs:PutLogEvents", logs},
      {"rds:DeleteDBCluster", interrupted},
      {"rds:DeleteDBInstance", interrupted},
      {"rds:DescribeAccountAttributes", look},
      {"rds:DescribeDBClusterParameterGroups", look},
      {"rds:DescribeDBClusterParameters", look},
      {"rds:DescribeDBClusterSnapshots", look},
      {"rds:DescribeDBParameterGroups", look},
      {"rds:DescribeDBSnapshots", look},
      {"rds:DescribeDBSubnetGroups", look},
      {"rds:DescribeEvents", "a password that RDS does not set"},
      {"rds:DescribeOrderableDBInstanceOptions", look},
      {"s3:GetBucketLocation", "a bucket of another Region"},
      {"secretsmanager:CancelRotateSecret", secrets},
      {"secretsmanager:CreateSecret", secrets},
      {"secretsmanager:DeleteSecret", secrets},
      {"secretsmanager:RotateSecret", secrets},
      {"secretsmanager:TagResource", secrets},
      {"lambda:InvokeFunction", secrets}}},
    {"ReportRole",
     {{"dynamodb:GetItem", "a row that was written, though nobody heard of it"},
      {"dynamodb:Scan", "the look for overdue databases, once a day: AwsOverdue"},
      {"kms:Decrypt", "the stack's own topic: the files name another one"},
      {"kms:GenerateDataKey", "as above"},
      {"logs:CreateLogStream", logs},
      {"logs:PutLogEvents", logs}}},
};

}  // namespace roles

class AwsStackMany : public AwsStack {
 protected:
  AwsStackMany() : AwsStack("", world(), false) {}
  static Json world() {
    Json world = Many::world();
    world["tables"] = Json::array();
    return world;
  }
  void refresh_all() {
    bed_.post("fault", Many::fault());
    Many::side_by_side(Many::lanes(made_, clock_.now()), [&](const OneOfMany& each) {
      put_file(each.file, each.target, each.application);
      std::vector<std::string> more = {"--wait"};
      if (!each.masked) more.insert(more.end(), {"--unmasked", "it asks for no scripts"});
      return launch(more, each.target, each.application);
    });
  }
  /// With the quarantine of a host in the place of the stack's, and the command that shows a host's run.
  Json as_by_a_host(const Json& state) {
    std::set<std::string> quarantines;
    for (const Json& each : instances_in(state))
      if (const Json tags = each.value("Tags", Json::object()); tags.contains("dbrefresh:quarantine"))
        quarantines.insert(tags.at("dbrefresh:quarantine"));
    EXPECT_EQ(quarantines.size(), 1U);
    const auto hosts = made_.at("security_groups").at("quarantine").get<std::string>();
    EXPECT_FALSE(quarantines.contains(hosts)) << "the functions have the stack's";
    return Json::parse(replaced(replaced(state.dump(), *quarantines.begin(), hosts),
                                "dbrefresh --provider aws history", "dbrefresh history"));
  }
  /// By the name in the template: what no session of the role was allowed anything by.
  std::map<std::string, std::set<std::string>> unused_by_role() {
    std::map<std::string, std::set<std::string>> all;
    for (const Json& key : bed_.get("permissions"))
      for (const auto& [role, reasons] : roles::unused) {
        if (key.at("role").get<std::string>().find("-" + role + "-") == std::string::npos) continue;
        const auto now = key.at("unused").get<std::set<std::string>>();
        if (!all.contains(role)) all[role] = now;
        std::erase_if(all[role], [&](const std::string& each) { return !now.contains(each); });
      }
    return all;
  }
  void expect_all_used() {
    const auto found = unused_by_role();
    for (const auto& [role, reasons] : roles::unused) {
      ASSERT_TRUE(found.contains(role)) << role;
      for (const auto& action : found.at(role))
        EXPECT_TRUE(reasons.contains(action))
            << role << ": " << action << " was not used, for no known reason";
    }
  }
};

TEST_F(AwsStackMany, EndAsThoseOfRunDoAndUseAllThatTheRolesAllow) {
  done_well(deployment({"--yes", "--parameter", "AllowUnmasked=true", "--parameter",
                        "RotationFunctionArn=arn:aws:lambda:eu-central-1:123456789012:function:rotate"}));
  refresh_all();
  EXPECT_EQ(refused(), Json::array());
  const Json state = bed_.get("state");
  EXPECT_EQ(state.at("violations"), Json::array());
  EXPECT_EQ(state.at("leaks"), Json::array());
  EXPECT_EQ(Many::exposed(state), Json::array());
  expect_as_written("Many", Many::end(as_by_a_host(state), made_));
  expect_all_used();
}

/// One stack whose functions that log in have 14 seconds, ten of which are kept for the answer.
class AwsStackInSlices : public AwsStack {
 protected:
  AwsStackInSlices() : AwsStack("", world()) {}

  static constexpr int scripts = 6;
  static std::string key(int number) { return "slow" + std::to_string(number) + ".sql"; }
  /// No statement can run twice, and the last one fails where one did not run.
  static std::string script(int number) {
    const auto row = "INSERT INTO ran VALUES (" + std::to_string(number) + ");\nDO SLEEP(1);\n";
    if (number == 1)
      return "UPDATE customers SET email = '';\nCREATE TABLE ran (number int PRIMARY KEY);\n" + row;
    if (number < scripts) return row;
    return row + "INSERT INTO ran SELECT IF(COUNT(*) = " + std::to_string(scripts) + ", 0, NULL) FROM ran;\n";
  }
  static Json world() {
    Json world = world_before_stack();
    for (int number = 1; number <= scripts; ++number)
      world["buckets"][0]["objects"]["app1/" + key(number)] = script(number);
    return world;
  }
  /// With the first ones.
  Json with_scripts(int number) {
    Json file = file_document();
    std::string keys = key(1);
    for (int each = 2; each <= number; ++each) keys += "," + key(each);
    file["runscripts"]["keys"] = keys;
    return file;
  }
  /// The history of a refresh with all of them.
  Json refreshed() {
    put_file(with_scripts(scripts));
    const auto launched = launch({"--wait"});
    EXPECT_EQ(launched.exit_code, 0) << launched.output;
    expect_masked(state_without_harm());
    return answer({"history", answer({"list"}).back().at("run")});
  }
  /// By the function that found the scripts interrupted.
  bool thrown_away() {
    for (const Json& key : bed_.get("permissions"))
      for (const Json& each : key.at("allowed"))
        if (key.at("role").get<std::string>().find("-SqlRole-") != std::string::npos &&
            each.at("action") == "rds:DeleteDBInstance" &&
            each.at("resource") == "arn:aws:rds:eu-central-1:123456789012:db:mysqlinstdtemp")
          return true;
    return false;
  }
  /// The stack's templates, but for that time.
  std::string templates() {
    os::fs::copy(SOURCE_DIR "/deploy", path("templates"), os::fs::copy_options::recursive);
    const auto compute = path("templates/awssoldb_compute.template");
    const auto text = os::read_file(compute);
    EXPECT_THAT(text, testing::HasSubstr("Timeout: 900"));
    os::write_file_atomic(compute, replaced(text, "Timeout: 900", "Timeout: 14"), 0600);
    return path("templates");
  }
};

TEST_F(AwsStackInSlices, RunsEachScriptOnceThoughACallIsTooShortForAll) {
  done_well(deployment({"--yes", "--templates", templates()}));
  const Json history = refreshed();
  int calls = 0;
  for (const Json& each : history.at("attempts"))
    if (each.at("state") == "run-scripts-mysql" || each.at("state") == "check-run-scripts") ++calls;
  EXPECT_GE(calls, scripts) << "a call has four seconds, and begins no script after the first tenth";
  const Json& result = history.at("results").at("runscripts");
  EXPECT_EQ(result.at("slices"), scripts) << result;
  ASSERT_EQ(result.at("scripts").size(), std::size_t{scripts}) << result;
  for (int number = 1; number <= scripts; ++number)
    EXPECT_EQ(result["scripts"][static_cast<std::size_t>(number - 1)].at("script"), key(number));

  // Lambda ends a call in the middle of a slice: nobody knows what it did, so the copy goes.
  bed_.post("fault", {{"service", "s3"},
                      {"op", "GetObject"},
                      {"match", {{"Key", "app1/" + key(2)}}},
                      {"nth", 2},  // the plan reads it too
                      {"fault", {{"slow", 20}, {"after", false}}}});
  put_file(with_scripts(2));
  EXPECT_THAT(launch({}).output, testing::HasSubstr("begun: run "));
  const auto deadline = clock_.now() + std::chrono::minutes(2);
  while (!thrown_away() && clock_.now() < deadline) {
  }
  EXPECT_TRUE(thrown_away());
  EXPECT_EQ(refused(), Json::array());
}

}  // namespace
}  // namespace tests
