// Mails as others read them: Python's parser, which knows RFC 5322 and MIME.
#include "os/mail.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/json.h"
#include "os/files.h"
#include "os/process.h"
#include "tests/temporary.h"

namespace os {
namespace {

using base::Json;
using testing::HasSubstr;

constexpr const char* parser = R"(
import email, email.policy, json, sys
mail = email.message_from_bytes(open(sys.argv[1], 'rb').read(), policy=email.policy.default)
print(json.dumps({'headers': [[name, str(value)] for name, value in mail.items()], 'body': mail.get_content().replace('\r\n', '\n'),
                  'defects': [str(each) for each in mail.defects]}))
)";

Mail plain_mail() {
  return {.url = "",
          .from = "refresh@here.example",
          .to = {"dba@there.example"},
          .id = "20260203040506-abcdef",
          .date = *base::parse_ledger_utc("2026-02-03 04:05:06"),
          .subject = "shop-dev refreshed from shop-prod (4 min)",
          .body = "First line\n\nlast line\n"};
}

class Mails : public testing::Test {
 protected:
  Json read(const Mail& mail) {
    const std::string text = mail_text(mail);
    for (std::size_t from = 0, end; (end = text.find("\r\n", from)) != std::string::npos; from = end + 2)
      EXPECT_LE(end - from, 78U) << text.substr(from, end - from);
    EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
    write_file_atomic(folder_.path() / "mail", text, 0600);
    base::SystemClock clock;
    const auto done = os::run({.argv = {"/usr/bin/python3", "-c", parser, folder_.path() / "mail"}}, clock,
                              clock.now() + std::chrono::minutes(1), {});
    EXPECT_EQ(done.exit_code, 0) << done.output;
    Json parsed = Json::parse(done.output);
    EXPECT_EQ(parsed["defects"], Json::array());
    return parsed;
  }
  static std::string header(const Json& parsed, const std::string& name) {
    for (const Json& each : parsed["headers"])
      if (each[0] == name) return each[1];
    return "";
  }
  tests::Temporary folder_;
};

TEST_F(Mails, HaveWhatAMailNeeds) {
  const Json mail = read(plain_mail());
  EXPECT_EQ(header(mail, "Date"), "Tue, 03 Feb 2026 04:05:06 +0000");
  EXPECT_EQ(header(mail, "Message-ID"), "<20260203040506-abcdef@here.example>");
  EXPECT_EQ(header(mail, "From"), "refresh@here.example");
  EXPECT_EQ(header(mail, "To"), "dba@there.example");
  EXPECT_EQ(header(mail, "Subject"), "shop-dev refreshed from shop-prod (4 min)");
  EXPECT_EQ(header(mail, "Auto-Submitted"), "auto-generated");
  EXPECT_EQ(header(mail, "Content-Transfer-Encoding"), "7bit");
  EXPECT_EQ(mail["body"], "First line\n\nlast line\n");
}

TEST_F(Mails, OfOtherAlphabetsAndLongLinesAreReadAsTheyWereWritten) {
  auto mail = plain_mail();
  mail.subject = "Größe: " + std::string(300, 'x') + " データベース 🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘🐘";
  mail.body = "Ünïcödé = 100 %\nends with a blank \n" + std::string(3000, 'y') + " 🐘\n.\n\t\x01 control\n";
  for (int i = 0; i < 20; ++i) mail.to.push_back("person" + std::to_string(i) + "@there.example");
  const Json parsed = read(mail);
  EXPECT_EQ(header(parsed, "Subject"), mail.subject);
  EXPECT_EQ(parsed["body"], mail.body);
  EXPECT_THAT(header(parsed, "To"), HasSubstr("person19@there.example"));
  mail.subject = "=?UTF-8?Q?no_word?= of ours";
  EXPECT_EQ(header(read(mail), "Subject"), mail.subject) << "it is no word of an encoded header";
  mail.subject =
      std::string("many words") + std::string(60, ' ') + "and blanks in between, which is where it is broken";
  EXPECT_EQ(header(read(mail), "Subject"), mail.subject);
}

TEST_F(Mails, NothingBecomesAHeaderThatIsNone) {
  auto mail = plain_mail();
  const auto names = read(mail)["headers"].size();
  mail.subject = std::string("shop\r\nBcc: thief@evil.example\r\n\r\nbody") + '\0' + "\x7f\xff";
  mail.id = "id\r\nBcc: thief@evil.example";
  mail.body = "\r\nBcc: thief@evil.example\r\n";
  const Json parsed = read(mail);
  EXPECT_EQ(parsed["headers"].size(), names);
  EXPECT_EQ(header(parsed, "Bcc"), "");
  EXPECT_THAT(header(parsed, "Subject"), HasSubstr("Bcc: thief@evil.example"));
  for (const char* address : {"a@b\r\nBcc: c@d", "", "ä@b.example"}) {
    auto broken = plain_mail();
    broken.to = {address};
    EXPECT_THROW(mail_text(broken), base::Error) << address;
    broken = plain_mail();
    broken.from = address;
    EXPECT_THROW(mail_text(broken), base::Error) << address;
  }
}

TEST(MailAddress, IsOneNameAtOneHost) {
  for (const char* good : {"dba@example.com", "a+b.c_d=e@x", "o'neil@example.com"})
    EXPECT_TRUE(is_mail_address(good)) << good;
  for (const char* bad :
       {"", "dba", "@x", "a@", "a@b@c", "a b@c", "a@b>", "<a@b>", "a,b@c", "a@b\r\nX: y", "-a@b"})
    EXPECT_FALSE(is_mail_address(bad)) << bad;
}

}  // namespace
}  // namespace os
