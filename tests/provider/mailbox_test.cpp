// Notices, as a mail server and a receiver of webhooks get them.
#include "provider/local/mailbox.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/error.h"
#include "os/process.h"
#include "provider/local/stores.h"
#include "provider/local/webhook.h"
#include "tests/aws/server.h"
#include "tests/port.h"
#include "tests/smtp_sink.h"
#include "tests/temporary.h"

namespace provider::local {
namespace {

using base::Json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// As a receiver that has the secret judges it, by the text of the rules and nothing of ours.
constexpr const char* judge = R"(
import base64, hashlib, hmac, sys
secret, stamp, number, signature = sys.argv[1:5]
text = number.encode() + b'.' + stamp.encode() + b'.' + open(sys.argv[5], 'rb').read()
key = base64.b64decode(secret.removeprefix('whsec_'))
wanted = 'v1,' + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
sys.exit(0 if hmac.compare_digest(wanted, signature) else 1)
)";

constexpr const char* secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

class Notices : public testing::Test {
 protected:
  Notices() {
    secrets_.put_pending("hook", base::Secret(Json{{"password", secret}}.dump()));
    secrets_.promote("hook");
  }
  void by(const std::string& url, const std::vector<std::string>& to = {"to@there.example"}) {
    std::ofstream(home_.root / "settings.json")
        << Json{{"smtp", {{"url", url}, {"from", "from@here.example"}, {"to", to}}}};
  }
  static Message message(const std::string& id, const std::string& webhook = "") {
    return {.id = id,
            .topic = "arn",
            .subject = "the topic's subject",
            .body = "the topic's body",
            .headline = "shop-dev refreshed",
            .letter = "First line\nSecond line",
            .webhook = webhook,
            .webhook_secret = webhook.empty() ? "" : "hook",
            .type = "refresh.succeeded",
            .data = {{"target", "shop-dev"}}};
  }
  std::vector<std::string> files() {
    std::vector<std::string> all;
    for (const auto& each : os::fs::directory_iterator(home_.mailbox()))
      all.push_back(each.path().filename());
    std::ranges::sort(all);
    return all;
  }
  std::string code_of(const Message& message) {
    try {
      mailbox_.send(message);
      return "";
    } catch (const base::Error& error) {
      return error.code;
    }
  }
  bool is_signed(const tests::Received& post, const char* by_secret = secret) {
    const auto body = folder_.path() / "body";
    os::write_file_atomic(body, post.body, 0600);
    base::SystemClock clock;
    return os::run({.argv = {"/usr/bin/python3", "-c", judge, by_secret, post.headers.at("webhook-timestamp"),
                             post.headers.at("webhook-id"), post.headers.at("webhook-signature"), body}},
                   clock, clock.now() + std::chrono::minutes(1), {})
               .exit_code == 0;
  }

