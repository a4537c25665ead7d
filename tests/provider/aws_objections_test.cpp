// What the plan says of an account of AWS.
#include "provider/aws/changes.h"
#include "tests/provider/aws_account.h"

namespace tests {
namespace {

using About = provider::Objection::About;
using provider::RestoreType;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class AwsObjections : public WithAws {
 protected:
  provider::Intent intent(RestoreType type = RestoreType::latest_point) {
    return {.restore = {.source = "db-prod",
                        .type = type,
                        .shape = {.port = 3306, .subnet_group = "private", .security_groups = {"sg-a"}}}};
  }
  /// Problems; warnings with "warning: " before them.
  std::vector<std::string> said(const provider::Intent& intent) { return said(intent, databases_); }
  std::vector<std::string> said(const provider::Intent& intent, provider::aws::Databases& databases) {
    later();
    std::vector<std::string> out;
    for (const auto& each : databases.check(intent))
      out.push_back((each.weight == provider::Objection::Weight::problem ? "" : "warning: ") + each.message);
    EXPECT_THAT(account_.taken(), IsEmpty());
    return out;
  }
};

TEST_F(AwsObjections, NoneWhereAllIsWell) {
  EXPECT_THAT(said(intent()), IsEmpty());
}

/// What servers of a host of ours listen on, RDS is told otherwise.
TEST_F(AwsObjections, AddressTlsAndNetworksAreRefusedByName) {
  auto asked = intent();
  asked.restore.shape.listening = {.address = "10.0.0.5", .tls = "require", .networks = {"10.0.0.0/8"}};
  EXPECT_THAT(said(asked),
              ElementsAre(HasSubstr("'10.0.0.5' is for servers of this host"),
                          HasSubstr("rds.force_ssl (PostgreSQL), require_secure_transport"),
                          HasSubstr("'10.0.0.0/8' is for servers of this host: on RDS security groups "
                                    "say it: aws.security_groups")));
}

/// It would fail at the first login, when the copy is made.
TEST_F(AwsObjections, MySqlBefore57IsNotServed) {
  Json& source = account_.instance("prod");
  source.update({{"Engine", "mysql"}, {"EngineVersion", "5.6.51"}});
  EXPECT_THAT(said(intent()), ElementsAre(HasSubstr("'prod' is MySQL 5.6.51")));
  for (const char* version : {"5.7.44", "8.0.39"}) {
    source["EngineVersion"] = version;
    EXPECT_THAT(said(intent()), IsEmpty());
  }
}

TEST_F(AwsObjections, OneHostOfScriptsIsOnlineRunsLinuxAndIsLetIn) {
  auto asked = intent();
  asked.scripts_method = "ec2";
  Json& hosts = account_.offers["DescribeInstanceInformation"]["InstanceInformationList"];
  hosts = Json::array();
  EXPECT_THAT(said(asked), ElementsAre("'ec2': 0 instances with the tag Name=DbRestore are known to Systems "
                                       "Manager: there must be one"));
  hosts = {{{"InstanceId", "i-1"},
            {"IPAddress", "10.0.0.7"},
            {"PlatformType", "Linux"},
            {"PingStatus", "Online"}}};
  EXPECT_THAT(said(asked), IsEmpty());
  hosts[0]["PingStatus"] = "ConnectionLost";
  EXPECT_THAT(said(asked), ElementsAre("'ec2': i-1 (Name=DbRestore) is ConnectionLost to Systems Manager: "
                                       "start it, and its agent"));
  hosts[0].update({{"PingStatus", "Online"}, {"PlatformType", "Windows"}});
  EXPECT_THAT(said(asked), ElementsAre(HasSubstr("is a host of Windows")));
  hosts[0].update({{"IPAddress", "10.0.0.9"}, {"PlatformType", "Linux"}});
  EXPECT_THAT(said(asked), ElementsAre(HasSubstr("has the address 10.0.0.9, which the quarantine group does "
                                                 "not let in")));
  hosts.push_back(hosts[0]);
  EXPECT_THAT(said(asked), ElementsAre(HasSubstr("2 instances")));
}

TEST_F(AwsObjections, TheQuarantineLetsInUsAndNobodyElse) {
  const Json fine = account_.group;
  const auto with = [&](const Json& permission) {
    account_.group = fine;
    account_.group["IpPermissions"].push_back(permission);
    return said(intent());
  };
  EXPECT_THAT(with({{"IpProtocol", "tcp"},
                    {"FromPort", 22},
                    {"ToPort", 22},
                    {"IpRanges", {{{"CidrIp", "0.0.0.0/0"}}}}}),
              ElementsAre("quarantine: sg-quarantine lets in 0.0.0.0/0, which is not us: we are 10.0.0.7 "
                          "(DBREFRESH_ADDRESSES says otherwise)"));
  EXPECT_THAT(with({{"IpProtocol", "tcp"},
                    {"FromPort", 0},
                    {"ToPort", 9},
                    {"IpRanges", {{{"CidrIp", "10.0.0.8/32"}}}}}),
              ElementsAre("quarantine: sg-quarantine lets in 10.0.0.8/32, which is not us: we are 10.0.0.7 "
                          "(DBREFRESH_ADDRESSES says otherwise)"));
  EXPECT_THAT(with({{"IpProtocol", "-1"}, {"Ipv6Ranges", {{{"CidrIpv6", "::/0"}}}}}),
              ElementsAre("quarantine: sg-quarantine lets in ::/0, which is not us: we are 10.0.0.7 "
                          "(DBREFRESH_ADDRESSES says otherwise)"));
  EXPECT_THAT(with({{"IpProtocol", "-1"}, {"PrefixListIds", {{{"PrefixListId", "pl-1"}}}}}),
              ElementsAre("quarantine: sg-quarantine lets in pl-1, which is not us: we are 10.0.0.7 "
                          "(DBREFRESH_ADDRESSES says otherwise)"));
  account_.interfaces = {{{"NetworkInterfaceId", "eni-1"}, {"PrivateIpAddress", "10.0.0.7"}},
                         {{"NetworkInterfaceId", "eni-2"}, {"PrivateIpAddress", "10.0.0.9"}}};
  EXPECT_THAT(with({{"IpProtocol", "-1"}, {"UserIdGroupPairs", {{{"GroupId", "sg-app"}}}}}),
              ElementsAre("quarantine: sg-quarantine lets in sg-app, which has 10.0.0.9 (eni-2), which is "
                          "not us: we are 10.0.0.7 (DBREFRESH_ADDRESSES says otherwise)"));
  account_.interfaces.pop_back();
  EXPECT_THAT(with({{"IpProtocol", "-1"}, {"UserIdGroupPairs", {{{"GroupId", "sg-app"}}}}}), IsEmpty());
}

TEST_F(AwsObjections, TheQuarantineLetsUsReachThePort) {
  account_.group["IpPermissions"][0]["ToPort"] = 3305;
  EXPECT_THAT(said(intent()),
              ElementsAre("quarantine: sg-quarantine does not let us (10.0.0.7) in to port 3306"));
  account_.group["IpPermissions"] = Json::array();
  EXPECT_THAT(said(intent()),
              ElementsAre("quarantine: sg-quarantine does not let us (10.0.0.7) in to port 3306"));
}

TEST_F(AwsObjections, AQuarantineThatLetsTheCopyOutIsWarnedOf) {
  account_.group["IpPermissionsEgress"] = {{{"IpProtocol", "-1"}, {"IpRanges", {{{"CidrIp", "0.0.0.0/0"}}}}}};
  EXPECT_THAT(said(intent()), ElementsAre(HasSubstr("warning: quarantine: sg-quarantine lets a copy out")));
}

/// CloudFormation leaves no group without a rule.
TEST_F(AwsObjections, ARuleThatLeadsNowhereLetsNothingOut) {
  const Json nowhere = {{"IpProtocol", "-1"}, {"IpRanges", {{{"CidrIp", "127.0.0.1/32"}}}}};
  account_.group["IpPermissionsEgress"] = {nowhere};
  EXPECT_THAT(said(intent()), IsEmpty());
  account_.group["IpPermissionsEgress"][0]["Ipv6Ranges"] = {{{"CidrIpv6", "::/0"}}};
  EXPECT_THAT(said(intent()), ElementsAre(HasSubstr("lets a copy out")));
}

/// Functions have no address to name; the plan is made by one that is not even in their network.
TEST_F(AwsObjections, FunctionsAreKnownByTheirGroup) {
  provider::aws::Databases functions{
      account_,
      {.groups = {"sg-functions"}, .account = "1", .ca_file = SOURCE_DIR "/packaging/rds-ca.pem"},
      clock_,
      logins_.connect()};
  account_.group["IpPermissions"] = {
      {{"IpProtocol", "-1"}, {"UserIdGroupPairs", {{{"GroupId", "sg-functions"}}}}}};
  EXPECT_THAT(said(intent(), functions), IsEmpty()) << "none of them runs";
  account_.interfaces = {
      {{"NetworkInterfaceId", "eni-1"}, {"PrivateIpAddress", "10.0.0.8"}, {"InterfaceType", "lambda"}}};
  EXPECT_THAT(said(intent(), functions), IsEmpty());
  account_.interfaces.push_back(
      {{"NetworkInterfaceId", "eni-2"}, {"PrivateIpAddress", "10.0.0.9"}, {"InterfaceType", "interface"}});
  EXPECT_THAT(said(intent(), functions),
              ElementsAre(HasSubstr("lets in sg-functions, which has 10.0.0.9 (eni-2)")));
}

TEST_F(AwsObjections, ThereMustBeASubnetGroup) {
  auto wanted = intent();
  wanted.restore.shape.subnet_group = "nowhere";
  const auto all = databases_.check(wanted);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].about, About::shape);
  EXPECT_EQ(all[0].field, "subnet_group");
  EXPECT_EQ(all[0].message, "'nowhere': there is no such DB subnet group");
}

