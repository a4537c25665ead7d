#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "aws/session.h"
#include "aws/sources.h"
#include "aws/timestamp.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"
#include "os/files.h"
#include "tests/aws/server.h"
#include "tests/temporary.h"

namespace aws {
namespace {

using base::Json;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using tests::Received;
using tests::Reply;
using tests::Server;

std::string role_answer(const std::string& operation, const std::string& key, const std::string& expires) {
  return fmt::format(
      "<{0}Response><{0}Result><Credentials><AccessKeyId>{1}</AccessKeyId><SecretAccessKey>s</"
      "SecretAccessKey>"
      "<SessionToken>t</SessionToken><Expiration>{2}</Expiration></Credentials></{0}Result></{0}Response>",
      operation, key, expires);
}

constexpr const char* json_answer = R"({"Code": "Success", "AccessKeyId": "AKIDJSON", "SecretAccessKey": "s",
  "Token": "t", "Expiration": "2026-01-31T13:00:00Z"})";

class CredentialsTest : public testing::Test {
 protected:
  CredentialsTest() {
    environment = {{"HOME", home.path()},
                   {"PATH", "/usr/bin:/bin"},
                   {"AWS_REGION", "eu-central-1"},
                   {"AWS_EC2_METADATA_DISABLED", "true"}};
  }

  void write(const std::string& name, const std::string& text) {
    os::fs::create_directories((home.path() / ".aws" / name).parent_path());
    os::write_file_atomic(home.path() / ".aws" / name, text, 0600);
  }
  /// A server for all services.
  void serve(Server::Answer answer) {
    server.emplace(std::move(answer));
    environment["AWS_ENDPOINT_URL"] = server->url();
  }
  base::Budget budget() { return {clock, clock.now() + seconds{30}, stop.get_token(), {}}; }
  Session& session(const std::string& profile = "") {
    return *(session_ = std::make_unique<Session>(Settings{.profile = profile, .environment = environment}));
  }
  std::string key(const std::string& profile = "") {
    return session(profile).credentials().get(budget()).access_key_id;
  }
  base::Error error_of(const std::string& profile = "") {
    try {
      ADD_FAILURE() << "got " << key(profile);
    } catch (const base::Error& error) {
      return error;
    }
    return {"", ""};
  }

  tests::Temporary home{true};
  base::VirtualClock clock{*base::parse_iso_offset("2026-01-31T12:00:00Z")};
  std::stop_source stop;
  Environment environment;
  std::optional<Server> server;
  std::unique_ptr<Session> session_;
};

