// A running statement on real servers: it shows that it is alive, and ends when it is to.
#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/error.h"
#include "tests/processes.h"
#include "tests/sql/with_server.h"

namespace tests {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Two seconds are promised; a busy machine gets as much again.
constexpr auto soon = 4s;

class Running : public testing::TestWithParam<const char*> {
 protected:
  Running() {
    world_.run(*world_.session(), world_.is_postgres()
                                      ? "CREATE TABLE t (a INT, v TEXT); INSERT INTO t VALUES (1, 'one');"
                                      : "CREATE DATABASE d; CREATE TABLE d.t (a INT, v TEXT) ENGINE=InnoDB; "
                                        "INSERT INTO d.t VALUES (1, 'one');");
  }
  std::string table() const { return world_.is_postgres() ? "t" : "d.t"; }
  std::string sleep(int seconds) const {
    return (world_.is_postgres() ? "SELECT pg_sleep(" : "SELECT SLEEP(") + std::to_string(seconds) + ")";
  }
  /// Locked by another session for as long as what is returned lives.
  std::unique_ptr<sql::Connection> lock() {
    auto holder = world_.session();
    holder->execute("BEGIN", 0);
    holder->execute("UPDATE " + table() + " SET a = 2", 0);
    return holder;
  }
  std::size_t sessions_that_run() {
    const auto look = world_.session();
    return std::stoul(*look->scalar(
        world_.is_postgres()
            ? "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND backend_type = 'client "
              "backend' AND pid <> pg_backend_pid()"
            : "SELECT COUNT(*) FROM information_schema.processlist WHERE command = 'Query' AND id <> "
              "CONNECTION_ID()"));
  }
  /// The server learns a moment later than we do that a session was ended.
  bool all_rest() {
    const auto enough = world_.clock.now() + 60s;
    while (sessions_that_run() > 0)
      if (world_.clock.now() > enough || !world_.clock.sleep_until(world_.clock.now() + 20ms, {}))
        return false;
    return true;
  }
  /// The code of what ends `text`, and how long it took after stop was asked for, half a second in.
  std::pair<std::string, base::Time::duration> stopped(sql::Connection& session, const std::string& text) {
    std::stop_source stop;
    base::Budget budget = world_.budget();
    budget.stop = stop.get_token();
    base::Time asked{};
    std::jthread stopper([&] {
      world_.clock.sleep_until(world_.clock.now() + 500ms, {});
      asked = world_.clock.now();
      stop.request_stop();
    });
    std::string code = "nothing";
    try {
      world_.run(session, text, budget);
    } catch (const base::Error& error) {
      code = error.code;
    }
    const auto ended = world_.clock.now();
    stopper.join();
    return {code, ended - asked};
  }

  WithServer world_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Families, Running, testing::Values("postgres", "mariadb"),
                         [](const auto& which) { return std::string(which.param); });

TEST_P(Running, EndsWithinTwoSecondsOfStopAndItsSessionIsFitForMore) {
  const auto holder = lock();
  const auto session = world_.session();
  for (const auto& text :
       {sleep(60) + ";", "UPDATE " + table() + " SET v = 'masked';",
        sleep(0) + ";" + sleep(60) + ";" + "INSERT INTO " + table() + " VALUES (9, 'never');"}) {
    const auto [code, took] = stopped(*session, text);
    EXPECT_EQ(code, "Interrupted") << text;
    EXPECT_LT(took, soon) << text;
    EXPECT_EQ(session->scalar("SELECT COUNT(*) FROM " + table()), "1") << text;
    EXPECT_TRUE(all_rest()) << text;
  }
}

TEST_P(Running, EndsAtItsDeadline) {
  const auto session = world_.session();
  base::Budget budget = world_.budget();
  budget.until = world_.clock.now() + 300ms;
  const auto begun = world_.clock.now();
  try {
    world_.run(*session, sleep(60) + ";", budget);
    ADD_FAILURE() << "no error";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code, "DeadlineExceeded");
    EXPECT_THAT(error.message, HasSubstr("script:1: statement 1 of 1"));
  }
  EXPECT_LT(world_.clock.now() - begun, soon);
  EXPECT_EQ(session->scalar("SELECT 1"), "1");
}

TEST_P(Running, TellsThatItIsAlive) {
  std::vector<std::string> told;
  base::Budget budget = world_.budget();
  budget.tell = [&](const base::Note& note) { told.push_back(note.what); };
  world_.run(*world_.session(), sleep(0) + ";\n" + sleep(5) + ";", budget);
  EXPECT_GE(told.size(), 2U);
  EXPECT_LE(told.size(), 4U);
  EXPECT_THAT(told, testing::Each(HasSubstr("script: statement 2 of 2: running for ")));
}

