#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "os/descriptor.h"
#include "os/freeze.h"
#include "os/process.h"
#include "tests/port.h"
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

bool wait_for_state(int pid, std::string_view states) {
  const auto deadline = in(std::chrono::seconds(1));
  while (states.find(state_of(pid)) == std::string_view::npos) {
    if (system_clock.now() >= deadline) return false;
    system_clock.sleep_until(in(std::chrono::milliseconds(2)), {});
  }
  return true;
}
constexpr std::string_view still = "Tt", goes_on = "SR";

ProcessId sleeper(const fs::path& folder) {
  return start({.argv = {"/bin/sleep", "60"}, .folder = folder, .output = folder / "log"});
}

TEST(Frozen, StandsStillUntilItIsThawed) {
  const tests::Temporary folder;
  const auto server =
      start({.argv = {"/bin/sleep", "60"}, .folder = folder.path(), .output = folder.path() / "log"});
  {
    Frozen frozen(server, std::chrono::seconds(10));
    EXPECT_TRUE(wait_for_state(server.pid, still));
    frozen.wait_until_still(system_clock, in(std::chrono::seconds(5)));
    EXPECT_TRUE(frozen.thaw());
  }
  EXPECT_TRUE(wait_for_state(server.pid, goes_on));
  {
    Frozen frozen(server, std::chrono::seconds(0));
    EXPECT_TRUE(wait_for_state(server.pid, goes_on)) << "its time is over at once";
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

/// A process that has frozen another one, and is to be killed.
struct Freezer {
  Freezer(const ProcessId& target, Freezing how) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe");
    pid = ::fork();
    if (pid == 0) {
      // Under nohup, or in the background of a shell, two of them are ignored, and nobody is killed by them.
      for (const int each : {SIGTERM, SIGINT, SIGHUP}) ::signal(each, SIG_DFL);
      const Frozen frozen(target, std::chrono::seconds(60), how);
      const int its = frozen.guardian();
      [[maybe_unused]] const auto told = ::write(ends[1], &its, sizeof its);
      while (true) ::pause();
    }
    ::close(ends[1]);
    EXPECT_EQ(::read(ends[0], &guardian, sizeof guardian), ssize_t{sizeof guardian});
    ::close(ends[0]);
  }
  Freezer(const Freezer&) = delete;
  Freezer& operator=(const Freezer&) = delete;
  ~Freezer() {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  pid_t pid = -1, guardian = -1;
};

TEST(Frozen, IsThawedWhateverEndsUsAndTheGuardian) {
  const tests::Temporary folder;
  const auto target = sleeper(folder.path());
  for (const Freezing how : {Freezing::traced_if_allowed, Freezing::stopped}) {
    for (const int first : {SIGTERM, SIGINT, SIGHUP, SIGKILL}) {
      for (const int second : {SIGTERM, SIGINT, SIGHUP, SIGKILL}) {
        for (const bool guardian_first : {false, true}) {
          const bool both_killed = first == SIGKILL && second == SIGKILL;
          if (how == Freezing::stopped && (both_killed || (guardian_first ? first : second) == SIGKILL))
            continue;
          const Freezer us(target, how);
          ASSERT_TRUE(wait_for_state(target.pid, still));
          ::kill(guardian_first ? us.guardian : us.pid, first);
          ::kill(guardian_first ? us.pid : us.guardian, second);
          EXPECT_TRUE(wait_for_state(target.pid, goes_on))
              << "signals " << first << ", " << second << (guardian_first ? ", the guardian first" : "");
          send_signal(target, SIGCONT);
        }
      }
    }
  }
  send_signal(target, SIGKILL);
}

TEST(Frozen, IsThawedWhenTheGuardianAloneIsKilled) {
  const tests::Temporary folder;
  const auto target = sleeper(folder.path());
  for (const Freezing how : {Freezing::traced_if_allowed, Freezing::stopped}) {
    Frozen frozen(target, std::chrono::seconds(60), how);
    EXPECT_TRUE(wait_for_state(target.pid, still));
    ::kill(frozen.guardian(), SIGKILL);
    EXPECT_TRUE(wait_for_state(target.pid, goes_on));
    EXPECT_FALSE(frozen.thaw()) << "what was read meanwhile is worth nothing";
  }
  send_signal(target, SIGKILL);
}

TEST(Frozen, HoldsEveryThread) {
  const tests::Temporary folder;
  const pid_t many = ::fork();
  if (many == 0) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 20; ++i)
      threads.emplace_back([] {
        while (true) std::jthread([] { ::usleep(100); }).join();  // some are born while they are stopped
      });
    while (true) ::pause();
  }
  const auto target = identify(many);
  ASSERT_TRUE(target);
  auto running = [&] {
    std::size_t moving = 0;
    for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/task", many))) {
      const auto stat = read_file(entry.path() / "stat");
      moving += still.find(stat.at(stat.rfind(')') + 2)) == std::string_view::npos ? 1U : 0U;
    }
    return moving;
  };
  {
    const Frozen frozen(*target, std::chrono::seconds(20));
    EXPECT_EQ(running(), 0U) << "all stand still when it is constructed";
  }
  EXPECT_TRUE(wait_for_state(many, goes_on));
  ::kill(many, SIGKILL);
  ::waitpid(many, nullptr, 0);
}

