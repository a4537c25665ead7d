// A refresh of an Aurora cluster, verb by verb.
#include "tests/provider/aws_account.h"

namespace tests {
namespace {

using provider::Kind;
using provider::Pending;
using provider::RestoreType;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class AwsCluster : public WithAws {
 protected:
  AwsCluster() { add_cluster("prodcluster"); }

  Json& add_cluster(const std::string& name, const Json& more = Json::object()) {
    account_.clusters.push_back(
        {{"DBClusterIdentifier", name},
         {"DbClusterResourceId", "cluster-" + name},
         {"DBClusterArn", "arn:aws:rds:eu-west-1:1:cluster:" + name},
         {"Status", "available"},
         {"Engine", "aurora-postgresql"},
         {"EngineVersion", "16.4"},
         {"Endpoint", name + ".cluster-c1.eu-west-1.rds.amazonaws.com"},
         {"Port", 5432},
         {"DBSubnetGroup", "private"},
         {"DBClusterMembers", Json::array()},
         {"VpcSecurityGroups", AwsAccount::groups({"sg-dev"})},
         {"LatestRestorableTime", "2026-01-31T11:58:00Z"},
         {"BackupRetentionPeriod", 7},
         {"ServerlessV2ScalingConfiguration", {{"MinCapacity", 0.5}, {"MaxCapacity", 4}}},
         {"TagList", Json::array()}});
    account_.clusters.back().update(more);
    return account_.clusters.back();
  }
  Json& add_copy() {
    return add_cluster("devtemp",
                       {{"VpcSecurityGroups", AwsAccount::groups({"sg-quarantine"})},
                        {"BackupRetentionPeriod", 1},
                        {"TagList", AwsAccount::tags({{"refresh", "true"},
                                                      {"dbrefresh:token", "run1/restore"},
                                                      {"dbrefresh:quarantine", "sg-quarantine"},
                                                      {"dbrefresh:groups", "sg-a"},
                                                      {"dbrefresh:open", "protection=false retention=7"}})}});
  }
  Json& add_member(const std::string& name, bool writer) {
    for (Json& each : account_.clusters)
      if (each["DBClusterIdentifier"] == "devtemp")
        each["DBClusterMembers"].push_back({{"DBInstanceIdentifier", name}, {"IsClusterWriter", writer}});
    return account_.add_instance(name, {{"DBClusterIdentifier", "devtemp"},
                                        {"Engine", "aurora-postgresql"},
                                        {"VpcSecurityGroups", AwsAccount::groups({"sg-quarantine"})},
                                        {"TagList", AwsAccount::tags({{"refresh", "true"}})}});
  }
  Json restored(provider::RestoreRequest request) {
    request.token = "run1/restore";
    request.kind = Kind::cluster;
    request.source = "cluster-prodcluster";
    request.name = "devtemp";
    request.tags = {{"refresh", "true"}};
    request.shape.port = 5433;
    request.shape.subnet_group = "private";
    request.shape.cluster_parameter_group = "cpg";
    request.shape.security_groups = {"sg-a"};
    databases_.restore(request, budget());
    const auto calls = account_.taken();
    EXPECT_EQ(calls.size(), 1U);
    operation_ = calls[0].substr(0, calls[0].find(' '));
    Json input = Json::parse(calls[0].substr(calls[0].find('{')));
    input.erase("Tags");
    return input;
  }

  std::string operation_;
  /// What every restore of a cluster says.
  const Json always_ = {{"DBClusterIdentifier", "devtemp"},
                        {"DBClusterParameterGroupName", "cpg"},
                        {"DBSubnetGroupName", "private"},
                        {"VpcSecurityGroupIds", {"sg-quarantine"}},
                        {"Port", 5433},
                        {"BackupRetentionPeriod", 1},
                        {"CopyTagsToSnapshot", false},
                        {"DeletionProtection", false},
                        {"EnableIAMDatabaseAuthentication", false},
                        {"ServerlessV2ScalingConfiguration", {{"MinCapacity", 0.5}, {"MaxCapacity", 4}}}};
  Json with(const Json& more) const {
    Json all = always_;
    all.update(more);
    return all;
  }
};

TEST_F(AwsCluster, IsRestoredInEveryWay) {
  EXPECT_EQ(restored({.type = RestoreType::latest_point}),
            with({{"SourceDbClusterResourceId", "cluster-prodcluster"}, {"UseLatestRestorableTime", true}}));
  EXPECT_EQ(operation_, "RestoreDBClusterToPointInTime");
  EXPECT_EQ(
      restored({.type = RestoreType::restore_point, .time = base::parse_ledger_utc("2026-01-30 10:00:00")}),
      with({{"SourceDbClusterResourceId", "cluster-prodcluster"},
            {"RestoreToTime", "2026-01-30T10:00:00.000Z"}}));
  EXPECT_EQ(restored({.type = RestoreType::fast_cloning}),
            with({{"SourceDbClusterResourceId", "cluster-prodcluster"},
                  {"RestoreType", "copy-on-write"},
                  {"UseLatestRestorableTime", true}}));
  account_.snapshots = {{{"DBClusterSnapshotIdentifier", "snap"},
                         {"Status", "available"},
                         {"Engine", "aurora-postgresql"},
                         {"EngineVersion", "16.2"},
                         {"SnapshotCreateTime", "2026-01-29T01:00:00Z"}}};
  EXPECT_EQ(
      restored({.type = RestoreType::from_snapshot, .snapshot = "snap"}),
      with({{"SnapshotIdentifier", "snap"}, {"Engine", "aurora-postgresql"}, {"EngineVersion", "16.2"}}));
  EXPECT_EQ(operation_, "RestoreDBClusterFromSnapshot");
}

TEST_F(AwsCluster, GetsItsWriterOnceItIsThere) {
  Json& copy = add_copy();
  copy["Status"] = "creating";
  const provider::CreateRequest request{.token = "run1/create",
                                        .of = "cluster-devtemp",
                                        .name = "dev1temp",
                                        .tags = {{"refresh", "true"}},
                                        .shape = {.instance_class = "db.serverless",
                                                  .parameter_group = "pg",
                                                  .performance_insights = true,
                                                  .performance_insights_days = 731,
                                                  .performance_insights_key = "alias/insights"}};
  EXPECT_EQ(waits_for(databases_.create(request, budget())), "cluster devtemp: creating");
  copy["Status"] = "available";
  later();
  EXPECT_TRUE(std::holds_alternative<Pending>(databases_.create(request, budget())));
  EXPECT_THAT(
      account_.taken(),
      ElementsAre(
          R"(CreateDBInstance {"AutoMinorVersionUpgrade":false,"DBClusterIdentifier":"devtemp",)"
          R"("DBInstanceClass":"db.serverless","DBInstanceIdentifier":"dev1temp",)"
          R"("DBParameterGroupName":"pg","EnablePerformanceInsights":true,"Engine":"aurora-postgresql",)"
          R"("PerformanceInsightsKMSKeyId":"alias/insights","PerformanceInsightsRetentionPeriod":731,)"
          R"("PubliclyAccessible":false,)"
          R"("Tags":[{"Key":"dbrefresh:token","Value":"run1/create"},)"
          R"({"Key":"refresh","Value":"true"}]})"));
  add_member("dev1temp", true)["TagList"] =
      AwsAccount::tags({{"refresh", "true"}, {"dbrefresh:token", "run1/create"}});
  const auto made = std::get<provider::Database>(databases_.create(request, budget()));
  EXPECT_TRUE(made.writer);
  EXPECT_FALSE(made.open) << "closed as its cluster is";
  EXPECT_EQ(made.cluster, "cluster-devtemp");
  EXPECT_THAT(account_.taken(), IsEmpty());
}

TEST_F(AwsCluster, ShowsItsInstances) {
  add_copy();
  add_member("w", true);
  add_member("r", false);
  EXPECT_THAT(databases_.get("cluster-devtemp")->members, ElementsAre("db-w", "db-r"));
  EXPECT_EQ(databases_.get("db-w")->replica_of, "");
  EXPECT_EQ(databases_.get("db-r")->replica_of, "cluster-devtemp");
}

TEST_F(AwsCluster, IsOpenedAsAWholeAndItsInstancesAreRenamedAlone) {
  add_copy();
  add_member("dev1temp", true);
  EXPECT_EQ(code_of([&] { databases_.make_so("db-dev1temp", {.open = true}, budget()); }),
            "InvalidDBInstanceState");
  EXPECT_TRUE(std::holds_alternative<Pending>(databases_.make_so("db-dev1temp", {.name = "dev1"}, budget())));
  EXPECT_TRUE(
      std::holds_alternative<Pending>(databases_.make_so("cluster-devtemp", {.name = "dev"}, budget())));
  EXPECT_TRUE(
      std::holds_alternative<Pending>(databases_.make_so("cluster-devtemp", {.open = true}, budget())));
  EXPECT_THAT(account_.taken(),
              ElementsAre(R"(ModifyDBInstance {"ApplyImmediately":true,"DBInstanceIdentifier":"dev1temp",)"
                          R"("NewDBInstanceIdentifier":"dev1"})",
                          R"(ModifyDBCluster {"ApplyImmediately":true,"DBClusterIdentifier":"devtemp",)"
                          R"("NewDBClusterIdentifier":"dev"})",
                          R"(ModifyDBCluster {"ApplyImmediately":true,"BackupRetentionPeriod":7,)"
                          R"("DBClusterIdentifier":"devtemp","VpcSecurityGroupIds":["sg-a"]})"));
}

TEST_F(AwsCluster, GoesAfterItsInstances) {
  Json& copy = add_copy();
  add_member("w", true);
  EXPECT_EQ(code_of([&] { databases_.remove("cluster-devtemp", budget()); }), "InvalidDBClusterStateFault");
  copy["Status"] = "stopped";
  later();
  databases_.remove("db-w", budget());
  EXPECT_THAT(account_.taken(), ElementsAre(R"(StartDBCluster {"DBClusterIdentifier":"devtemp"})"))
      << "what is stopped cannot be deleted";
  copy["Status"] = "available";
  later();
  databases_.remove("db-w", budget());
  account_.instance("w")["DBInstanceStatus"] = "deleting";
  databases_.remove("cluster-devtemp", budget());
  EXPECT_THAT(account_.taken(),
              ElementsAre(R"(DeleteDBInstance {"DBInstanceIdentifier":"w","SkipFinalSnapshot":true})",
                          R"(DeleteDBCluster {"DBClusterIdentifier":"devtemp","DeleteAutomatedBackups":true,)"
                          R"("SkipFinalSnapshot":true})"));
}

TEST_F(AwsCluster, ARdsClusterOfThreeNodesIsNotServed) {
  account_.clusters[0]["Engine"] = "postgres";
  const auto said = databases_.check({.restore = {.kind = Kind::cluster, .source = "cluster-prodcluster"}});
  ASSERT_FALSE(said.empty());
  EXPECT_THAT(said[0].message, HasSubstr("'prodcluster' is a Multi-AZ DB cluster (postgres)"));
}

}  // namespace
}  // namespace tests
