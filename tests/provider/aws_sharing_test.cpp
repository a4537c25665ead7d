// Snapshots and clusters of another account.
#include "os/files.h"
#include "tests/provider/aws_account.h"

namespace tests {
namespace {

using provider::Kind;
using provider::Objection;
using provider::Pending;
using provider::RestoreType;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* shared = "arn:aws:rds:eu-west-1:2:snapshot:nightly";

class AwsSharing : public WithAws {
 protected:
  AwsSharing() {
    account_.snapshots = {{{"DBSnapshotIdentifier", shared},
                           {"DBSnapshotArn", shared},
                           {"Status", "available"},
                           {"Encrypted", true},
                           {"KmsKeyId", "arn:aws:kms:eu-west-1:2:key/k"},
                           {"SnapshotCreateTime", "2026-01-30T01:00:00Z"}}};
  }
  provider::RestoreRequest request() {
    return {.token = "run1/restore",
            .source = "db-prod",
            .name = "devtemp",
            .type = RestoreType::from_snapshot,
            .snapshot = shared,
            .tags = {{"refresh", "true"}},
            .shape = {.port = 3306, .subnet_group = "private", .security_groups = {"sg-a"}}};
  }
  provider::Work<provider::Restored> restore() { return databases_.restore(request(), budget()); }
};

/// RDS restores no instance from a shared encrypted snapshot: a copy under our key comes between, and goes.
TEST_F(AwsSharing, AnEncryptedSnapshotIsCopiedWithAKeyOfOurs) {
  EXPECT_TRUE(std::holds_alternative<Pending>(restore()));
  EXPECT_THAT(
      account_.taken(),
      ElementsAre(R"(CopyDBSnapshot {"CopyTags":false,"KmsKeyId":"alias/aws/rds",)"
                  R"("SourceDBSnapshotIdentifier":"arn:aws:rds:eu-west-1:2:snapshot:nightly","Tags":[)"
                  R"({"Key":"dbrefresh:token","Value":"run1/restore"},)"
                  R"({"Key":"refresh","Value":"true"}],)"
                  R"("TargetDBSnapshotIdentifier":"dbrefresh-run1-restore"})"));
  account_.snapshots.push_back({{"DBSnapshotIdentifier", "dbrefresh-run1-restore"},
                                {"DBSnapshotArn", "arn:aws:rds:eu-west-1:1:snapshot:dbrefresh-run1-restore"},
                                {"Status", "creating"},
                                {"PercentProgress", 40},
                                {"TagList", AwsAccount::tags({{"dbrefresh:token", "run1/restore"}})}});
  EXPECT_THAT(waits_for(restore()), HasSubstr("to be copied: 40 %"));
  EXPECT_THAT(account_.taken(), IsEmpty());
  account_.snapshots[1]["Status"] = "available";
  EXPECT_TRUE(std::holds_alternative<Pending>(restore()));
  const auto calls = account_.taken();
  ASSERT_THAT(calls, ElementsAre(StartsWith("RestoreDBInstanceFromDBSnapshot ")));
  EXPECT_THAT(calls[0], HasSubstr(R"("DBSnapshotIdentifier":"dbrefresh-run1-restore")"));
  EXPECT_THAT(calls[0], HasSubstr(R"({"Key":"dbrefresh:copied","Value":"dbrefresh-run1-restore"})"));
  EXPECT_THAT(calls[0], HasSubstr(R"({"Key":"dbrefresh:data-time","Value":"2026-01-30T01:00:00.000Z"})"));
  account_.add_instance("devtemp",
                        {{"TagList", AwsAccount::tags({{"dbrefresh:token", "run1/restore"},
                                                       {"dbrefresh:copied", "dbrefresh-run1-restore"}})}});
  EXPECT_TRUE(std::holds_alternative<provider::Restored>(restore()));
  EXPECT_THAT(account_.taken(),
              ElementsAre(R"(DeleteDBSnapshot {"DBSnapshotIdentifier":"dbrefresh-run1-restore"})"));
}

TEST_F(AwsSharing, ACopyThatFailedEndsTheRestore) {
  account_.snapshots.push_back({{"DBSnapshotIdentifier", "dbrefresh-run1-restore"},
                                {"DBSnapshotArn", "arn:aws:rds:eu-west-1:1:snapshot:dbrefresh-run1-restore"},
                                {"Status", "failed"}});
  EXPECT_EQ(code_of([&] { restore(); }), "DatabaseFailed");
  EXPECT_THAT(account_.taken(), IsEmpty());
}

TEST_F(AwsSharing, ADefaultKeyIsRefusedWithTheWayOut) {
  account_.key = {{"KeyMetadata", {{"KeyManager", "CUSTOMER"}}}};
  EXPECT_THAT(databases_.check({.restore = request()}), IsEmpty());
  account_.key["KeyMetadata"]["KeyState"] = "Disabled";
  const auto disabled = databases_.check({.restore = request()});
  ASSERT_EQ(disabled.size(), 1U);
  EXPECT_THAT(disabled[0].message, HasSubstr("which is Disabled"));
  account_.key = {{"KeyMetadata", {{"KeyManager", "AWS"}}}};
  const auto said = databases_.check({.restore = request()});
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].about, provider::Objection::About::snapshot);
  EXPECT_THAT(said[0].message,
              HasSubstr("encrypted with the default key of its account: copy it there with a "
                        "customer key (aws rds copy-db-snapshot --kms-key-id KEY)"));
}

