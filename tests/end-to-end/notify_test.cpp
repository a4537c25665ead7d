// Who is told of runs, and what: by real mails and posts, of real refreshes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/aws/server.h"
#include "tests/end-to-end/program.h"
#include "tests/smtp_sink.h"

namespace tests {
namespace {

using base::Json;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr const char* webhook_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

class Told : public testing::Test {
 protected:
  Told() {
    write("settings.json",
          Json{{"allowUnmasked", "made up"},
               {"smtp", {{"url", smtp_.url()}, {"from", "refresh@here.example"}, {"to", Json::array()}}}}
              .dump());
    write("secret.json", Json{{"password", webhook_secret}}.dump());
    home_.must({"local", "secret", "hook", "--set", (home_.path() / "secret.json").string()});
  }
  std::string write(const std::string& name, const std::string& text) {
    const auto path = home_.path() / name;
    std::ofstream(path) << text;
    return path;
  }
  /// A short file, with who is told.
  std::string file(const std::string& rest) {
    return write("dev.yaml", "refresh: dev\nfrom: mysqlinstp\ncheck_every: 1 s\n" + rest);
  }
  std::string notify(const std::string& on) {
    return "notify: {to: [dba@there.example], on: [" + on + "], webhook: {url: '" + hook_.url() +
           "/refresh', secret: hook}}\n";
  }
  Json posted() {
    const auto posts = hook_.received();
    return posts.empty() ? Json() : Json::parse(posts.back().body);
  }