TEST_F(CredentialsTest, KeysOfTheEnvironmentGoFirstUnlessAProfileIsAskedFor) {
  write("credentials", "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = s\n");
  EXPECT_EQ(key(), "AKIDFILE");
  environment["AWS_ACCESS_KEY_ID"] = "AKIDENV";
  environment["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_EQ(key(), "AKIDENV");
  EXPECT_EQ(key("default"), "AKIDFILE");
}

TEST_F(CredentialsTest, TheCredentialsFileGoesBeforeTheConfigFile) {
  write("config",
        "# ours\n[profile a]\naws_access_key_id = CONFIG\naws_secret_access_key = s\nregion = eu-west-1\n");
  write("credentials", "[a]\naws_access_key_id = CREDENTIALS\naws_secret_access_key = s\n");
  environment["AWS_PROFILE"] = "a";
  environment.erase("AWS_REGION");
  EXPECT_EQ(key(), "CREDENTIALS");
  EXPECT_EQ(session_->region(), "eu-west-1");
}

TEST_F(CredentialsTest, SaysWhatIsWrongWithProfiles) {
  write("config", R"([profile self]
role_arn = arn:aws:iam::1:role/r
source_profile = loop
[profile loop]
role_arn = arn:aws:iam::1:role/l
source_profile = self
[profile mfa]
role_arn = arn:aws:iam::1:role/r
mfa_serial = arn:aws:iam::1:mfa/u
source_profile = self
[profile half]
aws_access_key_id = AKID
)");
  EXPECT_EQ(error_of("nowhere").code, "ProfileNotFound");
  EXPECT_THAT(error_of("self").message, HasSubstr("is its own source_profile"));
  EXPECT_THAT(error_of("mfa").message, HasSubstr("MFA"));
  EXPECT_THAT(error_of("half").message, HasSubstr("no secret one"));
  EXPECT_EQ(error_of().code, "NoCredentials");
  write("config", "[default]\naws_secret_access_key hush\n");
  const auto error = error_of();
  EXPECT_EQ(error.code, "InvalidConfig");
  EXPECT_THAT(error.message, HasSubstr("config:2"));
  EXPECT_THAT(error.message, testing::Not(HasSubstr("hush")));
}

TEST_F(CredentialsTest, TakesARoleWithTheKeysOfAnotherProfile) {
  write("config", R"([profile outer]
role_arn = arn:aws:iam::222222222222:role/outer
source_profile = inner
external_id = x-1
duration_seconds = 900
[profile inner]
role_arn = arn:aws:iam::111111111111:role/inner
source_profile = keys
role_session_name = me
[profile keys]
aws_access_key_id = AKIDKEYS
aws_secret_access_key = s
)");
  serve([](const Received& request) -> Reply {
    const bool is_outer = request.body.find("outer") != std::string::npos;
    return {.body = role_answer("AssumeRole", is_outer ? "AKIDOUTER" : "AKIDINNER", "2026-01-31T13:00:00Z")};
  });
  const Credentials got = session("outer").credentials().get(budget());
  EXPECT_EQ(got.access_key_id, "AKIDOUTER");
  EXPECT_EQ(got.session_token.reveal(), "t");
  EXPECT_EQ(got.account, "222222222222");
  const auto received = server->received();
  ASSERT_EQ(received.size(), 2U);
  EXPECT_THAT(received[0].headers.at("authorization"), HasSubstr("AKIDKEYS"));
  EXPECT_THAT(received[0].body, HasSubstr("RoleSessionName=me"));
  EXPECT_THAT(received[1].headers.at("authorization"), HasSubstr("AKIDINNER"));
  EXPECT_THAT(received[1].body, HasSubstr("ExternalId=x-1"));
  EXPECT_THAT(received[1].body, HasSubstr("DurationSeconds=900"));
}

TEST_F(CredentialsTest, TakesARoleWithTheKeysOfTheEnvironment) {
  write("config", "[profile r]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = Environment\n");
  environment["AWS_ACCESS_KEY_ID"] = "AKIDENV";
  environment["AWS_SECRET_ACCESS_KEY"] = "s";
  serve([](const Received&) -> Reply {
    return {.body = role_answer("AssumeRole", "AKIDROLE", "2026-01-31T13:00:00Z")};
  });
  EXPECT_EQ(key("r"), "AKIDROLE");
  EXPECT_THAT(server->received().at(0).headers.at("authorization"), HasSubstr("AKIDENV"));
}

TEST_F(CredentialsTest, ASessionCanAssumeARoleOfAnotherAccount) {
  environment["AWS_ACCESS_KEY_ID"] = "AKIDENV";
  environment["AWS_SECRET_ACCESS_KEY"] = "s";
  serve([](const Received&) -> Reply {
    return {.body = role_answer("AssumeRole", "AKIDROLE", "2026-01-31T13:00:00Z")};
  });
  const auto other = session().assume("arn:aws:iam::333333333333:role/source", "ext");
  EXPECT_EQ(other->credentials().get(budget()).access_key_id, "AKIDROLE");
  EXPECT_EQ(other->region(), "eu-central-1");
  EXPECT_THAT(server->received().at(0).body, HasSubstr("ExternalId=ext"));
}

TEST_F(CredentialsTest, ReadsTheWebIdentityTokenAnewEachTime) {
  serve([](const Received&) -> Reply {
    return {.body = role_answer("AssumeRoleWithWebIdentity", "AKIDWEB", "2026-01-31T13:00:00Z")};
  });
  environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = home.path() / "token";
  environment["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/web";
  os::write_file_atomic(home.path() / "token", "first\n", 0600);
  EXPECT_EQ(key(), "AKIDWEB");
  os::write_file_atomic(home.path() / "token", "second", 0600);
  clock.sleep_until(clock.now() + minutes{56}, {});
  session_->credentials().get(budget());
  const auto received = server->received();
  ASSERT_EQ(received.size(), 2U);
  EXPECT_THAT(received[0].body, testing::EndsWith("WebIdentityToken=first"));
  EXPECT_THAT(received[1].body, testing::EndsWith("WebIdentityToken=second"));
  EXPECT_FALSE(received[0].headers.contains("authorization")) << "the operation is not signed";
}

TEST_F(CredentialsTest, AsksTheInstanceByIMDSv2) {
  server.emplace([](const Received& request) -> Reply {
    if (request.method == "PUT") return {.body = "the-token"};
    if (!request.headers.contains("x-aws-ec2-metadata-token")) return {.status = 401};
    return {.body = request.target.ends_with('/') ? "my-role" : json_answer};
  });
  environment.erase("AWS_EC2_METADATA_DISABLED");
  environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = server->url();
  const Credentials got = session().credentials().get(budget());
  EXPECT_EQ(got.access_key_id, "AKIDJSON");
  EXPECT_EQ(got.expires, parse_time("2026-01-31T13:00:00Z"));
  const auto received = server->received();
  ASSERT_EQ(received.size(), 3U);
  EXPECT_EQ(received[0].target, "/latest/api/token");
  EXPECT_EQ(received[0].headers.at("x-aws-ec2-metadata-token-ttl-seconds"), "21600");
  EXPECT_EQ(received[2].target, "/latest/meta-data/iam/security-credentials/my-role");
  EXPECT_EQ(received[2].headers.at("x-aws-ec2-metadata-token"), "the-token");
}

TEST_F(CredentialsTest, AsksTheContainer) {
  server.emplace([](const Received&) -> Reply { return {.body = json_answer}; });
  environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server->url() + "/v1/credentials";
  environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = home.path() / "token";
  os::write_file_atomic(home.path() / "token", "Bearer one", 0600);
  EXPECT_EQ(key(), "AKIDJSON");
  EXPECT_EQ(server->received().at(0).target, "/v1/credentials");
  EXPECT_EQ(server->received().at(0).headers.at("authorization"), "Bearer one");
  const Source relative =
      container_credentials({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/id"}}, server->url());
  EXPECT_EQ(relative->get(budget()).access_key_id, "AKIDJSON");
  EXPECT_EQ(server->received().at(1).target, "/v2/id");
}

TEST_F(CredentialsTest, AsksNoStrangeHostForTheContainersCredentials) {
  for (const char* url : {"http://example.com/x", "http://127.0.0.1.example.com/", "ftp://127.0.0.1/",
                          "http://169.254.170.2@example.com/", "http://10.0.0.1/"}) {
    environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
    EXPECT_EQ(error_of().code, "InvalidConfig") << url;
  }
}

TEST_F(CredentialsTest, RunsACredentialProcess) {
  const std::string program = home.path() / "give keys";
  os::write_file_atomic(program, R"(#!/bin/sh
echo noise >&2
echo '{"Version": 1, "AccessKeyId": "'$1'", "SecretAccessKey": "s", "Expiration": "2026-01-31T13:00:00Z"}'
[ "$1" != bad ] || { echo the reason >&2; exit 3; }
)",
                        0700);
  write("config", "[default]\ncredential_process = \"" + program +
                      "\" 'AKID PROCESS'\n[profile bad]\ncredential_process = \"" + program +
                      "\" bad\n[profile none]\ncredential_process = /nowhere/x\n");
  EXPECT_EQ(key(), "AKID PROCESS");
  const auto error = error_of("bad");
  EXPECT_THAT(error.message, HasSubstr("exit code 3: noise\nthe reason"));
  EXPECT_THAT(error.message, testing::Not(HasSubstr("SecretAccessKey")));
  EXPECT_THAT(error_of("none").message, HasSubstr("exit code 127"));
}

class SsoTest : public CredentialsTest {
 protected:
  SsoTest() {
    write("config", R"([profile dev]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Admin
[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://corp.awsapps.com/start
)");
  }
  std::string cache() const { return "sso/cache/" + base::hex(base::sha1("corp")) + ".json"; }
  static Reply portal(const Received& request) {
    if (request.target == "/token")
      return {.body = R"({"accessToken": "new-token", "expiresIn": 3600, "refreshToken": "next"})"};
    return {.body =
                R"({"roleCredentials": {"accessKeyId": "AKIDSSO", "secretAccessKey": "s", "sessionToken": "t",
                        "expiration": 1769864400000}})"};
  }
};

TEST_F(SsoTest, ExchangesTheCachedToken) {
  write(cache(), R"({"accessToken": "the-token", "expiresAt": "2026-01-31T12:30:00Z"})");
  serve(portal);
  const Credentials got = session("dev").credentials().get(budget());
  EXPECT_EQ(got.access_key_id, "AKIDSSO");
  EXPECT_EQ(got.expires, parse_time("2026-01-31T13:00:00Z"));
  const auto received = server->received();
  ASSERT_EQ(received.size(), 1U);
  EXPECT_EQ(received[0].target, "/federation/credentials?account_id=123456789012&role_name=Admin");
  EXPECT_EQ(received[0].headers.at("x-amz-sso_bearer_token"), "the-token");
  EXPECT_FALSE(received[0].headers.contains("authorization"));
}

TEST_F(SsoTest, RenewsATokenThatHasEnded) {
  write(
      cache(),
      R"({"accessToken": "old", "expiresAt": "2026-01-31T11:30:00Z", "refreshToken": "refresh", "clientId": "c",
                     "clientSecret": "cs", "registrationExpiresAt": "2026-03-01T00:00:00Z", "region": "eu-west-1"})");
  serve(portal);
  EXPECT_EQ(key("dev"), "AKIDSSO");
  const auto received = server->received();
  ASSERT_EQ(received.size(), 2U);
  EXPECT_EQ(Json::parse(received[0].body), (Json{{"clientId", "c"},
                                                 {"clientSecret", "cs"},
                                                 {"grantType", "refresh_token"},
                                                 {"refreshToken", "refresh"}}));
  EXPECT_EQ(received[1].headers.at("x-amz-sso_bearer_token"), "new-token");
  const Json left = Json::parse(os::read_file(home.path() / ".aws" / cache()));
  EXPECT_EQ(left["accessToken"], "new-token");
  EXPECT_EQ(left["refreshToken"], "next");
  EXPECT_EQ(left["expiresAt"], "2026-01-31T13:00:00Z");
  EXPECT_EQ(left["region"], "eu-west-1") << "the rest stays";
}

TEST_F(SsoTest, SaysWhenToLogIn) {
  for (const char* token : {"", R"({"accessToken": "old", "expiresAt": "2026-01-31T11:30:00Z"})", "{"}) {
    if (*token != '\0') write(cache(), token);
    const auto error = error_of("dev");
    EXPECT_EQ(error.code, "NoCredentials");
    EXPECT_EQ(error.hint, "run aws sso login --sso-session corp");
  }
}

TEST_F(SsoTest, RefusesKeysThatEndAtNoTime) {
  write(cache(), R"({"accessToken": "the-token", "expiresAt": "2026-01-31T12:30:00Z"})");
  for (const char* expiry : {"17698644000769864400000", "9223372036854775807", "-1", "0.5"}) {
    serve([expiry](const Received&) -> Reply {
      return {.body = fmt::format(R"({{"roleCredentials": {{"accessKeyId": "A", "secretAccessKey": "s",
                                       "sessionToken": "t", "expiration": {}}}}})",
                                  expiry)};
    });
    EXPECT_THAT(error_of("dev").message, HasSubstr("expir")) << expiry;
  }
}

