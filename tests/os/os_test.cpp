#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "os/freeze.h"
#include "os/process.h"
#include "tests/temporary.h"

namespace os {
namespace {

base::SystemClock system_clock;

base::Time in(std::chrono::milliseconds time) {
  return system_clock.now() + time;
}

std::string code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const base::Error& error) {
    return error.code;
  }
  return "";
}

TEST(Process, GivesOutputAndExitCode) {
  const auto finished = run({.argv = {"/bin/sh", "-c", "echo out; echo err >&2; exit 3"}}, system_clock,
                            in(std::chrono::seconds(10)), {});
  EXPECT_EQ(finished.exit_code, 3);
  EXPECT_EQ(finished.output, "out\nerr\n");
  EXPECT_EQ(
      code_of([] { run_or_throw({.argv = {"/bin/false"}}, system_clock, in(std::chrono::seconds(10)), {}); }),
      "ProgramFailed");
  EXPECT_EQ(
      code_of([] { run({.argv = {"no-such-program"}}, system_clock, in(std::chrono::seconds(10)), {}); }),
      "ProgramNotFound");
}

TEST(Process, EndsAtItsDeadlineWithAllItStarted) {
  const tests::Temporary folder;
  const auto begun = system_clock.now();
  EXPECT_EQ(code_of([&] {
              run({.argv = {"/bin/sh", "-c", "sleep 60 & sleep 60"}, .folder = folder.path()}, system_clock,
                  in(std::chrono::milliseconds(300)), {});
            }),
            "DeadlineExceeded");
  EXPECT_LT(system_clock.now() - begun, std::chrono::seconds(10));
  const auto deadline = in(std::chrono::seconds(5));
  while (find_working_in(folder.path(), {"sleep"}) && system_clock.now() < deadline)
    system_clock.sleep_until(in(std::chrono::milliseconds(5)), {});
  EXPECT_FALSE(find_working_in(folder.path(), {"sleep"}));
}

TEST(Process, StopsWhenTold) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(
      code_of([&] {
        run({.argv = {"/bin/sleep", "60"}}, system_clock, in(std::chrono::seconds(50)), stop.get_token());
      }),
      "Cancelled");
}

TEST(Process, SignalsNobodyElse) {
  const tests::Temporary folder;
  const auto server =
      start({.argv = {"/bin/sleep", "60"}, .folder = folder.path(), .output = folder.path() / "log"});
  ASSERT_TRUE(is_running(server));
  EXPECT_EQ(find_working_in(folder.path(), {"sleep"}), server) << "it works there when start() returns";
  EXPECT_FALSE(find_working_in(folder.path(), {"bash", "lee"})) << "somebody who only looks around there";
  kill_working_in(folder.path(), {"bash"});
  EXPECT_FALSE(send_signal({server.pid, server.start_time + 1}, SIGKILL))
      << "another process of the same pid";
  EXPECT_TRUE(is_running(server));
  EXPECT_TRUE(send_signal(server, SIGKILL));
  const auto deadline = in(std::chrono::seconds(5));
  while (is_running(server) && system_clock.now() < deadline)
    system_clock.sleep_until(in(std::chrono::milliseconds(5)), {});
  EXPECT_FALSE(send_signal(server, SIGKILL));
}

/// The state letter of /proc/<pid>/stat.
char state_of(int pid) {
  const std::string stat = read_file(fmt::format("/proc/{}/stat", pid));
  return stat.at(stat.rfind(')') + 2);
}

bool wait_for_state(int pid, char state) {
  const auto deadline = in(std::chrono::seconds(1));
  while (state_of(pid) != state && system_clock.now() < deadline)
    system_clock.sleep_until(in(std::chrono::milliseconds(2)), {});
  return state_of(pid) == state;
}

TEST(Frozen, StandsStillUntilItIsThawed) {
  const tests::Temporary folder;
  const auto server =
      start({.argv = {"/bin/sleep", "60"}, .folder = folder.path(), .output = folder.path() / "log"});
  {
    Frozen frozen(server, std::chrono::seconds(10));
    EXPECT_TRUE(wait_for_state(server.pid, 'T'));
    frozen.wait_until_still(system_clock, in(std::chrono::seconds(5)));
    EXPECT_TRUE(frozen.thaw());
  }
  EXPECT_TRUE(wait_for_state(server.pid, 'S'));
  {
    Frozen frozen(server, std::chrono::seconds(0));
    EXPECT_TRUE(wait_for_state(server.pid, 'S')) << "its time is over at once";
    EXPECT_FALSE(frozen.thaw()) << "and what was read meanwhile is worth nothing";
  }
  send_signal(server, SIGKILL);
  EXPECT_EQ(code_of([&] {
              while (is_running(server)) {
              }
              Frozen frozen(server, std::chrono::seconds(1));
            }),
            "FreezeFailed");
}

TEST(Frozen, IsThawedWhenWeAreKilled) {
  const tests::Temporary folder;
  const auto server =
      start({.argv = {"/bin/sleep", "60"}, .folder = folder.path(), .output = folder.path() / "log"});
  const pid_t us = ::fork();
  if (us == 0) {
    const Frozen frozen(server, std::chrono::seconds(60));
    while (true) ::pause();
  }
  EXPECT_TRUE(wait_for_state(server.pid, 'T'));
  ::kill(us, SIGKILL);
  EXPECT_TRUE(wait_for_state(server.pid, 'S'));
  ::waitpid(us, nullptr, 0);
  send_signal(server, SIGKILL);
}

TEST(Files, AreReplacedWholeOrNotAtAll) {
  const tests::Temporary folder;
  write_file_atomic(folder.path() / "f", "one", 0600);
  write_file_atomic(folder.path() / "f", "two", 0600);
  EXPECT_EQ(read_file(folder.path() / "f"), "two");
  EXPECT_EQ(code_of([&] { write_file_atomic(folder.path() / "missing/f", "x", 0600); }), "FileNotFound");
  EXPECT_EQ(code_of([&] { read_file(folder.path() / "f", 2); }), "FileTooLarge");
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder.path())) ++files;
  EXPECT_EQ(files, 1U) << "no temporary file is left";
}

TEST(Files, AFullDiskSaysSo) {
  EXPECT_EQ(code_of([] { write_file_atomic("/dev/full/x", "x", 0600); }), "FileError");
  EXPECT_GT(free_bytes("/tmp/not/there/yet"), 0U);
}

TEST(FileLock, IsHeldByOneUntilItGoes) {
  const tests::Temporary folder;
  {
    const auto first = FileLock::try_lock(folder.path() / "lock");
    ASSERT_TRUE(first);
    EXPECT_FALSE(FileLock::try_lock(folder.path() / "lock"));
  }
  EXPECT_TRUE(FileLock::try_lock(folder.path() / "lock"));
}

TEST(Ports, KnowWhoIsThere) {
  const int port = any_free_port();
  EXPECT_TRUE(port_is_free(port));
}

}  // namespace
}  // namespace os
