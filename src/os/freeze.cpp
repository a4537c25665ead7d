#include "os/freeze.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "os/trace.h"

namespace os {
namespace {

using base::Error;

constexpr int thawed_too_late = 1;
constexpr int not_frozen = 2;

/// The guardian's whole life; only async-signal-safe calls, because we have threads. All signals are blocked.
[[noreturn]] void guard(int pid, int process_fd, int pipe, int told, int limit_ms, Freezing how) {
  ::setsid();  // a Ctrl-C at our terminal is not for it
  for (int fd = 3; fd < 1024; ++fd)
    if (fd != process_fd && fd != pipe && fd != told) ::close(fd);
  const bool traced = how == Freezing::traced_if_allowed && hold_all_threads(pid);
  if (!traced && ::syscall(SYS_pidfd_send_signal, process_fd, SIGSTOP, nullptr, 0) != 0) ::_exit(not_frozen);
  const char frozen = 'f';
  [[maybe_unused]] const auto heard = ::write(told, &frozen, 1);  // if not, the other pipe is closed too
  pollfd wait{pipe, POLLIN, 0};
  const int ended = ::poll(&wait, 1, limit_ms);
  if (!traced) ::syscall(SYS_pidfd_send_signal, process_fd, SIGCONT, nullptr, 0);
  ::_exit(ended == 0 ? thawed_too_late : 0);  // of threads that are traced, our end lets go
}

/// No signal reaches what is started while this lives: the guardian, and the thread that watches it.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

/// Waits for the guardian's end, and lets the process go on in case it could not.
void watch(int guardian_fd, int process_fd) {
  pollfd ended{guardian_fd, POLLIN, 0};
  while (::poll(&ended, 1, -1) < 0 && errno == EINTR) {
  }
  ::syscall(SYS_pidfd_send_signal, process_fd, SIGCONT, nullptr, 0);
  ::close(guardian_fd);
  ::close(process_fd);
}

}  // namespace

Frozen::Frozen(const ProcessId& process, std::chrono::seconds limit, Freezing how) : process_(process) {
  const auto process_fd = static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0));
  if (process_fd < 0 || !is_running(process)) {
    if (process_fd >= 0) ::close(process_fd);
    throw Error("FreezeFailed", fmt::format("process {} cannot be frozen: it does not run", process.pid));
  }
  start_guardian(process_fd, limit, how);
}

/// Takes `process_fd`.
void Frozen::start_guardian(int process_fd, std::chrono::seconds limit, Freezing how) {
  const AllSignalsBlocked blocked;
  std::array<int, 2> ends{}, told{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0 || ::pipe2(told.data(), O_CLOEXEC) != 0)
    throw Error("FreezeFailed", fmt::format("pipe: {}", std::strerror(errno)));
  guardian_ = ::fork();
  if (guardian_ == 0) {
    ::close(ends[1]);
    ::close(told[0]);
    guard(process_.pid, process_fd, ends[0], told[1], static_cast<int>(limit.count() * 1000), how);
  }
  ::close(ends[0]);
  ::close(told[1]);
  pipe_ = ends[1];
  const int guardian_fd = guardian_ < 0 ? -1 : static_cast<int>(::syscall(SYS_pidfd_open, guardian_, 0));
  if (guardian_fd >= 0) watch_ = std::jthread(watch, guardian_fd, process_fd);
  char frozen = 0;
  const bool is_frozen = guardian_fd >= 0 && ::read(told[0], &frozen, 1) == 1;
  ::close(told[0]);
  if (guardian_fd < 0) ::close(process_fd);
  if (is_frozen) return;
  thaw();
  throw Error("FreezeFailed", fmt::format("process {} cannot be frozen", process_.pid));
}

Frozen::~Frozen() {
  thaw();
}

void Frozen::wait_until_still(base::Clock& clock, base::Time deadline) const {
  std::string before;
  while (true) {
    const std::string now = read_file(fmt::format("/proc/{}/io", process_.pid), 1U << 16U);
    if (now == before) return;
    before = now;
    if (clock.now() >= deadline)
      throw Error("DeadlineExceeded", fmt::format("process {} goes on reading and writing", process_.pid));
    clock.sleep_until(clock.now() + std::chrono::milliseconds(5), {});
  }
}

bool Frozen::thaw() {
  if (pipe_ < 0) return false;
  ::close(pipe_);
  pipe_ = -1;
  if (guardian_ <= 0) return false;
  ::kill(guardian_, SIGCONT);  // somebody may have stopped it
  if (watch_.joinable()) watch_.join();
  int status = 0;
  if (::waitpid(guardian_, &status, 0) != guardian_) return false;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace os