/// Gives keys that end an hour later, numbered.
class Numbered : public CredentialSource {
 public:
  explicit Numbered(std::atomic<int>& asked) : asked_(asked) {}
  Credentials get(const base::Budget& budget) override {
    const int number = ++asked_;
    if (fails) throw base::Error("NoCredentials", "the place is down");
    return {.access_key_id = std::to_string(number),
            .secret_key = base::Secret("s"),
            .expires = budget.clock.now() + minutes{60}};
  }
  bool fails = false;

 private:
  std::atomic<int>& asked_;
};

TEST_F(CredentialsTest, AreRefreshedBeforeTheyEnd) {
  std::atomic<int> asked = 0;
  auto inner = std::make_unique<Numbered>(asked);
  Numbered& place = *inner;
  Refreshing source(std::move(inner));
  EXPECT_EQ(source.get(budget()).access_key_id, "1");
  clock.sleep_until(clock.now() + minutes{54}, {});
  EXPECT_EQ(source.get(budget()).access_key_id, "1");
  clock.sleep_until(clock.now() + minutes{2}, {});
  place.fails = true;
  EXPECT_EQ(source.get(budget()).access_key_id, "1") << "still good, and the place is down";
  EXPECT_EQ(source.get(budget()).access_key_id, "1");
  EXPECT_EQ(asked, 2) << "it is not asked again at once";
  place.fails = false;
  clock.sleep_until(clock.now() + minutes{1}, {});
  EXPECT_EQ(source.get(budget()).access_key_id, "3");
  source.forget(source.get(budget()));
  EXPECT_EQ(source.get(budget()).access_key_id, "4");
  clock.sleep_until(clock.now() + minutes{61}, {});
  place.fails = true;
  EXPECT_THROW(source.get(budget()), base::Error) << "they have ended";
}