TEST(SharedMemory, OfOneThatIsJustEndingGoesWithIt) {
  const int id = ::shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  ASSERT_GE(id, 0);
  void* used = ::shmat(id, nullptr, 0);
  std::jthread ending([used] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    ::shmdt(used);
  });
  remove_shared_memory(id, {.uid = ::geteuid(), .gid = ::getegid()});
  shmid_ds segment{};
  EXPECT_EQ(::shmctl(id, IPC_STAT, &segment), -1);
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

/// Listens on a port of 127.0.0.1.
Fd listen_on(int port) {
  Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  EXPECT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(listener.get(), 1), 0);
  return listener;
}

TEST(Ports, KnowWhoIsThere) {
  const int port = tests::any_port();
  EXPECT_TRUE(port_is_free(port));
  const Fd other = listen_on(port);
  EXPECT_FALSE(port_is_free(port));
  EXPECT_FALSE(port_is_fading(port));
}

/// Whoever is given one listens much later, perhaps after a copy of hours.
TEST(Ports, AreGivenToOneAlone) {
  auto given = std::make_unique<Ports>();
  const int port = given->any();
  std::set<int> others;
  for (int each = 1; each <= 65535; ++each)
    if (each != port) others.insert(each);
  EXPECT_THROW(Ports().any(others), base::Error) << "it is claimed";
  EXPECT_THROW(given->any(others), base::Error);
  given.reset();
  EXPECT_EQ(Ports().any(others), port);
}

/// Of a killed server of many threads the first may be a zombie while others still hold its port.
TEST(Process, RunsUntilItsLastThreadHasEnded) {
  const int port = tests::any_port();
  const pid_t server = ::fork();
  if (server == 0) {
    const Fd listener = listen_on(port);
    std::thread([] {
      while (true) ::pause();
    }).detach();
    ::syscall(SYS_exit, 0);  // this thread alone
  }
  EXPECT_TRUE(wait_for_state(server, "Z"));
  EXPECT_FALSE(port_is_free(port));
  const auto process = identify(server);
  EXPECT_TRUE(process);
  EXPECT_TRUE(process && is_running(*process));
  EXPECT_TRUE(process && send_signal(*process, SIGKILL));
  const auto enough = in(std::chrono::seconds(30));
  while (process && is_running(*process) && system_clock.now() < enough) std::this_thread::yield();
  EXPECT_TRUE(port_is_free(port));
  ::kill(server, SIGKILL);
  ::waitpid(server, nullptr, 0);
}

/// Of those that are, any program's connection to somewhere may take one at any moment, for a while.
TEST(Ports, AreNoneThatConnectionsAreGiven) {
  std::istringstream range(read_file("/proc/sys/net/ipv4/ip_local_port_range"));
  int first = 0, last = 0;
  ASSERT_TRUE(range >> first >> last);
  if (first <= 10000 && last >= 65535) GTEST_SKIP() << "this host gives connections all ports";
  for (int i = 0; i < 50; ++i) {
    const int port = tests::any_port();
    EXPECT_TRUE(port < first || port > last) << port;
    EXPECT_GE(port, 10000) << "these have names, and owners";
  }
}

}  // namespace
}  // namespace os
