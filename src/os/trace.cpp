#include "os/trace.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace os {
namespace {

/// What getdents64(2) writes; the name follows.
struct Entry {
  std::uint64_t inode;
  std::int64_t next;
  std::uint16_t bytes;
  std::uint8_t type;
};
constexpr std::size_t name_at = 19;  // without the padding at the struct's end

struct Seized {
  int threads = 0;
  bool allowed = true;
};

/// A thread that ended meanwhile, or is held by us already, counts as none.
Seized seize(pid_t thread) {
  if (::ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) {
    if (errno == ESRCH) return {};
    // EPERM is also what a thread that we hold already says.
    return {0, ::ptrace(PTRACE_GETSIGINFO, thread, nullptr, nullptr) == 0 || errno != ESRCH};
  }
  if (::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) != 0) return {};
  int status = 0;
  while (::waitpid(thread, &status, __WALL) < 0 && errno == EINTR) {
  }
  return {1, true};
}

}  // namespace

/// New threads may come until all are stopped: a pass that finds none is the last one.
bool hold_all_threads(int pid) {
  std::array<char, 32> folder{};
  std::snprintf(folder.data(), folder.size(), "/proc/%d/task", pid);
  const int fd = ::open(folder.data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  alignas(Entry) std::array<char, 8192> buffer{};
  int held = 0, found = 1;
  while (found > 0) {
    found = 0;
    ::lseek(fd, 0, SEEK_SET);
    long got = 0;
    while ((got = ::syscall(SYS_getdents64, fd, buffer.data(), buffer.size())) > 0) {
      for (long at = 0; at < got;) {
        std::uint16_t bytes = 0;
        std::memcpy(&bytes, buffer.data() + at + offsetof(Entry, bytes), sizeof bytes);
        const int thread = std::atoi(buffer.data() + at + name_at);
        at += bytes;
        if (thread <= 0) continue;
        const Seized one = seize(thread);
        if (!one.allowed) return false;
        found += one.threads;
      }
    }
    held += found;
  }
  return held > 0;
}

}  // namespace os