TEST_F(CredentialsTest, AreAskedForByOneAtATime) {
  std::atomic<int> asked = 0;
  base::SystemClock real;
  class Slow : public Numbered {
   public:
    using Numbered::Numbered;
    Credentials get(const base::Budget& budget) override {
      budget.clock.sleep_until(budget.clock.now() + std::chrono::milliseconds{50}, {});
      return Numbered::get(budget);
    }
  };
  Refreshing source(std::make_unique<Slow>(asked));
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        EXPECT_EQ(source.get({real, real.now() + seconds{10}, {}, {}}).access_key_id, "1");
      });
  }
  EXPECT_EQ(asked, 1);
}

TEST_F(CredentialsTest, EndpointsComeFromTheEnvironmentAndTheProfile) {
  const auto url_of = [&](const std::string& service, const std::string& operation, Json input) {
    base::VirtualClock early = clock;
    try {
      session("p").sender().send({service, operation, std::move(input)}, "eu-central-1", nullptr,
                                 {early, early.now() + std::chrono::milliseconds{300}, {}, {}});
    } catch (const base::Error& error) {
      return error.message;
    }
    return std::string();
  };
  const Json secret{{"SecretId", "s"}};
  write("config", R"([profile p]
services = here
endpoint_url = http://127.0.0.1:1
aws_access_key_id = a
aws_secret_access_key = b
[services here]
secrets_manager =
  endpoint_url = http://127.0.0.1:2
)");
  EXPECT_THAT(url_of("rds", "DescribeDBInstances", {}), HasSubstr("http://127.0.0.1:1/"));
  EXPECT_THAT(url_of("secretsmanager", "GetSecretValue", secret), HasSubstr("http://127.0.0.1:2/"));
  environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:3";
  EXPECT_THAT(url_of("secretsmanager", "GetSecretValue", secret), HasSubstr("http://127.0.0.1:3/"));
  environment["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = "http://127.0.0.1:4/base/";
  EXPECT_THAT(url_of("secretsmanager", "GetSecretValue", secret), HasSubstr("http://127.0.0.1:4/base/:"));
  EXPECT_THAT(url_of("rds", "DescribeDBInstances", {}), HasSubstr("http://127.0.0.1:3/"));
}

}  // namespace
}  // namespace aws
