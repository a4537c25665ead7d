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

namespace os {
namespace {

using base::Error;

constexpr int thawed_too_late = 1;

/// The guardian's whole life; only async-signal-safe calls, because we have threads.
[[noreturn]] void guard(int process_fd, int pipe, int limit_ms) {
  ::setsid();  // a Ctrl-C at our terminal is not for it
  for (int fd = 3; fd < 1024; ++fd)
    if (fd != process_fd && fd != pipe) ::close(fd);
  pollfd wait{pipe, POLLIN, 0};
  const int ended = ::poll(&wait, 1, limit_ms);
  ::syscall(SYS_pidfd_send_signal, process_fd, SIGCONT, nullptr, 0);
  ::_exit(ended == 0 ? thawed_too_late : 0);
}

}  // namespace

Frozen::Frozen(const ProcessId& process, std::chrono::seconds limit) : process_(process) {
  const auto process_fd = static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0));
  std::array<int, 2> ends{};
  if (process_fd < 0 || !is_running(process) || ::pipe2(ends.data(), O_CLOEXEC) != 0) {
    if (process_fd >= 0) ::close(process_fd);
    throw Error("FreezeFailed",
                fmt::format("process {} cannot be frozen: {}", process.pid, std::strerror(errno)));
  }
  guardian_ = ::fork();
  if (guardian_ == 0) {
    ::close(ends[1]);
    guard(process_fd, ends[0], static_cast<int>(limit.count() * 1000));
  }
  ::close(ends[0]);
  pipe_ = ends[1];
  const bool frozen = guardian_ > 0 && ::syscall(SYS_pidfd_send_signal, process_fd, SIGSTOP, nullptr, 0) == 0;
  ::close(process_fd);
  if (frozen) return;
  thaw();
  throw Error("FreezeFailed", fmt::format("process {} cannot be frozen", process.pid));
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
  int status = 0;
  if (guardian_ <= 0 || ::waitpid(guardian_, &status, 0) != guardian_) return false;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace os
