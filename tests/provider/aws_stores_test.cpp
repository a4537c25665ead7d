// Secrets Manager, S3, DynamoDB and SNS, over the bed.
#include <gmock/gmock.h>

#include "provider/aws/stores.h"
#include "tests/aws_bed.h"

namespace tests {
namespace {

using base::Json;
using provider::LedgerRow;
using Stage = provider::SecretStore::Stage;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* rotator = "arn:aws:lambda:eu-central-1:123456789012:function:rotate";

class AwsStores : public testing::Test {
 protected:
  AwsStores() {
    bed_.post("seed", {{"region", "eu-central-1"},
                       {"buckets",
                        {{{"name", "scripts"}, {"objects", {{"app/mask.sql", "UPDATE t SET a = 'é'\n"}}}}}},
                       {"secrets",
                        {{{"name", "app/master"}, {"value", {{"password", "first"}}}},
                         {{"name", "rds!db-1"}, {"value", {{"password", "x"}}}, {"owner", "rds"}},
                         {{"name", "app/going"}, {"value", {{"password", "x"}}}, {"deleted", true}}}},
                       {"functions", {rotator}},
                       {"tables",
                        {{{"name", "ledger"}, {"key", "dbinstance"}, {"range", "restoredate"}},
                         {{"name", "other"}, {"key", "run"}}}},
                       {"topics", {"refresh"}}});
  }
  ~AwsStores() override { EXPECT_EQ(bed_.get("violations").at("violations"), Json::array()); }

  std::string value(const std::string& name, Stage stage) {
    const auto found = secrets_.get(name, stage);
    return found ? found->reveal() : "none";
  }

  base::SystemClock clock_;
  AwsBed bed_{"--backends none"};
  aws::Session session_{bed_.settings()};
  aws::Client client_{session_};
  provider::aws::Service service_{client_, clock_};
  provider::aws::Asker asker_{service_};
  provider::aws::SecretsManager secrets_{asker_};
  provider::aws::DynamoLedger ledger_{asker_};
};

TEST_F(AwsStores, SaysWithWhatASecretIsRead) {
  EXPECT_EQ(secrets_.how_to_read("dbrefresh/master/dev"),
            "aws secretsmanager get-secret-value --secret-id dbrefresh/master/dev");
}

TEST_F(AwsStores, ASecretsNewValueIsSeenOnceItIsPromoted) {
  secrets_.put_pending("app/master", base::Secret(R"({"password":"second"})"));
  EXPECT_EQ(Json::parse(value("app/master", Stage::current))["password"], "first");
  EXPECT_EQ(value("app/master", Stage::pending), R"({"password":"second"})");
  secrets_.promote("app/master");
  EXPECT_EQ(value("app/master", Stage::current), R"({"password":"second"})");
  EXPECT_EQ(Json::parse(value("app/master", Stage::previous))["password"], "first");
  EXPECT_EQ(value("app/master", Stage::pending), "none");
  secrets_.promote("app/master");  // nothing is pending
  EXPECT_EQ(value("app/master", Stage::current), R"({"password":"second"})");
}

TEST_F(AwsStores, ASecretsPendingValueCanBeForgotten) {
  secrets_.put_pending("app/master", base::Secret("second"));
  secrets_.drop_pending("app/master");
  EXPECT_EQ(value("app/master", Stage::pending), "none");
  EXPECT_EQ(Json::parse(value("app/master", Stage::current))["password"], "first");
}

TEST_F(AwsStores, ASecretIsMadeAndForgotten) {
  EXPECT_EQ(value("app/new", Stage::current), "none");
  secrets_.put_pending("app/new", base::Secret("made"));
  secrets_.promote("app/new");
  EXPECT_EQ(value("app/new", Stage::current), "made");
  EXPECT_THAT(secrets_.names(), testing::IsSupersetOf({"app/master", "app/new"}));
  secrets_.remove("app/new");
  EXPECT_EQ(value("app/new", Stage::current), "none");
  secrets_.remove("app/new");  // it is gone
  EXPECT_THAT(secrets_.names(), testing::Not(testing::Contains("app/new")));
}

TEST_F(AwsStores, ASecretIsRotatedRegularlyUntilItIsNotToBe) {
  const provider::SecretStore::Rotation monthly{rotator, 30};
  EXPECT_EQ(secrets_.rotation("app/master"), std::nullopt);
  secrets_.rotate_regularly("app/master", std::nullopt);  // as it is
  secrets_.rotate_regularly("app/master", monthly);
  EXPECT_EQ(secrets_.rotation("app/master"), monthly);
  secrets_.rotate_regularly("app/master", {{rotator, 7}});
  EXPECT_EQ(secrets_.rotation("app/master")->days, 7);
  secrets_.rotate_regularly("app/master", std::nullopt);
  EXPECT_EQ(secrets_.rotation("app/master"), std::nullopt);
  EXPECT_EQ(Json::parse(value("app/master", Stage::current))["password"], "first") << "nothing at once";
}

TEST_F(AwsStores, ASecretThatNobodyMayChangeIsNamedWithWhatToDo) {
  EXPECT_EQ(secrets_.objection_to_change("app/master"), std::nullopt);
  EXPECT_EQ(secrets_.objection_to_change("app/none"), std::nullopt);
  EXPECT_THAT(*secrets_.objection_to_change("rds!db-1"),
              HasSubstr("'rds!db-1' is managed by rds, which alone changes it: name a secret of your own"));
  EXPECT_THAT(*secrets_.objection_to_change("app/going"),
              HasSubstr("aws secretsmanager restore-secret --secret-id app/going"));
}

TEST_F(AwsStores, NoRowOfTheLedgerIsOverwritten) {
  const LedgerRow first{.run = "20260101000000-aaaaaa",
                        .dbinstance = "dev",
                        .restoredate = "2026-01-01 00:00:00",
                        .status = "completed",
                        .recordingtime = "2026-01-01 01:00:00"};
  LedgerRow second = first;
  second.run = "20260102000000-bbbbbb";
  second.status = "failed";
  second.recordingtime = "2026-01-02 01:00:00";
  for (const auto& each : {first, second, first, second}) ledger_.record("ledger", each);
  const auto rows = ledger_.rows("ledger");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].run, first.run);
  EXPECT_EQ(rows[0].restoredate, "2026-01-01 00:00:00");
  EXPECT_EQ(rows[1].status, "failed");
  EXPECT_EQ(rows[1].restoredate, "2026-01-01 00:00:00 20260102000000-bbbbbb");
  LedgerRow changed = first;
  changed.status = "failed";
  ledger_.record("ledger", changed);
  EXPECT_EQ(ledger_.rows("ledger")[0].status, "completed") << "the first word stands";
}

