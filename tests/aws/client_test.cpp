#include "aws/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/aws/server.h"

namespace aws {
namespace {

using base::Json;
using std::chrono::seconds;
using tests::Reply;
using tests::Server;

constexpr const char* one_instance =
    R"(<DescribeDBInstancesResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">
  <DescribeDBInstancesResult><DBInstances><DBInstance>
    <DBInstanceIdentifier>a</DBInstanceIdentifier><AllocatedStorage>20</AllocatedStorage>
    <MultiAZ>false</MultiAZ><InstanceCreateTime>2026-01-31T12:00:00.250Z</InstanceCreateTime>
    <VpcSecurityGroups><VpcSecurityGroupMembership><Status>active</Status></VpcSecurityGroupMembership></VpcSecurityGroups>
    <DBSecurityGroups/>
  </DBInstance></DBInstances></DescribeDBInstancesResult>
  <ResponseMetadata><RequestId>r1</RequestId></ResponseMetadata></DescribeDBInstancesResponse>)";

constexpr const char* modified =
    "<ModifyDBInstanceResponse><ModifyDBInstanceResult><DBInstance/></ModifyDBInstanceResult></"
    "ModifyDBInstanceResponse>";

Reply refusal(int status, const std::string& code, const std::string& message) {
  return {.status = status,
          .body = "<ErrorResponse><Error><Type>Sender</Type><Code>" + code + "</Code><Message>" + message +
                  "</Message></Error><RequestId>r2</RequestId></ErrorResponse>"};
}

class ClientTest : public testing::Test {
 protected:
  /// `replies` in their order, to `call`. Waits take no time.
  Json ask(std::vector<Reply> replies, const Call& call = {"rds", "DescribeDBInstances"}) {
    server.emplace(std::move(replies));
    return ask_server(call);
  }
  Json ask_server(const Call& call) {
    Session session({.environment = {{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
                                     {"AWS_SECRET_ACCESS_KEY", "the-secret-key"},
                                     {"AWS_REGION", "eu-central-1"},
                                     {"AWS_ENDPOINT_URL", server->url()}}});
    return Client(session).call(call, {clock, clock.now() + seconds{60}, stop.get_token(), {}});
  }
  base::Error error_of(std::vector<Reply> replies, const Call& call = {"rds", "DescribeDBInstances"}) {
    try {
      ask(std::move(replies), call);
    } catch (const base::Error& error) {
      return error;
    }
    ADD_FAILURE() << "it worked";
    return {"", ""};
  }
  std::size_t asked() { return server->received().size(); }

  const Call modify{
      "rds", "ModifyDBInstance", {{"DBInstanceIdentifier", "a"}, {"MasterUserPassword", "hush-hush"}}};
  base::VirtualClock clock{*base::parse_iso_offset("2026-01-31T12:00:00Z")};
  std::stop_source stop;
  std::optional<Server> server;
};

TEST_F(ClientTest, GivesTheOutputAsTheModelSpellsIt) {
  EXPECT_EQ(ask({{.body = one_instance}}),
            Json::parse(R"({"DBInstances": [{"DBInstanceIdentifier": "a", "AllocatedStorage": 20,
              "MultiAZ": false, "InstanceCreateTime": "2026-01-31T12:00:00.25Z",
              "VpcSecurityGroups": [{"Status": "active"}], "DBSecurityGroups": []}]})"));
  const auto received = server->received();
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(received[0].body, "Action=DescribeDBInstances&Version=2014-10-31");
  EXPECT_THAT(
      received[0].headers.at("authorization"),
      testing::StartsWith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/eu-central-1/rds/aws4_request, "
                          "SignedHeaders=content-type;host;x-amz-date, Signature="));
}

TEST_F(ClientTest, NamesWhatWasRefused) {
  const auto error = error_of({refusal(404, "DBInstanceNotFound", "DBInstance a not found.")});
  EXPECT_EQ(error.code, "DBInstanceNotFound");
  EXPECT_EQ(
      error.message,
      "rds DescribeDBInstances in eu-central-1: DBInstanceNotFound: DBInstance a not found. (request r2)");
  EXPECT_FALSE(error.retryable);
  EXPECT_FALSE(error.maybe_delivered);
  EXPECT_NE(error.hint, "");
  EXPECT_EQ(asked(), 1U);
}

TEST_F(ClientTest, NamesTheMissingPermission) {
  const auto error = error_of({refusal(403, "AccessDenied",
                                       "User: arn:aws:iam::1:user/u is not authorized to perform: "
                                       "rds:DescribeDBInstances on resource: arn:aws:rds:eu-central-1:1:db:* "
                                       "because no identity-based policy allows it")});
  EXPECT_EQ(error.hint,
            "allow rds:DescribeDBInstances on arn:aws:rds:eu-central-1:1:db:* to arn:aws:iam::1:user/u");
}

TEST_F(ClientTest, NamesTheResourceOfAMissingPermissionAsPoliciesDo) {
  const auto error = error_of({refusal(403, "AccessDenied",
                                       "User: arn:aws:iam::1:user/u is not authorized to perform: "
                                       "s3:GetObject on resource: \"arn:aws:s3:::a/b.sql\" "
                                       "because no identity-based policy allows the s3:GetObject action")});
  EXPECT_EQ(error.hint, "allow s3:GetObject on arn:aws:s3:::a/b.sql to arn:aws:iam::1:user/u");
}

