// Snapshots and clusters of another account.
#include "tests/provider/aws_account.h"

namespace tests {
namespace {

using provider::Kind;
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

}  // namespace
}  // namespace tests
