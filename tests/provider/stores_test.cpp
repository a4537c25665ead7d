#include "provider/local/stores.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/error.h"
#include "tests/temporary.h"

namespace provider::local {
namespace {

using base::Secret;
using Stage = SecretStore::Stage;
using testing::HasSubstr;

std::string code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const base::Error& error) {
    return error.code;
  }
  return "";
}

class Stores : public testing::Test {
 protected:
  tests::Temporary folder;
  Home home = open_home(folder.path());
};

TEST_F(Stores, ASecretIsPendingThenCurrentThenPrevious) {
  Secrets secrets(home);
  secrets.put_pending("s", Secret("one"));
  EXPECT_FALSE(secrets.get("s", Stage::current));
  secrets.promote("s");
  EXPECT_EQ(secrets.get("s", Stage::current), Secret("one"));
  secrets.put_pending("s", Secret("two"));
  secrets.promote("s");
  secrets.promote("s");  // nothing is pending: it has happened
  EXPECT_EQ(secrets.get("s", Stage::current), Secret("two"));
  EXPECT_EQ(secrets.get("s", Stage::previous), Secret("one"));
  EXPECT_EQ(Secrets(home).get("s", Stage::current), Secret("two"));
  secrets.remove("s");
  EXPECT_TRUE(secrets.names().empty());
}

TEST_F(Stores, SecretsAreSealedUnderAPrivateKey) {
  Secrets(home).put_pending("s", Secret("plain-text-password"));
  for (const auto& entry : os::fs::directory_iterator(home.root))
    if (entry.is_regular_file()) {
      EXPECT_EQ(os::read_file(entry.path()).find("plain-text-password"), std::string::npos) << entry.path();
    }
  struct stat info {};
  ASSERT_EQ(::stat(home.secret_key().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  ::chmod(home.secret_key().c_str(), 0644);
  EXPECT_EQ(code_of([&] { Secrets again(home); }), "SecretKeyExposed");
  ::chmod(home.secret_key().c_str(), 0600);
  std::ofstream(home.secret_key(), std::ios::binary) << std::string(32, 'k');
  EXPECT_EQ(code_of([&] { Secrets(home).get("s", Stage::pending); }), "SecretError");
}

TEST(FamilyOf, AnEngineThatWeDoNotServeIsItsOwnFamily) {
  for (const char* engine : {"mysql", "mariadb", "aurora", "aurora-mysql"})
    EXPECT_EQ(family_of(engine), "mariadb");
  for (const char* engine : {"postgres", "postgresql", "aurora-postgresql"})
    EXPECT_EQ(family_of(engine), "postgres");
  for (const char* engine : {"oracle", "oracle-se2", "sqlserver-ee", "db2-se", "docdb", ""})
    EXPECT_EQ(family_of(engine), engine);
}

TEST_F(Stores, AScriptIsReadFromItsBucketAndNowhereElse) {
  Scripts scripts(home);
  os::make_folder(home.buckets() / "b/p", 0700);
  std::ofstream(home.buckets() / "b/p/s.sql") << "SELECT 1;";
  EXPECT_EQ(scripts.read("b", "p/s.sql"), "SELECT 1;");
  EXPECT_EQ(code_of([&] { scripts.read("x", "p/s.sql"); }), "NoSuchBucket");
  EXPECT_EQ(code_of([&] { scripts.read("b", "p/t.sql"); }), "NoSuchKey");
  EXPECT_EQ(code_of([&] { scripts.read("b", "../../secrets.key"); }), "NoSuchKey");
  EXPECT_EQ(code_of([&] { scripts.read("..", "secrets.key"); }), "NoSuchBucket");
}

TEST_F(Stores, TheLedgerKeepsTheFirstWordOfARun) {
  SqliteLedger ledger(home);
  ledger.record("t", {.run = "1", .dbinstance = "d", .restoredate = "same", .status = "completed"});
  ledger.record("t", {.run = "1", .dbinstance = "d", .restoredate = "same", .status = "failed"});
  ledger.record("t", {.run = "2", .dbinstance = "d", .restoredate = "same", .status = "failed"});
  ASSERT_EQ(ledger.rows("t").size(), 2U) << "two runs never overwrite one another";
  EXPECT_EQ(ledger.rows("t")[0].status, "completed");
  EXPECT_TRUE(ledger.rows("other").empty());
}

/// Just enough of an SMTP server to hear one mail.
class SmtpListener {
 public:
  SmtpListener() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(fd_, 1);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    listener_ = std::jthread([this] { serve(); });
  }
  ~SmtpListener() { ::close(fd_); }
  std::string heard() {
    listener_.join();
    return heard_;
  }
  int port = 0;

 private:
  void serve() {
    const int client = ::accept(fd_, nullptr, nullptr);
    auto say = [&](const std::string& line) {
      [[maybe_unused]] const auto n = ::write(client, line.data(), line.size());
    };
    say("220 listener\r\n");
    bool data = false;
    std::string line;
    char c = 0;
    while (::read(client, &c, 1) == 1) {
      line += c;
      if (c != '\n') continue;
      heard_ += line;
      if (data && line == ".\r\n")
        data = false, say("250 taken\r\n");
      else if (!data && line.starts_with("DATA"))
        data = true, say("354 go on\r\n");
      else if (!data && line.starts_with("QUIT"))
        break;
      else if (!data)
        say("250 fine\r\n");
      line.clear();
    }
    say("221 bye\r\n");
    ::close(client);
  }
  int fd_;
  std::string heard_;
  std::jthread listener_;
};

TEST_F(Stores, AMessageIsInTheMailboxOnceAndGoesOutBySmtp) {
  Secrets secrets(home);
  Mailbox mailbox(home, secrets);
  SmtpListener smtp;
  std::ofstream(home.root / "settings.json")
      << base::Json{{"smtp",
                     {{"url", "smtp://127.0.0.1:" + std::to_string(smtp.port)},
                      {"from", "from@here.example"},
                      {"to", {"to@there.example"}}}}};
  mailbox.send({.run = "r", .topic = "arn", .subject = "Subject line", .body = "First line\nSecond line"});
  EXPECT_THAT(os::read_file(home.mailbox() / "r.txt"),
              HasSubstr("Subject: Subject line\nTopic: arn\n\nFirst line\nSecond line\n"));
  const std::string heard = smtp.heard();
  for (const char* part : {"MAIL FROM:<from@here.example>", "RCPT TO:<to@there.example>",
                           "Subject: Subject line\r\n", "First line\r\nSecond line\r\n"})
    EXPECT_THAT(heard, HasSubstr(part));
  mailbox.send(
      {.run = "r", .subject = "again", .body = "again"});  // no listener any more: a second try would throw
  std::ofstream(home.root / "settings.json")
      << R"({"smtp": {"url": "smtp://127.0.0.1:1", "from": "a", "to": ["b"]}})";
  EXPECT_EQ(code_of([&] { mailbox.send({.run = "q", .subject = "s", .body = "b"}); }), "MailFailed");
}

}  // namespace
}  // namespace provider::local