/// RDS would refuse them when the database is opened, and has its name.
TEST_F(AwsObjections, SecurityGroupsMustBeInTheVpcOfTheNewDatabase) {
  auto wanted = intent();
  wanted.restore.shape.security_groups = {"sg-a", "sg-far", "sg-none"};
  wanted.replicas = {{.name = "r", .shape = {.security_groups = {"sg-far"}}}};
  account_.far_groups = {"sg-far"};
  account_.no_groups = {"sg-none"};
  EXPECT_THAT(said(wanted), ElementsAre("'sg-far' is in vpc-2, and the new database will be in vpc-1",
                                        "'sg-none': there is no such security group",
                                        "'sg-far' is in vpc-2, and the new database will be in vpc-1"));
}

/// RDS takes such a restore, and its storage never comes.
TEST_F(AwsObjections, AKeyMustDecrypt) {
  account_.instance("prod").update({{"StorageEncrypted", true}, {"KmsKeyId", "key-1"}});
  const auto with = [&](const char* state) {
    account_.key = {{"KeyMetadata", {{"KeyId", "key-1"}, {"Arn", "arn:key-1"}, {"KeyState", state}}}};
    return said(intent());
  };
  EXPECT_THAT(with("Enabled"), IsEmpty());
  EXPECT_THAT(
      with("Disabled"),
      ElementsAre(
          "'prod' is encrypted with arn:key-1, which is Disabled: aws kms enable-key --key-id key-1"));
  EXPECT_THAT(with("PendingDeletion"), ElementsAre(HasSubstr("aws kms cancel-key-deletion --key-id key-1")));
  account_.snapshots = {{{"DBSnapshotIdentifier", "nightly"},
                         {"DBSnapshotArn", "arn:aws:rds:eu-west-1:1:snapshot:nightly"},
                         {"Status", "available"},
                         {"Encrypted", true},
                         {"KmsKeyId", "key-1"}}};
  auto wanted = intent(RestoreType::from_snapshot);
  wanted.restore.snapshot = "nightly";
  EXPECT_THAT(said(wanted),
              ElementsAre(HasSubstr("'nightly' is encrypted with arn:key-1, which is PendingDeletion")));
}

