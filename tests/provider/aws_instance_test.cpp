// A refresh of an RDS instance, verb by verb: the calls that RDS gets, and what each verb believes.
#include "tests/provider/aws_account.h"

namespace tests {
namespace {

using provider::Kind;
using provider::Pending;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class AwsInstance : public WithAws {
 protected:
  provider::RestoreRequest request() {
    return {.token = "run1/restore",
            .source = "db-prod",
            .name = "devtemp",
            .tags = {{"refresh", "true"}, {"refresh-run", "run1"}},
            .shape = {.port = 3307,
                      .instance_class = "db.t3.medium",
                      .subnet_group = "private",
                      .parameter_group = "pg",
                      .storage_type = "gp3",
                      .security_groups = {"sg-a", "sg-b"},
                      .log_exports = {"error"},
                      .deletion_protection = true}};
  }
  /// What RDS would show after the restore.
  Json& add_copy() {
    return account_.add_instance(
        "devtemp", {{"VpcSecurityGroups", AwsAccount::groups({"sg-quarantine"})},
                    {"BackupRetentionPeriod", 0},
                    {"TagList", AwsAccount::tags({{"refresh", "true"},
                                                  {"dbrefresh:token", "run1/restore"},
                                                  {"dbrefresh:quarantine", "sg-quarantine"},
                                                  {"dbrefresh:groups", "sg-a sg-b"},
                                                  {"dbrefresh:logs", "error"},
                                                  {"dbrefresh:open", "protection=true retention=7"},
                                                  {"dbrefresh:data-time", "2026-01-31T11:55:00.000Z"},
                                                  {"dbrefresh:method", "restored to a point in time"}})}});
  }
  provider::Work<provider::Database> make_so(const provider::Desired& desired) {
    return databases_.make_so("db-devtemp", desired, budget());
  }
};

TEST_F(AwsInstance, IsRestoredClosedWithAllThatRdsWouldForget) {
  const auto work = databases_.restore(request(), budget());
  EXPECT_TRUE(std::holds_alternative<Pending>(work));
  EXPECT_THAT(
      account_.taken(),
      ElementsAre(
          R"(RestoreDBInstanceToPointInTime {"AutoMinorVersionUpgrade":false,"BackupRetentionPeriod":0,)"
          R"("CopyTagsToSnapshot":false,"DBInstanceClass":"db.t3.medium","DBParameterGroupName":"pg",)"
          R"("DBSubnetGroupName":"private","DeletionProtection":false,)"
          R"("EnableIAMDatabaseAuthentication":false,"MultiAZ":false,"Port":3307,)"
          R"("PubliclyAccessible":false,"SourceDbiResourceId":"db-prod","StorageType":"gp3","Tags":[)"
          R"({"Key":"dbrefresh:data-time","Value":"2026-01-31T11:55:00.000Z"},)"
          R"({"Key":"dbrefresh:groups","Value":"sg-a sg-b"},{"Key":"dbrefresh:logs","Value":"error"},)"
          R"({"Key":"dbrefresh:method","Value":"restored to a point in time"},)"
          R"({"Key":"dbrefresh:open","Value":"protection=true retention=7"},)"
          R"({"Key":"dbrefresh:quarantine","Value":"sg-quarantine"},)"
          R"({"Key":"dbrefresh:token","Value":"run1/restore"},{"Key":"refresh","Value":"true"},)"
          R"({"Key":"refresh-run","Value":"run1"}],"TargetDBInstanceIdentifier":"devtemp",)"
          R"("UseLatestRestorableTime":true,"VpcSecurityGroupIds":["sg-quarantine"]})"));
}

TEST_F(AwsInstance, IsRestoredOnceHoweverOftenAsked) {
  add_copy()["DBInstanceStatus"] = "creating";
  EXPECT_EQ(waits_for(databases_.restore(request(), budget())), "instance devtemp: creating");
  account_.instance("devtemp")["DBInstanceStatus"] = "available";
  account_.instance("devtemp")["PendingModifiedValues"] = {{"DBInstanceClass", "db.t3.medium"}};
  later();
  EXPECT_EQ(waits_for(databases_.restore(request(), budget())), "instance devtemp: a change that is pending");
  account_.instance("devtemp").erase("PendingModifiedValues");
  later();
  const auto made = std::get<provider::Restored>(databases_.restore(request(), budget()));
  EXPECT_EQ(made.database.id, "db-devtemp");
  EXPECT_FALSE(made.database.open);
  EXPECT_EQ(made.database.tags, (provider::Tags{{"refresh", "true"}}));
  EXPECT_EQ(base::ledger_utc(made.data_time), "2026-01-31 11:55:00");
  EXPECT_THAT(account_.taken(), IsEmpty());
}

/// The first request was taken, and does not show yet: RDS says so, and the next look explains it.
TEST_F(AwsInstance, AnAnswerThatWasLostMakesNoSecondOne) {
  account_.refused.emplace("RestoreDBInstanceToPointInTime",
                           base::Error("DBInstanceAlreadyExists", "DB instance already exists"));
  EXPECT_TRUE(std::holds_alternative<Pending>(databases_.restore(request(), budget())));
  add_copy();
  EXPECT_EQ(std::get<provider::Restored>(databases_.restore(request(), budget())).database.id, "db-devtemp");
}

TEST_F(AwsInstance, AFailedRestoreTellsTheEventsOfRds) {
  add_copy()["DBInstanceStatus"] = "incompatible-restore";
  account_.events = {{{"Date", "2026-01-31T11:59:00Z"}, {"Message", "MyISAM tables cannot be restored"}}};
  try {
    databases_.restore(request(), budget());
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code, "DatabaseFailed");
    EXPECT_THAT(error.message, HasSubstr("instance devtemp is incompatible-restore"));
    EXPECT_THAT(error.message, HasSubstr("2026-01-31T11:59:00Z MyISAM tables cannot be restored"));
  }
}

TEST_F(AwsInstance, WhatTheFileDoesNotSayComesFromTheOldOne) {
  account_.add_instance("dev",
                        {{"DBInstanceClass", "db.r6g.large"},
                         {"BackupRetentionPeriod", 3},
                         {"MaxAllocatedStorage", 500},
                         {"CACertificateIdentifier", "rds-ca-rsa2048-g1"},
                         {"PreferredBackupWindow", "03:00-03:30"},
                         {"PreferredMaintenanceWindow", "sun:05:00-sun:05:30"},
                         {"OptionGroupMemberships", {{{"OptionGroupName", "og"}, {"Status", "in-sync"}}}},
                         {"TagList", AwsAccount::tags({{"owner", "team"},
                                                       {"aws:cloudformation:stack-name", "s"},
                                                       {"refresh-run", "run0"},
                                                       {"refresh", "true"}})}});
  auto wanted = request();
  wanted.replaces = "db-dev";
  wanted.shape.instance_class = "";
  databases_.restore(wanted, budget());
  const auto calls = account_.taken();
  ASSERT_EQ(calls.size(), 1U);
  const Json input = Json::parse(calls[0].substr(calls[0].find('{')));
  EXPECT_EQ(input["DBInstanceClass"], "db.r6g.large");
  EXPECT_EQ(input["MaxAllocatedStorage"], 500);
  EXPECT_EQ(input["OptionGroupName"], "og");
  EXPECT_EQ(input["CACertificateIdentifier"], "rds-ca-rsa2048-g1");
  EXPECT_THAT(input["Tags"].dump(), HasSubstr(R"({"Key":"owner","Value":"team"})"));
  EXPECT_THAT(input["Tags"].dump(), HasSubstr("protection=true retention=3 backups=03:00-03:30 "
                                              "maintenance=sun:05:00-sun:05:30"));
  EXPECT_THAT(input["Tags"].dump(), HasSubstr(R"({"Key":"refresh-run","Value":"run1"})"));
  EXPECT_THAT(input["Tags"].dump(), testing::Not(HasSubstr("aws:")));
}

TEST_F(AwsInstance, IsNotRestoredWhereTheQuarantineLetsOthersIn) {
  account_.group["IpPermissions"].push_back(
      {{"IpProtocol", "-1"}, {"IpRanges", {{{"CidrIp", "10.0.0.0/8"}}}}});
  EXPECT_EQ(code_of([&] { databases_.restore(request(), budget()); }), "QuarantineUnsafe");
  EXPECT_THAT(account_.taken(), IsEmpty());
}

/// A login decides; the password goes out as long as none works, and every other login is locked once.
TEST_F(AwsInstance, ThePasswordIsProvenAndTheOtherLoginsAreLocked) {
  add_copy();
  const provider::Desired desired{.master_password = base::Secret("new")};
  EXPECT_TRUE(std::holds_alternative<Pending>(make_so(desired)));
  EXPECT_THAT(account_.taken(),
              ElementsAre(R"(ModifyDBInstance {"ApplyImmediately":true,"DBInstanceIdentifier":"devtemp",)"
                          R"("MasterUserPassword":"new"})"));
  EXPECT_EQ(code_of([&] { databases_.script_session("db-devtemp", base::Secret("new"), ""); }), "LoginsOpen");
  account_.instance("devtemp")["DBInstanceStatus"] = "resetting-master-credentials";
  later();
  EXPECT_EQ(waits_for(make_so(desired)), "instance devtemp: resetting-master-credentials");
  account_.instance("devtemp")["DBInstanceStatus"] = "available";
  logins_.password = "new";
  later();
  EXPECT_TRUE(std::holds_alternative<provider::Database>(make_so(desired)));
  EXPECT_THAT(
      logins_.statements,
      ElementsAre(testing::MatchesRegex("ALTER USER 'app'@'%' IDENTIFIED VIA mysql_native_password USING "
                                        "'[*][0-9A-F]{40}' ACCOUNT LOCK"),
                  HasSubstr("ALTER USER 'report'@'%' IDENTIFIED VIA ")));
  EXPECT_EQ(logins_.endpoint.ca_file, SOURCE_DIR "/packaging/rds-ca.pem");
  EXPECT_THAT(account_.taken(),
              ElementsAre(R"(AddTagsToResource {"ResourceName":"arn:aws:rds:eu-west-1:1:db:devtemp",)"
                          R"("Tags":[{"Key":"dbrefresh:logins","Value":"locked"}]})"));
  logins_.open = {"made_by_a_script"};
  make_so(desired);
  EXPECT_THAT(logins_.open, ElementsAre("made_by_a_script")) << "locked once, not for ever";
  databases_.script_session("db-devtemp", base::Secret("new"), "");
}

/// The file's words may have what a tag may not.
TEST_F(AwsInstance, WhatATagMayNotHoldIsLeftOut) {
  add_copy();
  const provider::Desired desired{.tags = {{"refresh-application", "Shop & Co, Zürich"}}};
  make_so(desired);
  EXPECT_THAT(account_.taken(), ElementsAre(HasSubstr(R"("Value":"Shop   Co  Zürich")")));
  later();
  EXPECT_TRUE(std::holds_alternative<provider::Database>(make_so(desired)));
  EXPECT_THAT(account_.taken(), IsEmpty()) << "it is as it was wanted";
}

/// A late request of a process that has died may have the last word.
TEST_F(AwsInstance, ATagThatWasWrittenOverIsWrittenAgain) {
  add_copy();
  const provider::Desired desired{.tags = {{"refresh-masked", "true"}}};
  const auto began = clock_.now();
  account_.forgets_tags = true;
  EXPECT_EQ(waits_for(make_so(desired)), "its tags to show");
  EXPECT_LE(clock_.now() - began, std::chrono::seconds(15));
  account_.forgets_tags = false;
  EXPECT_TRUE(std::holds_alternative<provider::Database>(make_so(desired)));
  EXPECT_THAT(account_.taken(),
              ElementsAre(HasSubstr("AddTagsToResource "), HasSubstr("AddTagsToResource ")));
}

/// They would do in the copy what they do in production; a script may make others.
TEST_F(AwsInstance, EventsOfProductionAreDisabledBeforeAnythingElseIsDone) {
  add_copy();
  logins_.password = "new";
  logins_.open.clear();
  logins_.events = {"nightly mails"};
  make_so({.master_password = base::Secret("new")});
  EXPECT_THAT(logins_.statements, ElementsAre("ALTER EVENT `shop`.`nightly mails` DISABLE"));
  logins_.events = {"made by a script"};
  later();
  make_so({.master_password = base::Secret("new")});
  EXPECT_THAT(logins_.events, ElementsAre("made by a script")) << "disabled once, not for ever";
}

/// We speak no Oracle: RDS itself says that a password was set.
TEST_F(AwsInstance, APasswordThatCannotBeTriedIsBelievedWhenRdsSaysSo) {
  add_copy()["Engine"] = "oracle-ee";
  const provider::Desired desired{.master_password = base::Secret("new"), .password_token = "run1/pwd"};
  EXPECT_TRUE(std::holds_alternative<Pending>(make_so(desired)));
  EXPECT_THAT(
      account_.taken(),
      ElementsAre(HasSubstr(R"([{"Key":"dbrefresh:password","Value":"run1/pwd 2026-01-31T12:00:00.000Z"}])"),
                  HasSubstr("ModifyDBInstance ")));
  EXPECT_FALSE(databases_.opens("db-devtemp", base::Secret("new")));
  account_.events = {{{"Date", "2026-01-31T12:00:30Z"}, {"Message", "Unable to reset your password."}}};
  later();
  EXPECT_EQ(code_of([&] { make_so(desired); }), "DatabaseFailed");
  account_.events = {{{"Date", "2026-01-31T12:00:30Z"}, {"Message", "Reset master credentials"}}};
  EXPECT_TRUE(std::holds_alternative<provider::Database>(make_so(desired)));
  EXPECT_TRUE(databases_.opens("db-devtemp", base::Secret("new")));
  EXPECT_THAT(account_.taken(),
              ElementsAre(HasSubstr(R"([{"Key":"dbrefresh:password","Value":"run1/pwd reset"}])")));
  account_.events = Json::array();  // as they are to whoever asks by the name that it gets
  later();
  EXPECT_TRUE(databases_.opens("db-devtemp", base::Secret("new")));
  EXPECT_TRUE(std::holds_alternative<provider::Database>(make_so(desired)));
  EXPECT_THAT(account_.taken(), IsEmpty());
}

/// RDS would say "not in this state" for ever.
TEST_F(AwsInstance, HasNoReplicaWithoutBackups) {
  Json& copy = add_copy();
  const provider::CreateRequest request{
      .token = "run1/replica", .of = "db-devtemp", .name = "r", .shape = {.security_groups = {"sg-a"}}};
  EXPECT_EQ(code_of([&] { databases_.create(request, budget()); }), "InvalidDBInstanceState");
  EXPECT_THAT(account_.taken(), IsEmpty());
  copy["BackupRetentionPeriod"] = 7;
  later();
  databases_.create(request, budget());
  EXPECT_THAT(account_.taken(), ElementsAre(HasSubstr("CreateDBInstanceReadReplica ")));
}

TEST_F(AwsInstance, ADatabaseThatCannotBeReachedGetsNoPassword) {
  add_copy();
  logins_.reachable = false;
  const provider::Desired desired{.master_password = base::Secret("new")};
  EXPECT_THAT(waits_for(make_so(desired)), HasSubstr("no route to it"));
  EXPECT_THAT(
      account_.taken(),
      ElementsAre(HasSubstr(R"([{"Key":"dbrefresh:unreached","Value":"2026-01-31T12:00:00.000Z"}])")));
  clock_.sleep_until(clock_.now() + std::chrono::minutes(14), {});
  EXPECT_THAT(waits_for(make_so(desired)), HasSubstr("no route to it"));
  clock_.sleep_until(clock_.now() + std::chrono::minutes(1), {});
  EXPECT_EQ(code_of([&] { make_so(desired); }), "Unreachable");
  EXPECT_THAT(account_.taken(), IsEmpty());
  account_.instance("devtemp")["TagList"].push_back({{"Key", "dbrefresh:logins"}, {"Value", "locked"}});
  later();
  EXPECT_THAT(waits_for(make_so(desired)), HasSubstr("no route to it")) << "it let us in once";
}

/// `available` under the old name proves nothing: the name, our id and the endpoint do.
TEST_F(AwsInstance, ARenameIsBelievedWhenItShows) {
  Json& copy = add_copy();
  const provider::Desired desired{.name = "dev"};
  EXPECT_TRUE(std::holds_alternative<Pending>(make_so(desired)));
  EXPECT_THAT(account_.taken(),
              ElementsAre(R"(ModifyDBInstance {"ApplyImmediately":true,"DBInstanceIdentifier":"devtemp",)"
                          R"("NewDBInstanceIdentifier":"dev"})"));
  copy["DBInstanceStatus"] = "renaming";
  EXPECT_EQ(waits_for(make_so(desired)), "instance devtemp: renaming");
  copy["DBInstanceIdentifier"] = "dev";
  copy["DBInstanceStatus"] = "available";
  later();
  EXPECT_THAT(waits_for(make_so(desired)), HasSubstr("the endpoint of instance dev"));
  copy["Endpoint"]["Address"] = "dev.c1.eu-west-1.rds.amazonaws.com";
  later();
  EXPECT_EQ(std::get<provider::Database>(make_so(desired)).name, "dev");
  EXPECT_THAT(account_.taken(), IsEmpty());
}

TEST_F(AwsInstance, ANameThatIsTakenIsRefusedAndOneThatGoesIsAwaited) {
  add_copy();
  EXPECT_EQ(code_of([&] { make_so({.name = "prod"}); }), "DBInstanceAlreadyExists");
  account_.instance("prod")["DBInstanceStatus"] = "deleting";
  later();
  EXPECT_EQ(waits_for(make_so({.name = "prod"})), "instance prod, which has the name and is deleting");
  EXPECT_THAT(account_.taken(), IsEmpty());
}

TEST_F(AwsInstance, GetsWhatTheFileSaysOnlyWhenItIsOpened) {
  Json& copy = add_copy();
  EXPECT_TRUE(std::holds_alternative<Pending>(make_so({.open = true})));
  EXPECT_THAT(account_.taken(),
              ElementsAre(R"(ModifyDBInstance {"ApplyImmediately":true,"BackupRetentionPeriod":7,)"
                          R"("CloudwatchLogsExportConfiguration":{"EnableLogTypes":["error"]},)"
                          R"("DBInstanceIdentifier":"devtemp","DeletionProtection":true,)"
                          R"("VpcSecurityGroupIds":["sg-a","sg-b"]})"));
  copy.update({{"VpcSecurityGroups", AwsAccount::groups({"sg-b", "sg-a"})},
               {"EnabledCloudwatchLogsExports", {"error"}},
               {"DeletionProtection", true},
               {"BackupRetentionPeriod", 7}});
  EXPECT_TRUE(std::get<provider::Database>(make_so({.open = true})).open);
  EXPECT_THAT(account_.taken(), IsEmpty());
}

TEST_F(AwsInstance, GetsTheWindowsOfTheOldOneWhenItIsOpened) {
  Json& copy = add_copy();
  copy.update({{"VpcSecurityGroups", AwsAccount::groups({"sg-a"})},
               {"BackupRetentionPeriod", 7},
               {"PreferredBackupWindow", "09:00-09:30"},
               {"PreferredMaintenanceWindow", "sun:05:00-sun:05:30"},
               {"TagList", AwsAccount::tags({{"refresh", "true"},
                                             {"dbrefresh:quarantine", "sg-quarantine"},
                                             {"dbrefresh:groups", "sg-a"},
                                             {"dbrefresh:open",
                                              "protection=false retention=7 backups=03:00-03:30 "
                                              "maintenance=sun:05:00-sun:05:30"}})}});
  EXPECT_TRUE(std::holds_alternative<Pending>(make_so({.open = true})));
  EXPECT_THAT(account_.taken(),
              ElementsAre(R"(ModifyDBInstance {"ApplyImmediately":true,"DBInstanceIdentifier":"devtemp",)"
                          R"("PreferredBackupWindow":"03:00-03:30"})"));
  copy["PreferredBackupWindow"] = "03:00-03:30";
  later();
  EXPECT_TRUE(std::get<provider::Database>(make_so({.open = true})).open);
  EXPECT_THAT(account_.taken(), IsEmpty());
}

/// What the old database had is written on it before it is closed, so that it can be given back.
TEST_F(AwsInstance, ClosesWhatWasOpenAndRemembersWhatItHad) {
  Json& old = account_.add_instance(
      "devtemp", {{"PubliclyAccessible", true}, {"TagList", AwsAccount::tags({{"refresh", "true"}})}});
  EXPECT_TRUE(std::holds_alternative<Pending>(make_so({.open = false})));
  EXPECT_THAT(account_.taken(),
              ElementsAre(R"(AddTagsToResource {"ResourceName":"arn:aws:rds:eu-west-1:1:db:devtemp","Tags":[)"
                          R"({"Key":"dbrefresh:groups","Value":"sg-dev"},)"
                          R"({"Key":"dbrefresh:open","Value":"protection=false retention=7"},)"
                          R"({"Key":"dbrefresh:quarantine","Value":"sg-quarantine"}]})",
                          R"(ModifyDBInstance {"ApplyImmediately":true,"DBInstanceIdentifier":"devtemp",)"
                          R"("VpcSecurityGroupIds":["sg-quarantine"]})"));
  old["VpcSecurityGroups"] = AwsAccount::groups({"sg-quarantine"});
  EXPECT_TRUE(std::holds_alternative<Pending>(make_so({.open = false})));
  EXPECT_THAT(account_.taken(),
              ElementsAre(HasSubstr(R"([{"Key":"dbrefresh:public","Value":"true"}])"),
                          R"(ModifyDBInstance {"ApplyImmediately":true,"DBInstanceIdentifier":"devtemp",)"
                          R"("PubliclyAccessible":false})"));
  old["PubliclyAccessible"] = false;
  EXPECT_FALSE(std::get<provider::Database>(make_so({.open = false})).open);
  make_so({.open = true});
  EXPECT_THAT(account_.taken(), ElementsAre(HasSubstr(R"("VpcSecurityGroupIds":["sg-dev"])")));
  old["VpcSecurityGroups"] = AwsAccount::groups({"sg-dev"});
  make_so({.open = true});
  EXPECT_THAT(account_.taken(), ElementsAre(HasSubstr(R"("PubliclyAccessible":true)")));
}

TEST_F(AwsInstance, StopsAndStarts) {
  Json& copy = add_copy();
  make_so({.running = true});
  EXPECT_THAT(account_.taken(), IsEmpty());
  make_so({.running = false});
  EXPECT_THAT(account_.taken(), ElementsAre(R"(StopDBInstance {"DBInstanceIdentifier":"devtemp"})"));
  copy["DBInstanceStatus"] = "stopped";
  EXPECT_EQ(std::get<provider::Database>(make_so({.running = false})).status, "stopped");
  EXPECT_EQ(code_of([&] { make_so({.name = "x"}); }), "InvalidDBInstanceState");
  make_so({.running = true});
  EXPECT_THAT(account_.taken(), ElementsAre(R"(StartDBInstance {"DBInstanceIdentifier":"devtemp"})"));
}

TEST_F(AwsInstance, GoesWithItsBackupsAndIsDoneWhenItIsGone) {
  add_copy();
  EXPECT_TRUE(std::holds_alternative<Pending>(databases_.remove("db-devtemp", budget())));
  EXPECT_THAT(account_.taken(), ElementsAre(R"(DeleteDBInstance {"DBInstanceIdentifier":"devtemp",)"
                                            R"("DeleteAutomatedBackups":true,"SkipFinalSnapshot":true})"));
  account_.instance("devtemp")["DBInstanceStatus"] = "deleting";
  EXPECT_EQ(waits_for(databases_.remove("db-devtemp", budget())), "instance devtemp to be gone");
  account_.instances.erase(1);
  later();
  EXPECT_TRUE(std::holds_alternative<provider::Done>(databases_.remove("db-devtemp", budget())));
  EXPECT_THAT(account_.taken(), IsEmpty());
}

/// While it is renamed RDS may know it under neither name; that is no deletion.
TEST_F(AwsInstance, IsNotTakenForGoneBecauseItDoesNotShow) {
  add_copy();
  ASSERT_TRUE(databases_.get("db-devtemp"));
  const Json copy = account_.instances[1];
  account_.instances.erase(1);
  later();
  ASSERT_TRUE(databases_.get("db-devtemp"));
  EXPECT_EQ(databases_.get("db-devtemp")->status, "unseen");
  EXPECT_EQ(waits_for(make_so({.name = "dev"})), "instance devtemp: unseen");
  account_.instances.push_back(copy);
  account_.instances[1]["DBInstanceIdentifier"] = "dev";
  later();
  EXPECT_EQ(databases_.get("db-devtemp")->name, "dev");
  EXPECT_EQ(databases_.get("db-devtemp")->status, "available");
  account_.instances.erase(1);
  for (int i = 0; i < 8; ++i) later();
  EXPECT_FALSE(databases_.get("db-devtemp")) << "but not for ever";
  EXPECT_THAT(account_.taken(), IsEmpty());
}

TEST_F(AwsInstance, NothingIsDoneToWhatDoesNotCarryOurTag) {
  for (const auto& verb : std::initializer_list<std::function<void()>>{
           [&] { databases_.make_so("db-prod", {.name = "x"}, budget()); },
           [&] {
             databases_.make_so("db-prod", {.tags = {{"a", "b"}}}, budget());
           },
           [&] { databases_.remove("db-prod", budget()); },
           [&] { databases_.create({.token = "t", .of = "db-prod", .name = "r"}, budget()); },
           [&] { databases_.drop_schema("db-prod", "d", base::Secret("production"), budget()); }})
    EXPECT_EQ(code_of(verb), "NotOurs");
  EXPECT_THAT(account_.taken(), IsEmpty());
}

/// A function of Lambda has many processes: what one has read, another may have renamed a moment later.
TEST_F(AwsInstance, IsReadAnewWhereOthersMayHaveChangedIt) {
  const auto has = [&](const char* name) { return databases_.find(Kind::instance, name).has_value(); };
  EXPECT_TRUE(has("prod"));
  account_.instance("prod")["DBInstanceIdentifier"] = "renamed";
  EXPECT_FALSE(has("renamed")) << "a reading is shared for a while";
  databases_.others_changed();
  EXPECT_TRUE(has("renamed"));
  EXPECT_FALSE(has("prod"));
}

/// A right that goes by tags is refused of what another process has deleted meanwhile.
TEST_F(AwsInstance, IsGoneThoughItsDeletionIsRefused) {
  account_.add_instance("old", {{"TagList", AwsAccount::tags({{"refresh", "true"}})}});
  EXPECT_TRUE(databases_.find(Kind::instance, "old"));
  account_.refused.emplace("DeleteDBInstance", base::Error("AccessDenied", "explicit deny"));
  EXPECT_EQ(code_of([&] { databases_.remove("db-old", budget()); }), "AccessDenied") << "it is there";
  account_.instances.erase(1);
  later();
  EXPECT_EQ(waits_for(databases_.remove("db-old", budget())), "instance old to be gone");
  later();
  EXPECT_EQ(waits_for(databases_.remove("db-old", budget())), "nothing");
}

TEST_F(AwsInstance, ReadsTheWholeListOnceForAllWhoAsk) {
  for (const char* name : {"a", "b", "c", "d"}) account_.add_instance(name);
  EXPECT_EQ(databases_.find(provider::Selector{}).size(), 5U);
  EXPECT_EQ(account_.looks, 3) << "three pages";
  for (const char* name : {"a", "b", "c", "d"}) EXPECT_TRUE(databases_.find(Kind::instance, name));
  EXPECT_EQ(account_.looks, 3);
  later();
  databases_.find(Kind::instance, "a");
  EXPECT_EQ(account_.looks, 6);
}

/// RDS allows an account twelve requests a second.
TEST_F(AwsInstance, TwoHundredRunsAskRdsLessThanTwelveTimesASecond) {
  account_.page_size = 100;
  constexpr std::size_t runs = 200;
  constexpr int seconds = 120, change_takes = 40;
  for (std::size_t i = 0; i < runs; ++i)
    account_.add_instance("copy" + std::to_string(i), {{"TagList", AwsAccount::tags({{"refresh", "true"}})}});
  const auto begun = clock_.now();
  std::vector<base::Time> asks(runs, begun), settles(runs, begun);
  account_.calls = 0;
  while (clock_.now() < begun + std::chrono::seconds(seconds)) {
    for (std::size_t i = 0; i < runs; ++i) {
      Json& copy = account_.instances[i + 1];
      copy["DBInstanceStatus"] = settles[i] > clock_.now() ? "modifying" : "available";
      if (asks[i] > clock_.now()) continue;
      // Each changes all the time: as soon as one name is there, it wants another.
      const auto work =
          databases_.make_so(copy["DbiResourceId"], {.name = "other" + std::to_string(i)}, budget());
      asks[i] = clock_.now() + std::get<Pending>(work).look_again;
      if (!account_.taken().empty()) settles[i] = clock_.now() + std::chrono::seconds(change_takes);
    }
    clock_.sleep_until(clock_.now() + std::chrono::milliseconds(500), {});
  }
  EXPECT_GT(account_.calls, 2 * seconds) << "they did ask";
  EXPECT_LT(account_.calls, 12 * seconds);
}

}  // namespace
}  // namespace tests