TEST_F(AwsStores, AScriptIsReadAsItIs) {
  provider::aws::Buckets buckets(asker_);
  EXPECT_EQ(buckets.read("scripts", "app/mask.sql"), "UPDATE t SET a = 'é'\n");
  for (const auto& [bucket, code] :
       {std::pair("scripts", "NoSuchKey"), std::pair("elsewhere", "NoSuchBucket")}) {
    try {
      buckets.read(bucket, "app/none.sql");
      FAIL() << bucket;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code, code);
    }
  }
}

TEST_F(AwsStores, AMessageGoesToItsTopic) {
  provider::aws::Topics topics(asker_);
  EXPECT_THAT(topics.objection_to_mail(), testing::HasSubstr("subscribe the address to a topic"));
  EXPECT_THAT(topics.objection_to_webhook("s"), testing::HasSubstr("subscribe the URL to a topic"));
  topics.send({.id = "r", .topic = "", .subject = "nobody's", .body = "x"});
  topics.send(
      {.id = "r", .topic = "arn:aws:sns:eu-central-1:123456789012:refresh", .subject = "s", .body = "b"});
  const Json messages = bed_.get("state").at("messages");
  ASSERT_EQ(messages.size(), 1U) << messages;
  EXPECT_EQ(messages[0].at("subject"), "s");
  EXPECT_EQ(messages[0].at("message"), "b");
}

TEST_F(AwsStores, ATableOrTopicThatTakesNothingIsNamed) {
  EXPECT_EQ(ledger_.objection("ledger"), "");
  EXPECT_THAT(ledger_.objection("nothing"), HasSubstr("nothing"));
  EXPECT_THAT(ledger_.objection(""), HasSubstr("dbalignment-awssol"));
  EXPECT_THAT(ledger_.objection("other"), HasSubstr("has not the key of a ledger"));
  provider::aws::Topics topics(asker_);
  const std::string topic = "arn:aws:sns:eu-central-1:123456789012:";
  EXPECT_EQ(topics.objection(topic + "refresh"), "");
  EXPECT_EQ(topics.objection(""), "");
  EXPECT_THAT(topics.objection(topic + "nothing"), HasSubstr("sns GetTopicAttributes"));
  EXPECT_THAT(topics.objection(topic + "refresh.fifo"), HasSubstr("in order"));
}

}  // namespace
}  // namespace tests