TEST_F(AwsObjections, ASourceMustBeRestorable) {
  account_.instance("prod").erase("LatestRestorableTime");
  EXPECT_THAT(said(intent()), ElementsAre(HasSubstr("'prod' keeps no backups")));
  EXPECT_THAT(said(intent(RestoreType::from_snapshot)), ElementsAre("'': there is no such snapshot"));
}

TEST_F(AwsObjections, ATimeMustHaveBeenBackedUp) {
  auto wanted = intent(RestoreType::restore_point);
  wanted.restore.time = base::parse_ledger_utc("2026-01-31 11:55:01");
  EXPECT_THAT(
      said(wanted),
      ElementsAre("'2026-01-31 11:55:01': 'prod' can be restored to 2026-01-31 11:55:00 at the latest"));
  wanted.restore.time = base::parse_ledger_utc("2026-01-31 11:55:00");
  EXPECT_THAT(said(wanted), IsEmpty());
  wanted.restore.time = base::parse_ledger_utc("2026-01-22 11:55:00");
  EXPECT_THAT(said(wanted), ElementsAre("'2026-01-22 11:55:00': 'prod' keeps its backups for 7 days"));
}

TEST_F(AwsObjections, CertificatesMustBeThereBeforeACopyIs) {
  const auto said_with = [&](const std::string& ca_file) {
    provider::aws::Databases strict(account_, {.addresses = {"10.0.0.7"}, .account = "1", .ca_file = ca_file},
                                    clock_);
    std::string all;
    for (const auto& each : strict.check(intent())) all += each.message + "\n";
    return all;
  };
  EXPECT_THAT(said_with("/nowhere/ca.pem"), HasSubstr("'/nowhere/ca.pem': there are no certificates"));
  EXPECT_THAT(said_with(SOURCE_DIR "/packaging/rds-ca.pem"), testing::Not(HasSubstr("certificates")));
  account_.instance("prod")["Engine"] = "oracle-ee";
  EXPECT_THAT(said_with("/nowhere/ca.pem"), testing::Not(HasSubstr("certificates"))) << "no session is made";
}

