#include "aws/sender.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/source_region.h"
#include "aws/timestamp.h"
#include "base/error.h"
#include "os/process.h"
#include "tests/aws/server.h"
#include "tests/port.h"

namespace aws {
namespace {

using base::Json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using tests::Reply;
using tests::Server;

const Reply fine{
    .body =
        "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances/></DescribeDBInstancesResult>"
        "</DescribeDBInstancesResponse>"};

Reply refusal(int status, const std::string& code, const std::string& message,
              std::map<std::string, std::string> headers = {}) {
  return {.status = status,
          .body = "<ErrorResponse><Error><Code>" + code + "</Code><Message>" + message +
                  "</Message></Error></ErrorResponse>",
          .headers = std::move(headers)};
}

/// Keys with a number, another one each time that they are forgotten.
class Keys : public CredentialSource {
 public:
  Credentials get(const base::Budget&) override {
    return {.access_key_id = "AKID" + std::to_string(forgotten), .secret_key = base::Secret("s")};
  }
  void forget(const Credentials&) override { ++forgotten; }
  int forgotten = 0;
};

class SenderTest : public testing::Test {
 protected:
  Json send(std::vector<Reply> replies, const Call& call) {
    sender.reset();
    server.emplace(std::move(replies));
    return send(call);
  }
  Json send(const Call& call) {
    if (!sender)
      sender.emplace(
          SenderOptions{.endpoints = {.overrides = {{"", server->url()}}}, .looks = limit, .changes = limit});
    return sender->send(call, "eu-central-1", &keys, {clock, clock.now() + budget, stop.get_token(), {}});
  }
  template <typename... Arguments>
  base::Error error_of(Arguments&&... arguments) {
    try {
      send(std::forward<Arguments>(arguments)...);
    } catch (const base::Error& error) {
      return error;
    }
    ADD_FAILURE() << "it worked";
    return {"", ""};
  }
  std::string header(std::size_t request, const std::string& name) {
    return server->received().at(request).headers.at(name);
  }
  std::size_t asked() { return server->received().size(); }