TEST_F(ClientTest, TriesAgainWhatMayPass) {
  ask({refusal(400, "Throttling", "Rate exceeded"),
       {.status = 503, .body = "<html>busy</html>"},
       {.end = Reply::End::reset},
       {.body = one_instance}});
  EXPECT_EQ(asked(), 4U);
}

TEST_F(ClientTest, DoesNotSendAgainWhatMayHaveChangedSomething) {
  for (const Reply& reply : {Reply{.end = Reply::End::reset}, Reply{.status = 500, .body = "oops"}}) {
    const auto error = error_of({reply, {.body = modified}}, modify);
    EXPECT_EQ(asked(), 1U) << error.message;
    EXPECT_TRUE(error.maybe_delivered);
    EXPECT_TRUE(error.retryable);
  }
}

TEST_F(ClientTest, SendsAgainWhatWasThrottledAlthoughItChangesSomething) {
  ask({refusal(400, "Throttling", "Rate exceeded"), {.body = modified}}, modify);
  EXPECT_EQ(asked(), 2U);
}

/// A kept connection that turns out dead would be tried again by libcurl itself.
TEST_F(ClientTest, UsesANewConnectionForWhatChangesSomething) {
  Session session({.environment = {{"AWS_ACCESS_KEY_ID", "a"}, {"AWS_SECRET_ACCESS_KEY", "b"}}});
  server.emplace([](const tests::Received& request) -> Reply {
    if (request.body.find("Describe") != std::string::npos) return {.body = one_instance};
    return {.end = Reply::End::reset};
  });
  Session with_server(
      {.region = "eu-central-1",
       .environment = {
           {"AWS_ACCESS_KEY_ID", "a"}, {"AWS_SECRET_ACCESS_KEY", "b"}, {"AWS_ENDPOINT_URL", server->url()}}});
  Client client(with_server);
  const base::Budget budget{clock, clock.now() + seconds{60}, {}, {}};
  client.call({"rds", "DescribeDBInstances"}, budget);
  client.call({"rds", "DescribeDBInstances"}, budget);
  EXPECT_THROW(client.call(modify, budget), base::Error);
  const auto received = server->received();
  ASSERT_EQ(received.size(), 3U) << "sent twice";
  EXPECT_EQ(received[1].connection, received[0].connection) << "connections are kept";
  EXPECT_NE(received[2].connection, received[0].connection);
}

TEST_F(ClientTest, RefusesWhatIsNotInTheModel) {
  EXPECT_EQ(error_of({{}}, {"rds", "DescribeDbInstances"}).code, "UnknownOperation");
  EXPECT_EQ(error_of({{}}, {"rdz", "DescribeDBInstances"}).code, "UnknownService");
  const auto unknown = error_of({{}}, {"rds", "DescribeDBInstances", {{"DBInstanceIdentifer", "a"}}});
  EXPECT_EQ(unknown.code, "UnknownMember");
  EXPECT_EQ(unknown.message, "rds DescribeDBInstances: DBInstanceIdentifer is not in the model");
  EXPECT_EQ(unknown.hint, "did you mean 'DBInstanceIdentifier'?");
  EXPECT_EQ(error_of({{}}, {"rds", "ModifyDBInstance"}).code, "MissingMember");
  EXPECT_EQ(error_of({{}}, {"rds", "DescribeDBInstances", {{"MaxRecords", "20"}}}).code, "InvalidMember");
  EXPECT_EQ(asked(), 0U);
}

/// Read as an output it would say that there are no databases.
TEST_F(ClientTest, TakesNoOtherDocumentForAnAnswer) {
  for (const char* body : {"", "<html><body>log in</body></html>", "{}", "<DescribeDBInstancesResponse/>",
                           "<a", "<ListBucketResult/>"}) {
    const auto error = error_of({{.body = body}});
    EXPECT_EQ(error.code, "InvalidResponse") << body;
    EXPECT_TRUE(error.retryable);
    EXPECT_FALSE(error.maybe_delivered) << "nothing was to change";
  }
  for (const char* body : {"", "<html/>", "[]"})
    EXPECT_EQ(error_of({{.body = body}}, {"secretsmanager", "GetSecretValue", {{"SecretId", "s"}}}).code,
              "InvalidResponse");
  EXPECT_EQ(error_of({{.body = "<HTML/>"}}, {"s3", "ListObjectsV2", {{"Bucket", "bucket"}}}).code,
            "InvalidResponse");
  EXPECT_EQ(error_of({{.body = "<html/>"}}, {"ec2", "DescribeVpcs"}).code, "InvalidResponse");
  EXPECT_TRUE(error_of({{.body = "<html/>"}}, modify).maybe_delivered);
}

TEST_F(ClientTest, ShowsNoSecretThatAServiceQuotes) {
  const auto error =
      error_of({refusal(400, "InvalidParameterValue", "hush-hush is no valid password")}, modify);
  EXPECT_THAT(error.message, testing::HasSubstr("*** is no valid password"));
}

}  // namespace
}  // namespace aws