TEST_F(AwsSharing, AClusterOfAnotherAccountIsClonedByItsArnWithAKeyOfOurs) {
  account_.clusters.push_back({{"DBClusterIdentifier", "arn:aws:rds:eu-west-1:2:cluster:prodcluster"},
                               {"DbClusterResourceId", "cluster-prod"},
                               {"DBClusterArn", "arn:aws:rds:eu-west-1:2:cluster:prodcluster"},
                               {"Status", "available"},
                               {"StorageEncrypted", true},
                               {"KmsKeyId", "arn:aws:kms:eu-west-1:2:key/k"},
                               {"Engine", "aurora-mysql"}});
  ASSERT_TRUE(databases_.find(Kind::cluster, "prodcluster"));
  auto wanted = request();
  wanted.kind = Kind::cluster;
  wanted.source = "cluster-prod";
  wanted.type = RestoreType::fast_cloning;
  databases_.restore(wanted, budget());
  const auto calls = account_.taken();
  ASSERT_THAT(calls, ElementsAre(StartsWith("RestoreDBClusterToPointInTime ")));
  EXPECT_THAT(calls[0],
              HasSubstr(R"("SourceDBClusterIdentifier":"arn:aws:rds:eu-west-1:2:cluster:prodcluster")"));
  EXPECT_THAT(calls[0], HasSubstr(R"("KmsKeyId":"alias/aws/rds")"));
  EXPECT_THAT(calls[0], HasSubstr(R"("RestoreType":"copy-on-write")"));
}

constexpr const char* nightly = "arn:aws:rds:eu-west-1:2:snapshot:nightly";
constexpr const char* shop = "arn:aws:rds:eu-west-1:2:cluster:shop";

/// Ours has an instance `prod` as well: it is not the source.
class AwsSource : public WithAws {
 protected:
  AwsSource() {
    production_.add_instance(
        "prod", {{"DbiResourceId", "db-there"}, {"DBInstanceArn", "arn:aws:rds:eu-west-1:2:db:prod"}});
    production_.snapshots = {snapshot("nightly")};
    production_.clusters = {{{"DBClusterIdentifier", "shop"},
                             {"DbClusterResourceId", "cluster-shop"},
                             {"DBClusterArn", shop},
                             {"Status", "available"},
                             {"Engine", "aurora-mysql"},
                             {"DBClusterMembers", {{{"DBInstanceIdentifier", "shop-1"}}}}}};
  }
  static Json snapshot(const std::string& identifier) {
    return {{"DBSnapshotIdentifier", identifier},
            {"DBSnapshotArn", nightly},
            {"SnapshotType", "manual"},
            {"Status", "available"},
            {"SnapshotCreateTime", "2026-01-30T01:00:00Z"}};
  }
  void share() { account_.snapshots = {snapshot(nightly)}; }
  provider::RestoreRequest request(RestoreType type = RestoreType::from_snapshot) {
    return {.token = "run1/restore",
            .source = "db-there",
            .name = "devtemp",
            .type = type,
            .snapshot = "nightly",
            .tags = {{"refresh", "true"}},
            .shape = {.port = 3306, .subnet_group = "private", .security_groups = {"sg-a"}}};
  }
  provider::RestoreRequest clone() {
    auto wanted = request(RestoreType::fast_cloning);
    wanted.kind = Kind::cluster;
    wanted.source = "cluster-shop";
    return wanted;
  }
  std::vector<std::string> problems(const provider::RestoreRequest& wanted) {
    std::vector<std::string> all;
    for (const auto& each : databases_here_.check({.restore = wanted}))
      if (each.weight == Objection::Weight::problem) all.push_back(each.message);
    return all;
  }

  AwsAccount production_;
  provider::aws::SourceAccount source_{production_, clock_};
  provider::aws::Databases databases_here_{
      account_,
      {.addresses = {"10.0.0.7"}, .account = "1", .ca_file = SOURCE_DIR "/packaging/rds-ca.pem"},
      clock_,
      logins_.connect(),
      &source_};
};

/// Every operation that we know how to send, whatever the credentials may do.
TEST_F(AwsSource, NothingIsSentThereButLooks) {
  provider::aws::OnlyLooks gate(production_, clock_);
  int refused = 0;
  for (const auto& model : os::fs::directory_iterator(SOURCE_DIR "/src/aws/models")) {
    if (model.path().extension() != ".json") continue;
    const Json operations = Json::parse(os::read_file(model.path(), 8U << 20U)).at("operations");
    for (const auto& each : operations.items()) {
      const std::string& operation = each.key();
      const int before = production_.calls;
      const auto code = code_of([&] {
        gate.call({model.path().stem(), operation, {{"DBSnapshotIdentifier", "x"}}, {}}, budget());
      });
      EXPECT_EQ(production_.calls == before, code == "SourceOnlyRead") << operation;
      if (!operation.starts_with("Describe")) {
        EXPECT_EQ(code, "SourceOnlyRead") << operation;
      }
      refused += code == "SourceOnlyRead" ? 1 : 0;
    }
  }
  EXPECT_GT(refused, 50);
  EXPECT_THAT(production_.taken(), IsEmpty());
}

