// Real MariaDB servers, the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mysql.h>
#include <signal.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "tests/end-to-end/program.h"
#include "tests/volume.h"

namespace tests {
namespace {

using base::Json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* first_file = "db-app1-mysqlinstd.json";
constexpr const char* with_secret = "test-2b/db-app1-mysqlinstd.json";
constexpr const char* masked_copy = "test-3c/db-app1-mysqlinstd.json";
constexpr const char* emails = "SELECT email FROM customers ORDER BY id;";

/// Can `user` log in over TCP, as an application would? 0, or the server's error number.
unsigned tcp_login(int port, const std::string& user, const std::string& password) {
  MYSQL* db = mysql_init(nullptr);
  const bool good = mysql_real_connect(db, "127.0.0.1", user.c_str(), password.c_str(), nullptr,
                                       static_cast<unsigned>(port), nullptr, 0) != nullptr;
  const unsigned code = good ? 0 : mysql_errno(db);
  mysql_close(db);
  return code;
}

/// What must hold after a failed run: the old database serves its old data, and nothing is left behind.
void expect_put_back(Home& home, const std::string& marker) {
  const Json list = home.json({"local", "list"});
  EXPECT_EQ(list.size(), 2U) << list.dump(1);
  for (const Json& each : list) EXPECT_EQ(each["status"], "available") << list.dump(1);
  EXPECT_EQ(home.sql("mysqlinstd", "SELECT title FROM books WHERE id = 1;"), marker + "\n");
  std::size_t folders = 0;
  for ([[maybe_unused]] const auto& entry : os::fs::directory_iterator(home.path() / "instances")) ++folders;
  EXPECT_EQ(folders, 2U);
}

/// Marks the development database, so that the old one can be told from a new one.
void mark(Home& home) {
  EXPECT_EQ(home.sql("mysqlinstd", "UPDATE books SET title = 'the old one' WHERE id = 1;"), "");
}

TEST(EndToEnd, TheThreeTestsOfTheOriginal) {
  Home home;
  home.make_production();
  EXPECT_EQ(home.sql("mysqlinstp",
                     "CREATE USER app@'%' IDENTIFIED BY 'app-pw'; CREATE USER root@'%' IDENTIFIED BY "
                     "'root-pw'; CREATE USER ''@'%' IDENTIFIED BY 'any-pw';"),
            "");
  EXPECT_EQ(
      home.sql("mysqlinstp", "INSERT INTO books (title, author, price) VALUES ('just before', 'x', 1);"), "");
  home.must({"run", home.file(first_file)});
  EXPECT_EQ(home.sql("mysqlinstd", "SELECT COUNT(*) FROM books WHERE title = 'just before';"), "1\n");
  EXPECT_EQ(tcp_login(home.port(), "admin", "temppwd123"), 0U);
  EXPECT_NE(tcp_login(home.port(), "admin", "production pw"), 0U) << "production's password opens the copy";
  EXPECT_NE(tcp_login(home.port(), "app", "app-pw"), 0U) << "a production login opens the copy";
  EXPECT_NE(tcp_login(home.port(), "root", "root-pw"), 0U) << "production's root opens the copy";
  EXPECT_NE(tcp_login(home.port(), "whoever", "any-pw"), 0U) << "production's anonymous user opens the copy";

  const std::string before = home.json({"local", "list"})[0]["id"];
  home.must({"run", home.file(with_secret)});
  EXPECT_NE(home.json({"local", "list"})[0]["id"], before);
  const Json secret = home.json({"local", "secret", "/development/app1/mysqlinstd"});
  EXPECT_EQ(secret, Json({{"username", "admin"},
                          {"password", "(hidden)"},
                          {"engine", "mariadb"},
                          {"host", "127.0.0.1"},
                          {"port", home.port()},
                          {"dbname", "mysqldbp"},
                          {"dbInstanceIdentifier", "mysqlinstd"}}));

  home.must({"run", home.file(masked_copy)});
  EXPECT_EQ(
      home.sql("mysqlinstd", "SELECT DISTINCT email, address FROM customers; SELECT COUNT(*) FROM logs;"),
      "masked@example.invalid\tmasked\n0\n");
  EXPECT_THAT(home.sql("mysqlinstp", emails), HasSubstr("one@customers.example"));
  const Json ledger = home.json({"ledger"});
  ASSERT_EQ(ledger.size(), 3U);
  for (const Json& row : ledger) EXPECT_EQ(row["status"], "completed");
  for (const Json& row : ledger)
    EXPECT_TRUE(os::fs::exists(home.path() / "mail" / (row["run"].get<std::string>() + ".txt")));
  const Json tags = home.json({"local", "list"})[0]["tags"];
  EXPECT_EQ(tags["refresh-instance"], "mysqlinstd");
  EXPECT_EQ(tags["refresh"], "true");
}

TEST(EndToEnd, ProductionsPasswordOpensNoCopyWithoutAPasswordInTheFile) {
  Home home;
  home.make_production();
  const std::string file = home.path() / "plain.json";
  Json plain = Json::parse(os::read_file(home.file(first_file)));
  plain["changemasterpwd"]["torun"] = "false";
  plain["rotatemasterpwd"]["torun"] = "false";

  std::ofstream(file) << plain.dump(2);
  const std::string output = home.must({"run", file});
  EXPECT_THAT(output, HasSubstr("local secret dbrefresh/master/mysqlinstd --reveal"));
  EXPECT_NE(tcp_login(home.port(), "admin", "production pw"), 0U);
  const Json secret = home.json({"local", "secret", "dbrefresh/master/mysqlinstd", "--reveal", "--yes"});
  EXPECT_EQ(tcp_login(home.port(), "admin", secret["password"]), 0U);
}

TEST(EndToEnd, AScriptThatFailsPutsEverythingBack) {
  Home home;
  home.make_production();
  home.must({"run", home.file(first_file)});
  mark(home);
  std::ofstream(home.path() / "buckets/awssol-bucket/sqlscripts/rdsmysql/mysqlinstd/02script.sql")
      << "UPDATE customers SET email = 'x';\n\nUPDATE nowhere SET a = 1;\n";
  const auto finished = home.run({"run", home.file(masked_copy)});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.output, HasSubstr("02script.sql:3: statement 2 of 2 failed"));
  EXPECT_THAT(finished.output, HasSubstr("Table 'mysqldbp.nowhere' doesn't exist"));
  expect_put_back(home, "the old one");
  const Json ledger = home.json({"ledger"});
  ASSERT_EQ(ledger.size(), 2U);
  EXPECT_EQ(ledger[1]["status"], "failed");
  EXPECT_THAT(ledger[1]["reason"].get<std::string>(), HasSubstr("nowhere"));
  EXPECT_THAT(os::read_file(home.path() / "mail" / (ledger[1]["run"].get<std::string>() + ".txt")),
              HasSubstr("Subject: FAILED: mysqlinstd was not refreshed from mysqlinstp\n"));
  EXPECT_EQ(tcp_login(home.port(), "admin", "temppwd123"), 0U) << "the old database serves";
}

TEST(EndToEnd, AFailedCopyIsKeptClosedIfAskedFor) {
  Home home;
  home.make_production();
  std::ofstream(home.path() / "buckets/awssol-bucket/sqlscripts/rdsmysql/mysqlinstd/02script.sql")
      << "UPDATE nowhere SET a = 1;\n";
  EXPECT_EQ(home.run({"run", "--keep-failed",
                      home.file(masked_copy, {{"\"secret\": \"true\"", "\"secret\": \"true\""}})})
                .exit_code,
            1);
  const Json list = home.json({"local", "list"});
  ASSERT_EQ(list.size(), 2U);
  EXPECT_THAT(list[0]["name"].get<std::string>(), testing::StartsWith("mysqlinstd-failed-"));
  EXPECT_EQ(home.json({"list"})[0]["masked"], false) << "its scripts failed";
  EXPECT_EQ(list[0]["open"], false);
  EXPECT_NE(tcp_login(home.port(), "admin", "temppwd123"), 0U);

  // What is mended is run on a copy of it, and production is left alone.
  os::remove_tree(home.path() / "buckets/awssol-bucket/sqlscripts/rdsmysql/mysqlinstd/02script.sql");
  os::fs::copy_file(SOURCE_DIR "/examples/buckets/awssol-bucket/sqlscripts/rdsmysql/mysqlinstd/02script.sql",
                    home.path() / "buckets/awssol-bucket/sqlscripts/rdsmysql/mysqlinstd/02script.sql");
  const std::string kept = list[0]["name"];
  home.must(
      {"run", home.file(masked_copy, {{"\"source\": \"mysqlinstp\"", "\"source\": \"" + kept + "\""}})});
  EXPECT_EQ(tcp_login(home.port(), "admin", "temppwd123"), 0U);
  EXPECT_EQ(home.sql("mysqlinstd", "SELECT DISTINCT email FROM customers;"), "masked@example.invalid\n");
}

TEST(EndToEnd, PasswordsOfEveryKindWorkAndAppearNowhere) {
  for (const std::string password :
       {"quo'te\\\"d; DROP--", "sp ace $HOME `x` #;", "p\xC3\xA4ssw\xC3\xB6rd-\xE2\x82\xAC%s{}"}) {
    Home home;
    home.make_production("production-" + password);
    const std::string in_json = Json(password).dump();
    home.must({"run", home.file(masked_copy, {{"\"temppwd123\"", in_json}})});
    EXPECT_EQ(tcp_login(home.port(), "admin", password), 0U) << password;
    for (const auto& row : home.json({"list"})) home.must({"history", row["run"]});
    for (const auto& entry : os::fs::recursive_directory_iterator(home.path())) {
      if (!entry.is_regular_file() || entry.path().filename().string().starts_with("file-")) continue;
      const std::string content = os::read_file(entry.path(), 1U << 30U);
      for (const std::string& form : {password, in_json.substr(1, in_json.size() - 2)})
        EXPECT_EQ(content.find(form), std::string::npos) << entry.path() << " holds the password";
    }
  }
}

TEST(EndToEnd, ThePlanFindsWhatWouldFailAndChangesNothing) {
  Home home;
  home.make_production();
  auto refusal = [&](const std::vector<std::pair<std::string, std::string>>& replacements) {
    const auto finished = home.run({"run", home.file(masked_copy, replacements)});
    EXPECT_EQ(finished.exit_code, 2) << finished.output;
    return finished.output;
  };
  EXPECT_THAT(refusal({{"\"source\": \"mysqlinstp\"", "\"source\": \"nothere\""}}),
              HasSubstr("$.restore.source: 'nothere': there is no such instance"));
  EXPECT_THAT(refusal({{"01script.sql,02script.sql", "01script.sql,missing.sql"}}),
              HasSubstr("$.runscripts.keys: 'missing.sql': bucket 'awssol-bucket' has no object"));
  EXPECT_THAT(refusal({{"\"engine\": \"mysql\"", "\"engine\": \"postgresql\""}}),
              HasSubstr("$.runscripts.engine: says 'postgresql', and the source is mariadb"));
  EXPECT_THAT(refusal({{"\"method\": \"lambda\"", "\"method\": \"ec2\""}}),
              HasSubstr("$.runscripts.method: 'ec2'"));
  const int taken = home.json({"local", "list"})[0]["port"];
  EXPECT_THAT(refusal({{"\"port\": " + std::to_string(home.port()), "\"port\": " + std::to_string(taken)}}),
              HasSubstr("is taken by instance mysqlinstp"));
  std::ofstream(home.path() / "password") << "x\n";
  home.must({"local", "create", "mysqlinstd", "--password-file", (home.path() / "password").string()});
  EXPECT_THAT(refusal({}), HasSubstr("does not carry the tag refresh=true"));
  home.must({"local", "snapshot", "create", "of-another", "--of", "mysqlinstd"});
  EXPECT_THAT(refusal({{"\"restoretype\": \"latestpoint\"",
                        "\"restoretype\": \"fromsnapshot\", \"snapshot\": \"of-another\""}}),
              HasSubstr("'of-another' is of 'mysqlinstd', and not of 'mysqlinstp'"));
  const std::string both =
      home.run({"run", home.file(first_file, {{"\"source\": \"mysqlinstp\"", "\"source\": \"nothere\""}})})
          .output;
  EXPECT_THAT(both, HasSubstr("nothere"));
  EXPECT_THAT(both, HasSubstr("$.delete.torun: warning: is not true: 'mysqlinstd' stays, closed to users"));
  EXPECT_THAT(home.run({"plan", home.file(masked_copy, {{"\"source\": \"mysqlinstp\",\n    \"restoretype\"",
                                                         "\"source\": \"elsewhere\", \"restoretype\""}})})
                  .output,
              HasSubstr("says 'elsewhere', and the data is of 'mysqlinstp'"));
  for (const Json& run : home.json({"list"})) EXPECT_EQ(run["status"], "REFUSED") << "no run was begun";
  EXPECT_EQ(home.json({"local", "list"}).size(), 2U);
}

/// Its master has all rights in the database that it begins with.
TEST(EndToEnd, NoDatabaseBeginsWithOneOfTheServersOwn) {
  Home home;
  std::ofstream(home.path() / "password") << "x\n";
  for (const std::string own : {"mysql", "DBREFRESH", "template1"}) {
    const auto made = home.run({"local", "create", "prod", "--password-file",
                                (home.path() / "password").string(), "--database", own});
    EXPECT_EQ(made.exit_code, 2) << made.output;
    EXPECT_THAT(made.output, HasSubstr("' is the server's own"));
  }
  EXPECT_EQ(home.json({"local", "list"}), Json::array());
}

/// Starts `run` and returns its process.
os::ProcessId start_run(Home& home, const std::string& file) {
  return os::start(
      {.argv = {PROGRAM, "--home", home.path().string(), "run", file}, .output = home.path() / "run.log"});
}

/// Is a copy in the making?
bool is_copying(const Home& home) {
  for (const auto& entry : os::fs::directory_iterator(home.path() / "instances"))
    if (entry.path().extension() == ".partial") return true;
  return false;
}

void wait_until_gone(const os::ProcessId& process) {
  base::SystemClock clock;
  const auto deadline = clock.now() + std::chrono::minutes(2);
  while (os::is_running(process) && clock.now() < deadline)
    clock.sleep_until(clock.now() + std::chrono::milliseconds(5), {});
  EXPECT_FALSE(os::is_running(process));
}

TEST(EndToEnd, KilledAtTwentyRandomMomentsItResumesOrIsReplaced) {
  Home home;
  home.make_production();
  home.must({"run", home.file(first_file)});
  base::SystemClock clock;
  std::uint64_t random = os::random_seed();
  std::cout << "seed " << random << "\n";
  std::size_t runs = 1;
  for (int i = 0; i < 20; ++i) {
    mark(home);
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    const auto process = start_run(home, home.file(masked_copy));
    clock.sleep_until(clock.now() + std::chrono::milliseconds((random >> 33) % 2000), {});
    os::send_signal(process, SIGKILL);
    wait_until_gone(process);
    const Json list = home.json({"list"});
    const bool began = list.size() > runs;
    const Json& last = list.back();
    if (began && last["status"] == "RUNNING") {
      if (i % 2 == 0) {
        home.must({"resume", last["run"]});
      } else {
        home.must({"run", home.file(masked_copy)});
        const Json replaced = home.json({"status", last["run"]});
        if (replaced["status"] != "SUCCEEDED") {  // killed so late that only its last words were missing
          EXPECT_EQ(replaced["error"], "RefreshCancelled");
        }
      }
    } else if (!began) {
      home.must({"run", home.file(masked_copy)});
    }
    runs = home.json({"list"}).size();
    EXPECT_EQ(home.json({"ledger"}).size(), runs);
    EXPECT_EQ(home.json({"local", "list"}).size(), 2U) << "after kill " << i;
    EXPECT_EQ(home.sql("mysqlinstd", "SELECT DISTINCT email FROM customers;"), "masked@example.invalid\n");
    EXPECT_EQ(tcp_login(home.port(), "admin", "temppwd123"), 0U);
  }
}

TEST(EndToEnd, InterruptedOnceItStopsAndSaysHowToGoOn) {
  Home home;
  home.make_production("pw", 20'000);
  const auto process = start_run(home, home.file(first_file));
  base::SystemClock clock;
  while (home.json({"list"}).empty()) clock.sleep_until(clock.now() + std::chrono::milliseconds(20), {});
  os::send_signal(process, SIGINT);
  wait_until_gone(process);
  const Json run = home.json({"list"})[0];
  if (run["status"] == "RUNNING") {
    EXPECT_THAT(os::read_file(home.path() / "run.log"),
                HasSubstr(" resume " + run["run"].get<std::string>()));
    home.must({"resume", run["run"]});
  }
  EXPECT_EQ(home.json({"ledger"}).size(), 1U);
  EXPECT_EQ(home.sql("mysqlinstd", "SELECT COUNT(*) FROM customers;"), "20000\n");
}

/// What Ctrl-C ends in the middle is not called done, and what it leaves is in no new run's way.
TEST(EndToEnd, AScriptThatIsInterruptedIsNotCalledDone) {
  Home home;
  home.make_production();
  home.must({"run", home.file(first_file)});
  mark(home);
  os::write_file_atomic(home.path() / "buckets/awssol-bucket/sqlscripts/rdsmysql/mysqlinstd/01script.sql",
                        "SELECT SLEEP(100)\n", 0600);
  const std::string file = home.file(masked_copy);
  const auto process = start_run(home, file);
  base::SystemClock clock;
  const auto log = [&] { return os::read_file(home.path() / "run.log"); };
  const auto deadline = clock.now() + std::chrono::minutes(2);
  const auto status = [&] { return home.run({"status", home.json({"list"}).back()["run"]}).output; };
  while (status().find("run-scripts") == std::string::npos && clock.now() < deadline)
    clock.sleep_until(clock.now() + std::chrono::milliseconds(50), {});
  os::send_signal(process, SIGINT);
  wait_until_gone(process);
  EXPECT_THAT(log(), HasSubstr("\n  left   run-scripts"));
  EXPECT_THAT(log(), testing::Not(HasSubstr("ok     run-scripts")));
  const std::string left = home.json({"list"}).back()["run"];
  EXPECT_THAT(home.must({"plan", file}),
              HasSubstr("note: run " + left + " of the same target was interrupted"));
  home.must({"cancel", left});
  expect_put_back(home, "the old one");
}

TEST(EndToEnd, TwoRunsOfOneTargetExcludeEachOther) {
  Home home;
  home.make_production("pw", 2'000);
  const std::string file = home.file(first_file);
  const auto process = start_run(home, file);
  base::SystemClock clock;
  while (home.json({"list"}).empty()) clock.sleep_until(clock.now() + std::chrono::milliseconds(5), {});
  const auto second = home.run({"run", file});
  wait_until_gone(process);
  EXPECT_EQ(second.exit_code, 2) << second.output;
  EXPECT_THAT(second.output, testing::AnyOf(HasSubstr("is refreshing instance/mysqlinstd right now"),
                                            HasSubstr("'mysqlinstd' exists")));  // the first was faster
  const Json ledger = home.json({"ledger"});
  ASSERT_EQ(ledger.size(), 2U);
  EXPECT_NE(ledger[0]["status"], ledger[1]["status"]);
}

/// Kills the server of an instance, and waits until it is gone.
void kill_server(Home& home, const std::string& name) {
  base::SystemClock clock;
  const Json it = home.named(name);
  ASSERT_FALSE(it.is_null()) << name;
  const auto server = os::identify(
      std::atoi(os::read_file(home.path() / "instances" / it["id"].get<std::string>() / "pid").c_str()));
  ASSERT_TRUE(server);
  os::send_signal(*server, SIGKILL);
  while (os::is_running(*server)) clock.sleep_until(clock.now() + std::chrono::milliseconds(5), {});
}

std::string status_of(Home& home, const std::string& name) {
  const Json it = home.named(name);
  return it.is_null() ? "gone" : it["status"];
}

TEST(EndToEnd, AKilledSourceFailsTheRunAndLeavesTheOldDatabase) {
  Home home;
  home.make_production();
  home.must({"run", home.file(first_file)});
  mark(home);
  const auto process = start_run(home, home.file(masked_copy));
  base::SystemClock clock;
  const auto deadline = clock.now() + std::chrono::minutes(1);
  while (!is_copying(home) && clock.now() < deadline)
    clock.sleep_until(clock.now() + std::chrono::milliseconds(1), {});
  kill_server(home, "mysqlinstp");
  wait_until_gone(process);
  EXPECT_EQ(home.json({"ledger"})[1]["status"], "failed");
  EXPECT_EQ(status_of(home, "mysqlinstp"), "stopped");
  EXPECT_EQ(tcp_login(home.port(), "admin", "temppwd123"), 0U) << "the old database serves";

  const auto refused = home.run({"run", home.file(masked_copy)});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("'mysqlinstp' is stopped"));
  home.must({"local", "start", "--all"});
  expect_put_back(home, "the old one");
  home.must({"run", home.file(masked_copy)});
}

TEST(EndToEnd, AKilledOldDatabaseIsReplacedAllTheSame) {
  Home home;
  home.make_production();
  home.must({"run", home.file(first_file)});
  kill_server(home, "mysqlinstd");
  EXPECT_EQ(status_of(home, "mysqlinstd"), "stopped");
  home.must({"run", home.file(masked_copy)});
  EXPECT_EQ(home.sql("mysqlinstd", "SELECT DISTINCT email FROM customers;"), "masked@example.invalid\n");
  EXPECT_EQ(home.json({"local", "list"}).size(), 2U);
}

TEST(EndToEnd, AServerThatRunsAlreadyCanBeAdopted) {
  Home home, other;
  other.make_production("adopted'pw");
  EXPECT_EQ(
      other.sql("mysqlinstp",
                "CREATE USER backup@localhost IDENTIFIED BY 'b\"k'; GRANT ALL ON *.* TO backup@localhost;"),
      "");
  const auto id = other.json({"local", "list"})[0]["id"].get<std::string>();
  std::ofstream(home.path() / "password") << "b\"k\n";
  home.must({"local", "create", "mysqlinstp", "--adopt", "--socket",
             (other.path() / "instances" / id / "socket").string(), "--user", "backup", "--password-file",
             (home.path() / "password").string()});
  home.must({"run", home.file(first_file)});
  EXPECT_EQ(home.sql("mysqlinstd", "SELECT COUNT(*) FROM mysqldbp.customers;"), "3\n");
  EXPECT_NE(home.run({"local", "stop", "mysqlinstp"}).exit_code, 0) << "it is not ours to stop";
  home.must({"local", "delete", "mysqlinstp", "--force"});
  EXPECT_EQ(other.sql("mysqlinstp", "SELECT COUNT(*) FROM customers;"), "3\n");
}

/// A production that never stands still: money transfers, whose sum never changes, and a log of each.
class Transfers {
 public:
  explicit Transfers(Home& home) {
    EXPECT_EQ(home.sql("mysqlinstp",
                       "CREATE TABLE account (id INT PRIMARY KEY, balance INT NOT NULL); INSERT INTO account "
                       "SELECT seq, 100 FROM seq_1_to_100;"),
              "");
    const int port = home.json({"local", "list"}).back()["port"];
    for (unsigned w = 0; w < 4; ++w)
      writers_.emplace_back([this, w, port](const std::stop_token& stop) { write(w, port, stop); });
  }
  int acknowledged() const { return acknowledged_; }

 private:
  void write(unsigned w, int port, const std::stop_token& stop) {
    MYSQL* db = mysql_init(nullptr);
    if (mysql_real_connect(db, "127.0.0.1", "admin", "production pw", "mysqldbp", static_cast<unsigned>(port),
                           nullptr, 0) == nullptr)
      ADD_FAILURE() << mysql_error(db);
    for (unsigned i = w; !stop.stop_requested(); i += 7) {
      const auto from = std::to_string(i % 100 + 1), to = std::to_string((i * 31 + 17) % 100 + 1);
      bool good = true;
      for (const std::string& sql :
           {std::string("BEGIN"), "UPDATE account SET balance = balance - 1 WHERE id = " + from,
            "UPDATE account SET balance = balance + 1 WHERE id = " + to,
            std::string("INSERT INTO logs (message) VALUES ('t')"), std::string("COMMIT")}) {
        good = good && mysql_query(db, sql.c_str()) == 0;
        if (!good) mysql_query(db, "ROLLBACK");  // a deadlock
        if (!good) break;
      }
      acknowledged_ += good ? 1 : 0;
      // Hundreds a second are as busy as it takes; as many as there can be would keep all other tests
      // waiting.
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    mysql_close(db);
    mysql_thread_end();
  }
  std::atomic<int> acknowledged_{0};
  std::vector<std::jthread> writers_;
};

/// No transfer that was acknowledged before the call is missing, and the sum is right in every copy.
void expect_consistent_copies(Home& home, int copies, const std::string& method) {
  const Transfers transfers(home);
  for (int i = 0; i < copies; ++i) {
    const int before = transfers.acknowledged();
    home.must({"run", home.file(i == 0 ? first_file : with_secret)});
    EXPECT_EQ(home.sql("mysqlinstd", "SELECT SUM(balance) FROM account;"), "10000\n") << "copy " << i;
    EXPECT_GE(std::atoi(home.sql("mysqlinstd", "SELECT COUNT(*) FROM logs;").c_str()), before)
        << "copy " << i;
    const Json history = home.json({"history", home.json({"list"}).back()["run"]});
    EXPECT_THAT(history["results"]["restore"]["method"].get<std::string>(), HasSubstr(method));
  }
}

TEST(EndToEnd, ACopyOfABusySourceIsConsistent) {
  Home home;
  home.make_production();
  expect_consistent_copies(home, 3, os::can_reflink(home.path()) ? "copy on write" : "mariadb-backup");
}

TEST(EndToEnd, AFullDiskIsSeenByThePlanAndSurvivedInARun) {
  const Volume volume("700M", "mkfs.ext4 -q -m 0");
  if (!volume.good) GTEST_SKIP() << "needs root, a loop device and mkfs.ext4";
  Home home(volume.path());
  home.make_production();
  home.must({"run", home.file(first_file)});
  mark(home);
  base::SystemClock clock;
  auto fill = [&](std::uintmax_t leave) {
    const auto megabytes = (os::free_bytes(home.path()) - leave) >> 20U;
    os::run({.argv = {"fallocate", "-l", std::to_string(megabytes) + "M", (home.path() / "filler").string()}},
            clock, clock.now() + std::chrono::minutes(1), {});
  };
  fill(100U << 20U);
  const std::string file = home.file(masked_copy);
  const auto refused = home.run({"run", file});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("a copy needs"));
  {
    std::ofstream rest(home.path() / "rest", std::ios::binary);
    const std::string piece(4096, 'x');
    while (rest.write(piece.data(), 4096).flush()) {
    }
  }
  const auto untold = home.run({"run", file});
  EXPECT_NE(untold.exit_code, 0) << untold.output;
  EXPECT_THAT(untold.output,
              testing::AnyOf(HasSubstr("no room left"), HasSubstr("no trace of it could be kept")));
  EXPECT_THAT(untold.output, testing::Not(HasSubstr("there is no run")));
  for (const char* file_name : {"rest", "filler"}) os::remove_tree(home.path() / file_name);

  const auto process = start_run(home, file);
  const auto deadline = clock.now() + std::chrono::minutes(1);
  while (!is_copying(home) && clock.now() < deadline)
    clock.sleep_until(clock.now() + std::chrono::milliseconds(1), {});
  fill(0);
  wait_until_gone(process);
  os::remove_tree(home.path() / "filler");
  const Json last = home.json({"list"}).back();
  if (last["status"] == "RUNNING")
    home.run({"resume", last["run"]});  // not even the journal could be written
  const Json ended = home.json({"list"}).back();
  EXPECT_EQ(home.json({"ledger"}).size(), 3U) << "made, refused, and this one";
  if (ended["status"] == "FAILED")
    expect_put_back(home, "the old one");
  else
    EXPECT_EQ(home.sql("mysqlinstd", "SELECT DISTINCT email FROM customers;"), "masked@example.invalid\n");
  home.must({"run", file});
}

TEST(EndToEnd, AMissingServerProgramIsSeenByThePlan) {
  Home home;
  home.make_production();
  const auto backup = os::find_program("mariadb-backup");
  base::SystemClock clock;
  // In a mount namespace of its own, the program is a file that cannot be executed.
  const auto plan = os::run(
      {.argv = {"unshare", "--mount", "/bin/sh", "-c", "mount --bind /dev/null \"$0\" && exec \"$@\"",
                backup.string(), PROGRAM, "--home", home.path().string(), "plan", home.file(first_file)}},
      clock, clock.now() + std::chrono::minutes(1), {});
  if (plan.output.find("unshare") != std::string::npos) GTEST_SKIP() << "needs root: " << plan.output;
  EXPECT_EQ(plan.exit_code, 2);
  EXPECT_THAT(plan.output, HasSubstr("the program 'mariadb-backup' is not installed here"));
}

TEST(EndToEnd, ARunningRunCanBeCancelled) {
  Home home;
  home.make_production("pw", 20'000);
  home.must({"run", home.file(first_file)});
  mark(home);
  const auto process = start_run(home, home.file(masked_copy));
  base::SystemClock clock;
  while (home.json({"list"}).size() < 2) clock.sleep_until(clock.now() + std::chrono::milliseconds(5), {});
  // On a busy host it may have ended before the other one looks.
  EXPECT_THAT(
      home.must({"cancel", "--no-wait", home.json({"list"}).back()["run"]}),
      testing::AnyOf(HasSubstr("is told to stop and to roll back"), HasSubstr("everything was put back")));
  wait_until_gone(process);
  EXPECT_EQ(home.json({"list"}).back()["error"], "RefreshCancelled");
  expect_put_back(home, "the old one");
}

TEST(EndToEnd, ACopyOnWriteOfABusySourceIsConsistent) {
  const Volume volume("2G", "mkfs.xfs -q -m reflink=1");
  if (!volume.good) GTEST_SKIP() << "needs root, a loop device and mkfs.xfs";
  Home home(volume.path());
  home.make_production();
  expect_consistent_copies(home, 8, "copy on write");
}

TEST(EndToEnd, BadInputExitsWithTwoAndNamesThePlace) {
  Home home;
  for (const auto& words :
       {std::vector<std::string>{"lits"}, {"--provider", "local", "lits"}, {"local", "lits"}}) {
    const auto unknown = home.run(words);
    EXPECT_EQ(unknown.exit_code, 2) << unknown.output;
    EXPECT_THAT(unknown.output, HasSubstr("there is no command 'lits'"));
  }
  std::ofstream(home.path() / "empty.json") << "";
  for (const char* command : {"run", "plan", "validate"}) {
    const auto finished = home.run({command, (home.path() / "empty.json").string()});
    EXPECT_EQ(finished.exit_code, 2) << command;
    EXPECT_THAT(finished.output, HasSubstr("empty.json:1: $: is not valid JSON")) << command;
  }
  EXPECT_EQ(home.run({"run", "/nowhere.json"}).exit_code, 2);
  EXPECT_EQ(home.run({"nonsense"}).exit_code, 2);
  EXPECT_THAT(home.run({"histry", "x"}).output, HasSubstr("did you mean 'history'?"));
  EXPECT_EQ(home.run({"--provider", "azure", "list"}).exit_code, 2);
  EXPECT_EQ(home.run({"resume", "x"}).exit_code, 2);
}

}  // namespace
}  // namespace tests