  tests::Temporary folder_;
  Home home_ = open_home(folder_.path() / "home");
  Secrets secrets_{home_};
  base::VirtualClock clock_{*base::parse_ledger_utc("2026-02-03 04:05:06")};
  Mailbox mailbox_{home_, secrets_, clock_};
};

TEST_F(Notices, AreInTheMailboxOnceAndGoOutBySmtp) {
  tests::SmtpSink smtp;
  by(smtp.url());
  mailbox_.send(message("r"));
  EXPECT_THAT(os::read_file(home_.mailbox() / "r.txt"),
              HasSubstr("Subject: shop-dev refreshed\nTopic: arn\n\nFirst line\nSecond line\n"));
  mailbox_.send(message("r"));
  ASSERT_EQ(smtp.mails().size(), 1U);
  for (const char* part : {"MAIL FROM:<from@here.example>", "RCPT TO:<to@there.example>",
                           "Subject: shop-dev refreshed\r\n", "Date: Tue, 03 Feb 2026 04:05:06 +0000\r\n",
                           "Message-ID: <r@here.example>\r\n", "First line\r\nSecond line\r\n"})
    EXPECT_THAT(smtp.mails()[0], HasSubstr(part));
  mailbox_.send({.id = "log", .subject = "of a topic", .body = "and no letter"});
  EXPECT_THAT(smtp.mails().at(1),
              AllOf(HasSubstr("Subject: of a topic\r\n"), HasSubstr("and no letter\r\n")));
}

TEST_F(Notices, GoToThoseOfTheMessageBesides) {
  tests::SmtpSink smtp;
  by(smtp.url());
  auto told = message("r");
  told.to = {"dba@there.example", "to@there.example"};
  mailbox_.send(told);
  ASSERT_EQ(smtp.mails().size(), 1U);
  EXPECT_THAT(smtp.mails()[0],
              AllOf(HasSubstr("RCPT TO:<to@there.example>"), HasSubstr("RCPT TO:<dba@there.example>"),
                    HasSubstr("To: to@there.example,\r\n dba@there.example\r\n")));
  by(smtp.url(), {});
  mailbox_.send(message("for-nobody"));
  EXPECT_EQ(smtp.mails().size(), 1U);
  EXPECT_TRUE(os::fs::exists(home_.mailbox() / "for-nobody.txt"));
}

TEST_F(Notices, ThatNobodyTookAreTriedAgainUntilSomebodyDoes) {
  by("smtp://127.0.0.1:" + std::to_string(tests::any_port()));
  EXPECT_EQ(code_of(message("r")), "MailFailed");
  EXPECT_THAT(files(), ElementsAre("r.unsent.json", "r.unsent.txt")) << "readable all the same";
  tests::SmtpSink smtp;
  by(smtp.url());
  mailbox_.deliver_again();
  EXPECT_THAT(smtp.mails(), IsEmpty()) << "not that soon";
  clock_.sleep_until(clock_.now() + std::chrono::hours(1), {});
  mailbox_.deliver_again();
  ASSERT_EQ(smtp.mails().size(), 1U);
  EXPECT_THAT(smtp.mails()[0], AllOf(HasSubstr("Message-ID: <r@here.example>"), HasSubstr("Second line")));
  EXPECT_THAT(files(), ElementsAre("r.txt"));
  mailbox_.deliver_again();
  EXPECT_EQ(smtp.mails().size(), 1U);
}

TEST_F(Notices, ThatAreSentAgainGoOutAtOnce) {
  by("smtp://127.0.0.1:" + std::to_string(tests::any_port()));
  EXPECT_EQ(code_of(message("r")), "MailFailed");
  tests::SmtpSink smtp;
  by(smtp.url());
  EXPECT_EQ(code_of(message("r")), "");
  EXPECT_EQ(smtp.mails().size(), 1U);
  EXPECT_THAT(files(), ElementsAre("r.txt"));
}

/// The example of the rules' own libraries.
TEST_F(Notices, AreSignedAsOthersSignThem) {
  const auto at = base::Time(std::chrono::seconds(1614265330));
  EXPECT_EQ(
      webhook_signature(*webhook_key(secret), "msg_p5jXN8AQM9LWM0D4loKWxJek", at, R"({"test": 2432232314})"),
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  for (const char* none :
       {"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_no base64!"})
    EXPECT_FALSE(webhook_key(none)) << none;
}

/// A receiver that is started anew answers nothing good for a while; the same notice comes again.
TEST_F(Notices, ArePostedUnderOneIdUntilTheyAreTaken) {
  tests::Server server(
      {{.status = 503}, {.status = 302, .headers = {{"Location", "http://127.0.0.1:1/"}}}, {.status = 204}});
  mailbox_.send(message("20260203-r", server.url() + "/hook?token=x"));
  const auto posts = server.received();
  ASSERT_EQ(posts.size(), 3U);
  for (const auto& post : posts) {
    EXPECT_EQ(post.method, "POST");
    EXPECT_EQ(post.target, "/hook?token=x");
    EXPECT_EQ(post.headers.at("content-type"), "application/json");
    EXPECT_EQ(post.headers.at("webhook-id"), "20260203-r");
    EXPECT_EQ(post.body, posts[0].body);
    EXPECT_TRUE(is_signed(post));
    EXPECT_FALSE(is_signed(post, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
  }
  EXPECT_EQ(posts[0].headers.at("webhook-timestamp"), "1770091506");
  EXPECT_EQ(posts[2].headers.at("webhook-timestamp"), "1770091511") << "of the attempt";
  const Json body = Json::parse(posts[0].body);
  EXPECT_EQ(body, (Json{{"type", "refresh.succeeded"},
                        {"timestamp", "2026-02-03T04:05:06.000Z"},
                        {"data", {{"target", "shop-dev"}}}}));
  EXPECT_THAT(files(), ElementsAre("20260203-r.txt"));
  mailbox_.send(message("20260203-r", server.url()));
  EXPECT_EQ(server.received().size(), 3U);
}

TEST_F(Notices, AreKeptForAReceiverThatIsAwayAndGivenUpInTheEnd) {
  bool up = false;
  tests::Server server([&](const tests::Received&) { return tests::Reply{.status = up ? 200 : 500}; });
  EXPECT_EQ(code_of(message("a", server.url())), "WebhookFailed");
  EXPECT_EQ(code_of(message("b", server.url())), "WebhookFailed");
  EXPECT_EQ(server.received().size(), 6U);
  const auto order = os::read_file(home_.mailbox() / "a.unsent.json");
  EXPECT_THAT(order, Not(HasSubstr("MfKQ9r8")));
  clock_.sleep_until(clock_.now() + std::chrono::hours(1), {});
  mailbox_.deliver_again();
  EXPECT_EQ(server.received().size(), 8U) << "once each";
  mailbox_.deliver_again();
  EXPECT_EQ(server.received().size(), 8U);
  os::fs::rename(home_.mailbox() / "b.unsent.json", folder_.path() / "b");
  up = true;
  clock_.sleep_until(clock_.now() + std::chrono::hours(70), {});
  mailbox_.deliver_again();
  EXPECT_EQ(server.received().back().headers.at("webhook-id"), "a");
  EXPECT_EQ(server.received().back().body, server.received().front().body);
  os::fs::rename(folder_.path() / "b", home_.mailbox() / "b.unsent.json");
  up = false;
  clock_.sleep_until(clock_.now() + std::chrono::hours(3), {});
  mailbox_.deliver_again();
  EXPECT_THAT(files(), ElementsAre("a.txt", "b.undelivered.txt"));
  EXPECT_EQ(code_of(message("b", server.url())), "") << "nobody tries any more";
}

TEST_F(Notices, OfOneWayDoNotWaitForTheOther) {
  tests::SmtpSink smtp;
  by(smtp.url());
  const auto nowhere = "http://127.0.0.1:" + std::to_string(tests::any_port());
  EXPECT_EQ(code_of(message("r", nowhere)), "WebhookFailed");
  EXPECT_EQ(smtp.mails().size(), 1U);
  clock_.sleep_until(clock_.now() + std::chrono::hours(1), {});
  mailbox_.deliver_again();
  EXPECT_EQ(smtp.mails().size(), 1U) << "it was taken";
  tests::Server gone(std::vector<tests::Reply>{{.status = 410}});
  EXPECT_EQ(code_of(message("g", gone.url())), "WebhookFailed");
  EXPECT_EQ(gone.received().size(), 1U) << "it wants no more";
  EXPECT_TRUE(os::fs::exists(home_.mailbox() / "g.undelivered.txt"));
}

TEST_F(Notices, ThatCannotGoOutAreObjectedToBefore) {
  EXPECT_THAT(mailbox_.objection_to_mail(), HasSubstr("mails go out by smtp in "));
  by("smtp://127.0.0.1:1");
  EXPECT_EQ(mailbox_.objection_to_mail(), "");
  EXPECT_EQ(mailbox_.objection_to_webhook("hook"), "");
  EXPECT_THAT(mailbox_.objection_to_webhook("nothere"), HasSubstr("there is no such secret"));
  secrets_.put_pending("short", base::Secret(R"({"password": "whsec_c2hvcnQ="})"));
  secrets_.promote("short");
  EXPECT_THAT(mailbox_.objection_to_webhook("short"),
              AllOf(HasSubstr("24 to 64 bytes"), Not(HasSubstr("c2hvcnQ"))));
}

}  // namespace
}  // namespace provider::local