TEST_F(AwsSource, IsLookedForInItsOwnAccountAlone) {
  ASSERT_TRUE(databases_here_.find_source(Kind::instance, "prod"));
  EXPECT_EQ(databases_here_.find_source(Kind::instance, "prod")->id, "db-there");
  EXPECT_EQ(databases_here_.find(Kind::instance, "prod")->id, "db-prod");
  account_.add_instance("only-here");
  later();
  EXPECT_FALSE(databases_here_.find_source(Kind::instance, "only-here"));
  EXPECT_FALSE(databases_here_.get("db-there")) << "no verb knows it";
}

TEST_F(AwsSource, ASharedSnapshotIsRestoredByItsArn) {
  EXPECT_EQ(code_of([&] { databases_here_.restore(request(), budget()); }), "DBSnapshotNotFound");
  share();
  EXPECT_THAT(problems(request()), IsEmpty());
  EXPECT_TRUE(std::holds_alternative<Pending>(databases_here_.restore(request(), budget())));
  const auto calls = account_.taken();
  ASSERT_THAT(calls, ElementsAre(StartsWith("RestoreDBInstanceFromDBSnapshot ")));
  EXPECT_THAT(calls[0], HasSubstr(R"("DBSnapshotIdentifier":"arn:aws:rds:eu-west-1:2:snapshot:nightly")"));
  EXPECT_THAT(production_.taken(), IsEmpty());
}

/// Groups of options are an account's own.
TEST_F(AwsSource, ItsOptionGroupIsNotAskedForHere) {
  production_.instance("prod")["OptionGroupMemberships"] = {
      {{"OptionGroupName", "theirs"}, {"Status", "in-sync"}}};
  share();
  databases_here_.restore(request(), budget());
  EXPECT_THAT(account_.taken(), ElementsAre(testing::Not(HasSubstr("theirs"))));
}

TEST_F(AwsSource, ASnapshotThatIsNotSharedIsRefusedWithTheWayOut) {
  EXPECT_THAT(
      problems(request()),
      ElementsAre(HasSubstr("is not shared with the account 1: share it there (aws rds "
                            "modify-db-snapshot-attribute --db-snapshot-identifier nightly --attribute-name "
                            "restore --values-to-add 1)")));
  production_.snapshots[0]["SnapshotType"] = "automated";
  later();
  EXPECT_THAT(problems(request()),
              ElementsAre(HasSubstr("is automated, and cannot be shared: copy it there (aws "
                                    "rds copy-db-snapshot)")));
  production_.snapshots[0].update({{"Encrypted", true}, {"KmsKeyId", "arn:aws:kms:eu-west-1:2:key/k"}});
  production_.key = {{"KeyMetadata", {{"KeyManager", "AWS"}}}};
  later();
  EXPECT_THAT(
      problems(request()),
      ElementsAre(HasSubstr("is encrypted with the default key of its account, and cannot be shared: copy it "
                            "there with a customer key that this account may use (aws rds copy-db-snapshot "
                            "--kms-key-id KEY)")));
  production_.snapshots = Json::array();
  later();
  EXPECT_THAT(problems(request()), ElementsAre(HasSubstr("no such snapshot in the source's account")));
}

TEST_F(AwsSource, NoPointInTimeComesFromAnotherAccount) {
  const auto wanted = request(RestoreType::latest_point);
  EXPECT_THAT(problems(wanted),
              ElementsAre(HasSubstr("RDS restores no point in time from there: take a snapshot "
                                    "there (aws rds create-db-snapshot), share it with 1")));
  EXPECT_EQ(code_of([&] { databases_here_.restore(wanted, budget()); }), "PointInTimeRestoreNotEnabled");
  EXPECT_THAT(account_.taken(), IsEmpty());
}

TEST_F(AwsSource, AClusterIsClonedWhereItIsShared) {
  EXPECT_THAT(problems(clone()),
              ElementsAre(HasSubstr("'shop' is not shared with the account 1: share it there (aws "
                                    "ram create-resource-share")));
  Json as_shared = production_.clusters[0];
  as_shared.update({{"DBClusterIdentifier", shop}, {"CrossAccountClone", true}});
  account_.clusters = {as_shared};
  later();
  EXPECT_THAT(problems(clone()), IsEmpty());
  databases_here_.restore(clone(), budget());
  const auto calls = account_.taken();
  ASSERT_THAT(calls, ElementsAre(StartsWith("RestoreDBClusterToPointInTime ")));
  EXPECT_THAT(calls[0], HasSubstr(R"("SourceDBClusterIdentifier":"arn:aws:rds:eu-west-1:2:cluster:shop")"));
  EXPECT_THAT(production_.taken(), IsEmpty());
}

}  // namespace
}  // namespace tests