  SmtpSink smtp_;
  Server hook_{{{.status = 204}}};
  Home home_;
};

TEST_F(Told, WhatBecameOfARefresh) {
  home_.make_production();
  write("mask.sql", "UPDATE customers SET email = 'masked@example.invalid';\n");
  home_.must({"run", file("mask: {mysqldbp: [mask.sql]}\n" + notify("succeeded, failed, refused"))});
  ASSERT_EQ(smtp_.mails().size(), 1U);
  const auto mail = smtp_.mails()[0];
  EXPECT_THAT(
      mail,
      AllOf(HasSubstr("RCPT TO:<dba@there.example>"),
            ContainsRegex("\r\nSubject: dev refreshed from mysqlinstp \\((under a minute|[0-9]+ min)\\)\r\n"),
            HasSubstr("\r\nInstance dev was refreshed from mysqlinstp, and serves under its name.\r\n"),
            HasSubstr("It was masked before anyone could log in.\r\n"),
            HasSubstr("\r\n          mysqldbp: mask.sql\r\n"),
            ContainsRegex("\r\nConnect:  [^ ]+:[0-9]+ as admin\r\n"),
            HasSubstr("dbrefresh local secret dbrefresh/master/dev --reveal")));
  const Json password =
      home_.json({"local", "secret", "dbrefresh/master/dev", "--reveal", "--yes"})["password"];
  EXPECT_THAT(mail, Not(HasSubstr(password.get<std::string>())));
  ASSERT_EQ(hook_.received().size(), 1U);
  EXPECT_THAT(hook_.received()[0].body, Not(HasSubstr(password.get<std::string>())));
  EXPECT_EQ(posted()["type"], "refresh.succeeded");
  EXPECT_EQ(posted()["data"]["target"], "dev");
  EXPECT_EQ(posted()["data"]["masked"], true);
  EXPECT_EQ(posted()["data"]["port"], home_.named("dev")["port"]);

  // A value of production that a failing script trips over is in neither.
  write("mask.sql", "INSERT INTO customers SELECT * FROM customers;\n");
  EXPECT_EQ(home_.run({"run", file("mask: {mysqldbp: [mask.sql]}\n" + notify("failed"))}).exit_code, 1);
  ASSERT_EQ(smtp_.mails().size(), 2U);
  EXPECT_THAT(smtp_.mails()[1],
              AllOf(HasSubstr("\r\nSubject: FAILED: dev was not refreshed from mysqlinstp\r\n"),
                    HasSubstr("State:    everything was put back\r\n"), HasSubstr("Then:     mend"),
                    Not(HasSubstr("customers.example"))));
  EXPECT_EQ(posted()["type"], "refresh.failed");
  EXPECT_THAT(posted()["data"]["cause"].get<std::string>(), HasSubstr("mask.sql:1"));
  EXPECT_THAT(posted().dump(), Not(HasSubstr("customers.example")));

  // Of what nobody asked for they are not told.
  home_.must({"run", file("mask: {mysqldbp: clean}\n" + notify("failed"))});
  EXPECT_EQ(smtp_.mails().size(), 2U);
  EXPECT_EQ(hook_.received().size(), 2U);
}

/// Nothing is made: the file is refused by its own words, or by the plan.
TEST_F(Told, WhatWasRefused) {
  EXPECT_EQ(home_.run({"run", file("msk: 1\n" + notify("refused"))}).exit_code, 2);
  ASSERT_EQ(smtp_.mails().size(), 1U);
  EXPECT_THAT(smtp_.mails()[0], AllOf(HasSubstr("\r\nSubject: REFUSED: dev was not refreshed\r\n"),
                                      HasSubstr("$.msk: is not known here"), HasSubstr("Then:     mend")));
  EXPECT_EQ(posted()["type"], "refresh.refused");
  EXPECT_EQ(home_.run({"run", file("mask: {mysqldbp: clean}\n" + notify("refused"))}).exit_code, 2);
  EXPECT_THAT(posted()["data"]["cause"].get<std::string>(), HasSubstr("there is no such instance"));
  EXPECT_EQ(smtp_.mails().size(), 2U);
  EXPECT_EQ(home_.run({"run", file("msk: 1\n" + notify("failed"))}).exit_code, 2);
  EXPECT_EQ(smtp_.mails().size(), 2U);
}

/// A run does not fail by it, and the next command brings it.
TEST_F(Told, OnceTheReceiverIsThere) {
  bool up = false;
  Server away([&](const Received&) { return Reply{.status = up ? 200 : 503}; });
  home_.make_production();
  home_.must({"run", file("mask: {mysqldbp: clean}\nnotify: {on: succeeded, webhook: {url: '" + away.url() +
                          "', secret: hook}}\n")});
  const auto tried = away.received().size();
  EXPECT_EQ(tried, 3U);
  up = true;
  const auto run = home_.json({"list"}).back()["run"].get<std::string>();
  const auto order = home_.path() / "mail" / (run + ".unsent.json");
  Json waiting = Json::parse(os::read_file(order));
  waiting["next"] = waiting["begun"];
  os::write_file_atomic(order, waiting.dump(), 0600);
  home_.must({"resume", "--all"});
  ASSERT_EQ(away.received().size(), tried + 1);
  EXPECT_EQ(away.received().back().headers.at("webhook-id"), run);
  EXPECT_EQ(away.received().back().body, away.received().front().body);
  EXPECT_FALSE(os::fs::exists(order));
}

/// Told by whoever watches, once for the same data.
TEST_F(Told, ThatDataIsTooOld) {
  home_.make_production();
  home_.must({"run", file("mask: {mysqldbp: clean}\nmax_age: 1s\n" + notify("late"))});
  const auto path = (home_.path() / "dev.yaml").string();
  base::SystemClock clock;
  const auto deadline = clock.now() + std::chrono::minutes(1);
  while (home_.run({"check", path}).exit_code != 2 && clock.now() < deadline)
    clock.sleep_until(clock.now() + std::chrono::milliseconds(100), {});
  EXPECT_TRUE(smtp_.mails().empty()) << "nobody asked for it";
  EXPECT_EQ(home_.run({"check", "--notify", path}).exit_code, 2);
  ASSERT_EQ(smtp_.mails().size(), 1U);
  EXPECT_THAT(smtp_.mails()[0],
              ContainsRegex("\r\nSubject: LATE: dev is [0-9a-z ]+ old \\(at most 1 s\\)\r\n"));
  EXPECT_EQ(posted()["type"], "refresh.late");
  EXPECT_EQ(home_.run({"check", "--notify", path}).exit_code, 2);
  EXPECT_EQ(smtp_.mails().size(), 1U);
}

TEST_F(Told, NobodyWhoCannotBe) {
  home_.make_production();
  write("settings.json", R"({"allowUnmasked": "made up"})");
  const auto refused = [&](const std::string& rest) {
    const auto done = home_.run({"plan", file("mask: {mysqldbp: clean}\n" + rest)});
    EXPECT_EQ(done.exit_code, 2) << done.output;
    return done.output;
  };
  EXPECT_THAT(refused("notify: {to: a@b.example}\n"),
              HasSubstr("dev.yaml:5:10: $.notify.to: mails go out by smtp in "));
  EXPECT_THAT(refused("notify: {webhook: {url: 'https://x', secret: no}}\n"),
              HasSubstr("$.notify.webhook.secret: it names 'no', and there is no such secret"));
  EXPECT_THAT(refused("notify: {webhook: {url: 'http://hooks.example', secret: hook}}\n"),
              HasSubstr("$.notify.webhook.url: is not encrypted"));
  EXPECT_THAT(refused("notify: {webhook: {url: 'https://x'}}\n"),
              HasSubstr("$.notify.webhook.secret: is required"));
  EXPECT_THAT(refused("notify: {on: failed}\n"), HasSubstr("$.notify: says of what, and not whom"));
  EXPECT_THAT(refused("notify: {topic: t, on: failed}\n"), HasSubstr("$.notify.on: is of "));
  EXPECT_THAT(refused("notify: {to: 'a b'}\n"), HasSubstr("$.notify.to: 'a b' is no address"));
}

}  // namespace
}  // namespace tests