/// As RDS says in its API reference.
TEST(AwsPassword, IsTakenOrNotByEngine) {
  using provider::aws::objection_to_password;
  EXPECT_EQ(objection_to_password("new'pass word", "mysql"), "");
  EXPECT_EQ(objection_to_password("short", "mysql"), "has 5 characters, and RDS takes 8 to 41 for mysql");
  EXPECT_EQ(objection_to_password(std::string(42, 'x'), "postgres"), "");
  EXPECT_THAT(objection_to_password(std::string(42, 'x'), "aurora-postgresql"), HasSubstr("8 to 41"));
  for (const char* wrong : {"with/slash", "with\"quote", "with@sign1", "with-\xC3\xA4-umlaut"})
    EXPECT_THAT(objection_to_password(wrong, "postgres"),
                HasSubstr("has a character that RDS does not take"));
}

TEST_F(AwsObjections, WhatIsReplacedMustBeOurs) {
  account_.add_instance("dev", {{"DBInstanceStatus", "stopped"},
                                {"ReadReplicaDBInstanceIdentifiers", {"arn:aws:rds:us-east-1:1:db:far"}},
                                {"MasterUserSecret", {{"SecretArn", "arn:secret"}}},
                                {"BackupRetentionPeriod", 0},
                                {"PerformanceInsightsEnabled", true},
                                {"MonitoringInterval", 30},
                                {"AssociatedRoles", {{{"RoleArn", "arn:role"}}}}});
  auto wanted = intent();
  wanted.restore.replaces = "db-dev";
  wanted.replicas = {{.name = "r"}};
  EXPECT_THAT(
      said(wanted),
      ElementsAre("'dev' is stopped, and RDS renames nothing that is stopped: start it first",
                  "'dev' has the replica arn:aws:rds:us-east-1:1:db:far in another Region: it is not ours "
                  "to delete",
                  HasSubstr("warning: RDS manages the master password of 'dev' in arn:secret"),
                  "warning: 'dev' has the role arn:role: the new database does not get it",
                  "warning: 'dev' has Performance Insights: the new database does not get it",
                  "warning: 'dev' has Enhanced Monitoring every 30 seconds: the new database does not get it",
                  HasSubstr("'dev' keeps no automated backups")));
}

/// They end when it is set aside: people should know, and nothing is kept from working.
TEST_F(AwsObjections, WhoeverIsConnectedToTheOldDatabaseIsCounted) {
  account_.add_instance("dev", Json::object());
  auto asked = intent();
  asked.restore.replaces = "db-dev";
  account_.connections = {{{"Maximum", 0.0}}};
  EXPECT_THAT(said(asked), IsEmpty());
  account_.connections = {{{"Maximum", 2.0}}, {{"Maximum", 7.0}}, {{"Maximum", 0.0}}};
  EXPECT_THAT(said(asked),
              ElementsAre(HasSubstr("'dev' had up to 7 connections at once in the last 10 minutes")));
  account_.refused.emplace("GetMetricStatistics", base::Error("AccessDenied", "you may not"));
  EXPECT_THAT(said(asked), ElementsAre(HasSubstr("the connections to 'dev' are not counted: you may not")));
  const base::Budget budget{clock_, clock_.now() + std::chrono::minutes(1), {}, [](const base::Note&) {}};
  EXPECT_EQ(databases_.connections("db-dev", budget), std::nullopt);
}