  const Call describe{"rds", "DescribeDBInstances"};
  const Call modify{"rds", "ModifyDBInstance", {{"DBInstanceIdentifier", "a"}}};
  base::VirtualClock clock{*base::parse_iso_offset("2026-01-31T12:00:00Z")};
  seconds budget{60};
  Pace::Limit limit{.per_second = 8, .burst = 15};
  std::stop_source stop;
  Keys keys;
  std::optional<Server> server;
  std::optional<Sender> sender;
};

TEST_F(SenderTest, WaitsAsLongAsTheServiceAsks) {
  const base::Time begun = clock.now();
  send({refusal(503, "SlowDown", "", {{"Retry-After", "17"}}), fine}, describe);
  EXPECT_GE(clock.now() - begun, seconds{17});
  EXPECT_LT(clock.now() - begun, seconds{19});
}

TEST_F(SenderTest, DoesNotWaitPastItsBudget) {
  const base::Time begun = clock.now();
  const auto error = error_of(
      std::vector<Reply>{refusal(503, "SlowDown", "later", {{"Retry-After", "61"}}), fine}, describe);
  EXPECT_EQ(error.code, "SlowDown");
  EXPECT_TRUE(error.retryable);
  EXPECT_EQ(clock.now(), begun) << "there is no use in waiting";
  EXPECT_EQ(asked(), 1U);
}

TEST_F(SenderTest, CorrectsAWrongClockOnce) {
  const Reply late =
      refusal(403, "RequestExpired", "Request has expired", {{"Date", "Sat, 31 Jan 2026 13:00:00 GMT"}});
  send({late, fine, fine}, describe);
  EXPECT_EQ(header(0, "x-amz-date"), "20260131T120000Z");
  EXPECT_EQ(header(1, "x-amz-date"), "20260131T130000Z");
  send(describe);
  EXPECT_EQ(header(2, "x-amz-date"), "20260131T130000Z") << "it is remembered";
}

TEST_F(SenderTest, GivesUpWhereTheClockIsNotTheReason) {
  const Reply late =
      refusal(403, "SignatureDoesNotMatch", "Signature expired: 20260131T120000Z is now earlier than …",
              {{"Date", "Sat, 31 Jan 2026 13:00:00 GMT"}});
  const auto error = error_of(std::vector<Reply>{late}, describe);
  EXPECT_EQ(asked(), 2U);
  EXPECT_THAT(error.hint, HasSubstr("clock"));
}

TEST_F(SenderTest, AsksForOtherCredentialsOnceWhereTheyHaveExpired) {
  send({refusal(403, "ExpiredToken", "The security token has expired"), fine}, describe);
  EXPECT_THAT(header(0, "authorization"), HasSubstr("AKID0/"));
  EXPECT_THAT(header(1, "authorization"), HasSubstr("AKID1/"));
  const auto error = error_of(std::vector<Reply>{refusal(403, "ExpiredToken", "again")}, modify);
  EXPECT_EQ(asked(), 2U);
  EXPECT_TRUE(error.retryable);
  EXPECT_FALSE(error.maybe_delivered);
}

/// A token makes two requests one; what may have been carried out by the first stays said.
TEST_F(SenderTest, SendsWhatHasATokenAgainWithTheSameToken) {
  const Call put{"secretsmanager", "PutSecretValue", {{"SecretId", "s"}, {"SecretString", "hush"}}};
  const auto error = error_of(
      std::vector<Reply>{
          {.status = 500, .body = "{}"},
          {.status = 400, .body = R"({"__type": "ResourceNotFoundException", "Message": "no such secret"})"}},
      put);
  ASSERT_EQ(asked(), 2U);
  EXPECT_EQ(error.code, "ResourceNotFoundException");
  EXPECT_TRUE(error.maybe_delivered);
  const auto received = server->received();
  EXPECT_EQ(Json::parse(received[0].body)["ClientRequestToken"],
            Json::parse(received[1].body)["ClientRequestToken"]);
  EXPECT_EQ(Json::parse(received[0].body)["ClientRequestToken"].get<std::string>().size(), 36U);
}

TEST_F(SenderTest, SaysThatNothingWasDeliveredWhereNobodyListens) {
  sender.emplace(SenderOptions{
      .endpoints = {.overrides = {{"", fmt::format("http://127.0.0.1:{}", tests::any_port())}}}});
  const base::Time begun = clock.now();
  const auto error = error_of(modify);
  EXPECT_EQ(error.code, "ConnectionFailed");
  EXPECT_TRUE(error.retryable);
  EXPECT_FALSE(error.maybe_delivered);
  EXPECT_GT(clock.now() - begun, seconds{20}) << "it was tried for as long as it could be";
}

TEST_F(SenderTest, SaysThatItMayHaveBeenDeliveredWhereNoAnswerCame) {
  budget = seconds{1};
  const auto error = error_of(std::vector<Reply>{{.end = Reply::End::never}}, modify);
  EXPECT_EQ(error.code, "ConnectionFailed");
  EXPECT_TRUE(error.maybe_delivered);
  EXPECT_EQ(asked(), 1U);
}

TEST_F(SenderTest, StopsWhenItIsToldTo) {
  base::SystemClock real;
  server.emplace([this](const tests::Received&) -> Reply {
    stop.request_stop();
    return {.end = Reply::End::never};
  });
  const base::Time begun = real.now();
  const auto error = error_of(modify);
  EXPECT_EQ(error.code, "Interrupted");
  EXPECT_TRUE(error.maybe_delivered);
  EXPECT_LT(real.now() - begun, seconds{2});
}

/// Told to stop in its first wait that takes time.
class StoppedInItsSleep : public base::VirtualClock {
 public:
  using VirtualClock::VirtualClock;
  bool sleep_until(base::Time deadline, std::stop_token stop) override {
    return deadline <= now() && VirtualClock::sleep_until(deadline, stop);
  }
};

TEST_F(SenderTest, RemembersWhatMayHaveBeenDeliveredWhenItIsStopped) {
  server.emplace(std::vector<Reply>{{.status = 500, .body = "{}", .headers = {{"Retry-After", "1"}}}});
  sender.emplace(SenderOptions{.endpoints = {.overrides = {{"", server->url()}}}});
  StoppedInItsSleep stopped(clock.now());
  const Call put{"secretsmanager", "PutSecretValue", {{"SecretId", "s"}, {"SecretString", "hush"}}};
  try {
    sender->send(put, "eu-central-1", &keys, {stopped, stopped.now() + budget, {}, {}});
    ADD_FAILURE() << "it worked";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code, "Interrupted");
    EXPECT_TRUE(error.maybe_delivered) << "the answer to the first attempt was 500";
  }
}

TEST_F(SenderTest, SendsNothingWhenTheTimeIsOver) {
  budget = seconds{0};
  const auto error = error_of(std::vector<Reply>{fine}, modify);
  EXPECT_EQ(error.code, "DeadlineExceeded");
  EXPECT_TRUE(error.retryable);
  EXPECT_FALSE(error.maybe_delivered);
  EXPECT_EQ(asked(), 0U);
}

/// Members are of the kinds of the model, or it is no answer.
TEST_F(SenderTest, TakesNoOtherKindsInAnswers) {
  const Call describe_key{"kms", "DescribeKey", {{"KeyId", "k"}}};
  for (const char* body :
       {R"({"KeyMetadata": "text"})", R"({"KeyMetadata": {"KeyId": {}}})",
        R"({"KeyMetadata": {"Enabled": 1}})", R"({"KeyMetadata": {"EncryptionAlgorithms": {}}})"})
    EXPECT_EQ(error_of(std::vector<Reply>{{.body = body}}, describe_key).code, "InvalidResponse") << body;
  EXPECT_EQ(
      send(
          {{.body =
                R"({"KeyMetadata": {"KeyId": 7, "CreationDate": 1769860800.5, "Enabled": null, "New": 1}})"}},
          describe_key),
      Json::parse(R"({"KeyMetadata": {"KeyId": "7", "CreationDate": "2026-01-31T12:00:00.5Z"}})"));
}

TEST_F(SenderTest, KeepsItsPace) {
  limit = {.per_second = 10, .burst = 3};
  const base::Time begun = clock.now();
  server.emplace(std::vector<Reply>{fine});
  for (int i = 0; i < 23; ++i) send(describe);
  EXPECT_GE(clock.now() - begun, milliseconds{1999});
  EXPECT_LT(clock.now() - begun, milliseconds{2101});
  budget = seconds{0};
  EXPECT_EQ(error_of(describe).code, "TooManyRequests");
  EXPECT_EQ(asked(), 23U);
  budget = seconds{60};
  const base::Time then = clock.now();
  error_of(modify);  // the answer is another operation's
  EXPECT_EQ(asked(), 24U);
  EXPECT_EQ(clock.now(), then) << "what changes something waits for no look";
}

TEST(Pace, IsKeptByKey) {
  Pace pace({.per_second = 2, .burst = 1});
  const base::Time now{seconds{1000}}, later = now + seconds{60};
  EXPECT_EQ(pace.take("a", now, later), now);
  EXPECT_EQ(pace.take("a", now, later), now + milliseconds{500});
  EXPECT_EQ(pace.take("a", now, later), now + milliseconds{1000});
  EXPECT_EQ(pace.take("b", now, later), now);
  EXPECT_EQ(pace.take("a", now, now + milliseconds{100}), now + milliseconds{1500});
  EXPECT_EQ(pace.take("a", now, later), now + milliseconds{1500}) << "what was too late took nothing";
  EXPECT_EQ(pace.take("a", now + seconds{100}, later + seconds{100}), now + seconds{100});
}

TEST(RetryQuota, RunsOutAndComesBack) {
  RetryQuota quota;
  int taken = 0;
  while (quota.take()) ++taken;
  EXPECT_EQ(taken, 100);
  for (int i = 0; i < 4; ++i) quota.reward();
  EXPECT_FALSE(quota.take());
  quota.reward();
  EXPECT_TRUE(quota.take());
  quota.give_back();
  EXPECT_TRUE(quota.take());
}

TEST(Backoff, IsAnythingUpToWhatDoubles) {
  std::chrono::microseconds most{0};
  for (int i = 0; i < 500; ++i) {
    EXPECT_LE(backoff(2, false), milliseconds{50});
    EXPECT_LE(backoff(3, false), milliseconds{100});
    EXPECT_LE(backoff(1000, true), seconds{20});
    most = std::max(most, backoff(4, true));
  }
  EXPECT_GT(most, seconds{2});
  EXPECT_LE(most, seconds{4});
}

/// The URL is the one that botocore 1.44.8 makes of the same call.
TEST(SourceRegion, BecomesAPresignedUrl) {
  const Service& rds = service("rds");
  const Operation& copy = rds.operation("CopyDBSnapshot");
  const Json input{{"SourceDBSnapshotIdentifier", "arn:aws:rds:us-west-2:123456789012:snapshot:s"},
                   {"TargetDBSnapshotIdentifier", "t"},
                   {"KmsKeyId", "alias/k"},
                   {"SourceRegion", "us-west-2"}};
  const Credentials who{.access_key_id = "AKIDEXAMPLE", .secret_key = base::Secret("the-secret-key")};
  const base::Time now = *parse_time("2026-01-31T12:00:00Z");
  ASSERT_TRUE(has_source_region(copy, input));
  const Json out = with_source_url(rds, copy, input, "eu-central-1", {}, who, now);
  EXPECT_FALSE(out.contains("SourceRegion"));
  const std::string url = out["PreSignedUrl"];
  EXPECT_THAT(url, testing::StartsWith("https://rds.us-west-2.amazonaws.com/?Action=CopyDBSnapshot&"));
  EXPECT_THAT(url, HasSubstr("&DestinationRegion=eu-central-1&"));
  EXPECT_THAT(url, testing::EndsWith(
                       "&X-Amz-Signature=2a095ac5ecaf74a12151a50df76ba30b06300490b1c3bcbc4b1e49c01271c5e2"));
  EXPECT_FALSE(with_source_url(rds, copy, input, "us-west-2", {}, who, now).contains("PreSignedUrl"));
  EXPECT_FALSE(has_source_region(rds.operation("DescribeDBInstances"), input));
}

}  // namespace
}  // namespace aws
