#include "provider/local/stores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <barrier>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "tests/volume.h"

namespace provider::local {
namespace {

using base::Secret;
using Stage = SecretStore::Stage;
using testing::AllOf;
using testing::HasSubstr;

std::string code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const base::Error& error) {
    return error.code;
  }
  return "";
}

constexpr std::string_view nothing[] = {""};
constexpr store::Schema one_step{nothing};

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
  for (const char* engine : {"oracle", "db2-se", "docdb", ""}) EXPECT_EQ(family_of(engine), engine);
  EXPECT_EQ(family_of("oracle-se2"), "oracle");
  EXPECT_EQ(family_of("sqlserver-ee"), "sqlserver");
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

TEST_F(Stores, SettingsThatAreNoneAreRefusedByName) {
  auto refusal = [&](const char* text) -> std::string {
    std::ofstream(home.root / "settings.json") << text;
    try {
      read_settings(home.root);
    } catch (const base::Error& error) {
      return error.message;
    }
    return "";
  };
  EXPECT_THAT(refusal(R"({"smpt": {}, "strictChecks": "yes"})"),
              AllOf(HasSubstr("'smpt' is no setting; there are strictChecks, allowUnmasked, accounts, smtp"),
                    HasSubstr("'strictChecks' has another type")));
  EXPECT_THAT(refusal(R"({"smtp": {"url": "smtp://x", "from": "a", "username": 1, "pass": "x"}})"),
              AllOf(HasSubstr("'smtp.to' is missing"), HasSubstr("'smtp.username' has another type"),
                    HasSubstr("'smtp.pass' is no setting")));
  EXPECT_THAT(refusal("[]"), HasSubstr("is not a JSON object"));
  EXPECT_EQ(refusal(R"({"strictChecks": true, "smtp": {"url": "u", "from": "a", "to": ["b"]}})"), "");
}

TEST_F(Stores, OfManyFirstCommandsOneMakesTheKey) {
  constexpr int many = 30;
  for (int round = 0; round < 10; ++round) {
    tests::Temporary fresh;
    const Home at = open_home(fresh.path());
    {
      std::barrier together(many);
      std::vector<std::jthread> commands;
      for (int i = 0; i < many; ++i)
        commands.emplace_back([&, i] {
          together.arrive_and_wait();
          Secrets(at).put_pending("s" + std::to_string(i), Secret("value"));
        });
    }
    Secrets secrets(at);
    for (int i = 0; i < many; ++i)
      EXPECT_EQ(secrets.get("s" + std::to_string(i), Stage::pending), Secret("value")) << i;
  }
}

TEST_F(Stores, ASecretCannotBePassedOffAsAnotherNorAnOldVersionAsTheNewOne) {
  Secrets secrets(home);
  for (const char* name : {"a", "b"})
    for (const char* value : {"old", "new"}) {
      secrets.put_pending(name, Secret(value));
      secrets.promote(name);
    }
  store::Database db(home.secrets(), one_step);
  db.execute(
      "UPDATE secret SET sealed = (SELECT sealed FROM secret WHERE name = 'a' AND stage = 'AWSPREVIOUS') "
      "WHERE name = 'a' AND stage = 'AWSCURRENT'");
  EXPECT_EQ(code_of([&] { secrets.get("a", Stage::current); }), "SecretError");
  db.execute(
      "UPDATE secret SET sealed = substr((SELECT sealed FROM secret WHERE name = 'b' AND stage = "
      "'AWSPREVIOUS'), 3) WHERE name = 'b' AND stage = 'AWSCURRENT'");
  EXPECT_EQ(code_of([&] { secrets.get("b", Stage::current); }), "SecretError");
  db.execute("UPDATE secret SET sealed = '2:no hex' WHERE name = 'b'");
  EXPECT_EQ(code_of([&] { secrets.get("b", Stage::current); }), "SecretError");
}

/// As commit b400914 sealed it: the name alone is authenticated.
TEST_F(Stores, AnOldSecretOpens) {
  std::ofstream(home.secret_key(), std::ios::binary) << std::string(32, 'k');
  ::chmod(home.secret_key().c_str(), 0600);
  Secrets secrets(home);
  store::Database(home.secrets(), one_step)
      .execute(
          "INSERT INTO secret VALUES ('s', 'AWSCURRENT', "
          "'6e6e6e6e6e6e6e6e6e6e6e6e056a0b57e20eb51c18695d09386827d8f757839067d5e9ac29')");
  EXPECT_EQ(secrets.get("s", Stage::current), Secret("old value"));
}

TEST_F(Stores, AnOldLedgerGetsItsNewColumn) {
  constexpr std::string_view old[] = {R"sql(CREATE TABLE ledger (
    tablename TEXT NOT NULL, run TEXT NOT NULL, dbinstance TEXT NOT NULL, restoredate TEXT NOT NULL, appname TEXT NOT NULL,
    environment TEXT NOT NULL, source TEXT NOT NULL, restoretype TEXT NOT NULL, snapshot TEXT NOT NULL, status TEXT NOT NULL,
    recordingtime TEXT NOT NULL, datatime TEXT NOT NULL, durations TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (run));
    INSERT INTO ledger VALUES ('t','1','d','','','','','','','completed','','','','');)sql"};
  const auto made = store::Database(home.ledger(), {old});
  SqliteLedger ledger(home);
  ledger.record("t", {.run = "2", .status = "completed", .recordingtime = "z", .masked = "no: a test"});
  const auto rows = SqliteLedger(home).rows("t");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].masked, "");
  EXPECT_EQ(rows[1].masked, "no: a test");
}

TEST(FullDisk, IsNamed) {
  const tests::Volume volume("24M", "mkfs.ext4 -q -m 0");
  if (!volume.good) GTEST_SKIP() << "needs root, a loop device and mkfs.ext4";
  const Home home = open_home(volume.path());
  Secrets(home).put_pending("s", Secret("value"));
  {
    std::ofstream rest(volume.path() / "rest", std::ios::binary);
    const std::string piece(4096, 'x');
    while (rest.write(piece.data(), 4096).flush()) {
    }
  }
  EXPECT_EQ(code_of([&] { Secrets(home).put_pending("t", Secret(std::string(100'000, 'x'))); }), "DiskFull");
}

}  // namespace
}  // namespace provider::local