TEST_F(AwsObjections, GroupsAndClassesMustFit) {
  auto wanted = intent();
  wanted.restore.shape.parameter_group = "pg";
  wanted.restore.shape.instance_class = "db.t3.medium";
  wanted.restore.shape.storage_type = "gp3";
  EXPECT_THAT(said(wanted), IsEmpty());
  wanted.restore.shape.storage_type = "io9";
  EXPECT_THAT(said(wanted),
              ElementsAre("warning: 'io9' is not to be had with db.t3.medium for mariadb 10.11.6"));
  account_.instance("prod")["EngineVersion"] = "11.4.3";
  account_.offers["DescribeOrderableDBInstanceOptions"] = {{"OrderableDBInstanceOptions", Json::array()}};
  EXPECT_THAT(said(wanted), ElementsAre("'pg' is for mariadb10.11, and this is mariadb 11.4.3",
                                        "'db.t3.medium' is not to be had for mariadb 11.4.3 in this Region"));
  account_.offers["DescribeDBParameterGroups"] = {{"DBParameterGroups", Json::array()}};
  EXPECT_THAT(said(wanted), testing::Contains("'pg': there is no such parameter group"));
}

/// RDS judges by itself when it makes the database.
TEST_F(AwsObjections, WhatCannotBeAskedIsToldAndStopsNothing) {
  account_.offers.erase("DescribeOrderableDBInstanceOptions");
  auto wanted = intent();
  wanted.restore.shape.instance_class = "db.t3.medium";
  EXPECT_THAT(said(wanted),
              ElementsAre(HasSubstr("warning: what DescribeOrderableDBInstanceOptions would say is not "
                                    "checked: ")));
}

TEST_F(AwsObjections, ThereMustBeRoomForBoth) {
  account_.offers["DescribeAccountAttributes"] = {
      {"AccountQuotas", {{{"AccountQuotaName", "DBInstances"}, {"Used", 39}, {"Max", 40}}}}};
  auto wanted = intent();
  EXPECT_THAT(said(wanted), IsEmpty());
  wanted.replicas = {{.name = "r"}};
  EXPECT_THAT(said(wanted),
              ElementsAre("the quota DBInstances of this account and Region is 40, 39 are used, and "
                          "2 more are needed until the old database is deleted"));
}

TEST_F(AwsObjections, ServerlessInstancesWantARangeOfCapacity) {
  Json& cluster = account_.clusters.emplace_back(Json{{"DBClusterIdentifier", "clu"},
                                                      {"DbClusterResourceId", "cluster-clu"},
                                                      {"DBClusterArn", "arn:aws:rds:eu-west-1:1:cluster:clu"},
                                                      {"Engine", "aurora-postgresql"},
                                                      {"EngineVersion", "16.2"},
                                                      {"Status", "available"},
                                                      {"LatestRestorableTime", "2026-01-31T11:55:00Z"},
                                                      {"DBSubnetGroup", "private"},
                                                      {"DBClusterMembers", Json::array()}});
  auto wanted = intent();
  wanted.restore.kind = provider::Kind::cluster;
  wanted.restore.source = "cluster-clu";
  wanted.writer = {.name = "clu1", .shape = {.instance_class = "db.serverless"}};
  const auto refused = HasSubstr("'clu' has no range of serverless capacity");
  EXPECT_THAT(said(wanted), testing::Contains(refused));
  cluster["ServerlessV2ScalingConfiguration"] = {{"MinCapacity", 0.5}, {"MaxCapacity", 4}};
  EXPECT_THAT(said(wanted), testing::Not(testing::Contains(refused)));
}

TEST_F(AwsObjections, OracleIsRefusedWhereScriptsAreAskedFor) {
  account_.instance("prod")["Engine"] = "oracle-ee";
  auto wanted = intent();
  EXPECT_THAT(said(wanted), ElementsAre(HasSubstr("warning: nobody here speaks the protocol of oracle-ee")));
  wanted.scripts_method = "lambda";
  EXPECT_THAT(said(wanted), ElementsAre("scripts cannot be run on oracle-ee", HasSubstr("warning: nobody")));
}

}  // namespace
}  // namespace tests