/// A program that hangs answers no cancel: its session is dropped all the same.
TEST_P(Running, AServerThatHangsIsLeft) {
  const auto session = world_.session();
  const auto server = world_.server().process();
  ASSERT_TRUE(server);
  std::vector<pid_t> frozen;
  if (world_.is_postgres()) {
    frozen.push_back(std::stoi(*session->scalar("SELECT pg_backend_pid()")));
  }
  frozen.push_back(server->pid);
  for (const pid_t each : frozen) ASSERT_TRUE(halt(each));
  const auto [code, took] = stopped(*session, sleep(0) + ";");
  for (const pid_t each : frozen) ::kill(each, SIGCONT);
  EXPECT_EQ(code, "Interrupted");
  EXPECT_LT(took, soon);
  EXPECT_THROW(session->scalar("SELECT 1"), base::Error);
}

/// A listener that accepts and says nothing, as a server does that hangs.
TEST(Login, EndsAtItsTimeoutIfNobodyAnswers) {
  const int silent = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(silent, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(silent, 5), 0);
  ASSERT_EQ(::getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size), 0);
  base::SystemClock clock;
  for (const char* family : {"postgres", "mariadb"}) {
    const auto begun = clock.now();
    try {
      sql::connect({.family = family, .host = "127.0.0.1", .port = ntohs(address.sin_port), .user = "u"}, 1s);
      ADD_FAILURE() << "no error";
    } catch (const base::Error& error) {
      EXPECT_TRUE(error.code == "ConnectionFailed" || error.code == "ConnectionLost") << error.message;
    }
    EXPECT_LT(clock.now() - begun, soon) << family;
  }
  ::close(silent);
}

TEST_P(Running, AScriptIsOneSessionAndItsSettingsEndWithIt) {
  const auto one = world_.session();
  world_.run(*one, world_.is_postgres() ? "SET search_path = ''; SET work_mem = '1MB';" : "SET @a = 1;");
  EXPECT_NE(world_.session()->scalar(world_.is_postgres() ? "SHOW search_path" : "SELECT @a"),
            world_.is_postgres() ? "\"\"" : "1");
}

TEST_P(Running, ManyRowsAndResultsArriveWhole) {
  const auto session = world_.session();
  const auto budget = world_.budget();
  session->obey(&budget);
  if (!world_.is_postgres()) session->execute("USE d", 0);  // where seq_1_to_… are
  const std::string many = world_.is_postgres()
                               ? "SELECT repeat('x', 100), i FROM generate_series(1, 200000) i"
                               : "SELECT REPEAT('x', 100), seq FROM seq_1_to_200000";
  const auto all = session->execute(many, 200'000);
  ASSERT_EQ(all.table.size(), 200'000U);
  EXPECT_EQ(all.table.back()[1], "200000");
  std::string big = "SELECT LENGTH('" + std::string(3'000'000, 'y') + "')";
  EXPECT_EQ(session->scalar(big), "3000000");
  if (world_.is_postgres()) {
    std::string data;
    for (int i = 0; i < 300'000; ++i) data += std::to_string(i) + "\tsome text\n";
    EXPECT_EQ(session->copy_in("COPY t FROM STDIN", data).rows, 300'000U);
    EXPECT_EQ(session->execute("COPY t TO STDOUT", 0).rows, 300'001U);
    EXPECT_THROW(session->copy_in("COPY nowhere FROM STDIN", data), base::Error);
    EXPECT_EQ(session->scalar("SELECT 1"), "1") << "the session is fit for more";
  } else {
    session->execute("CREATE PROCEDURE d.p() BEGIN SELECT 1; UPDATE d.t SET a = 3; SELECT 2; END", 0);
    EXPECT_EQ(session->execute("CALL d.p()", 0).rows, 3U);
  }
}

TEST_P(Running, DataOfACopyIsStoppedToo) {
  if (!world_.is_postgres()) GTEST_SKIP() << "MariaDB has none";
  const auto holder = world_.session();
  holder->execute("BEGIN", 0);
  holder->execute("LOCK TABLE t", 0);
  std::string data;
  for (int i = 0; i < 20'000; ++i) data += "1\tsome text that is long enough\n";
  const auto session = world_.session();
  const auto [code, took] = stopped(*session, "COPY t FROM STDIN;\n" + data + "\\.\n");
  EXPECT_EQ(code, "Interrupted");
  EXPECT_LT(took, soon);
}

}  // namespace
}  // namespace tests
