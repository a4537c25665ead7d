// Stopping another process for a moment, and being sure that it goes on.
#pragma once

#include <thread>

#include "os/process.h"

namespace os {

/// How a process is stopped. Traced, the kernel itself lets it go on when the guardian dies, whatever kills
/// whom in which order; where tracing is not allowed (a container without CAP_SYS_PTRACE) it is SIGSTOP,
/// which a SIGKILL of ourselves and of the guardian within the same moment would leave standing.
enum class Freezing { traced_if_allowed, stopped };

/// Freezes a process from construction to thaw() or destruction. A guardian process, started first, does it,
/// and thaws it when we end, however we end, and in any case after `limit`; a thread of ours thaws it when
/// the guardian ends. No signal but SIGKILL and SIGSTOP reaches the guardian. Throws FreezeFailed; the
/// process then runs.
class Frozen {
 public:
  Frozen(const ProcessId& process, std::chrono::seconds limit, Freezing how = Freezing::traced_if_allowed);
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;
  ~Frozen();

  /// Waits until its reads and writes in flight are through: until /proc/<pid>/io stands still. Throws
  /// DeadlineExceeded.
  void wait_until_still(base::Clock& clock, base::Time deadline) const;

  /// Lets it go on. False if it had to before: then what was read meanwhile is worth nothing.
  bool thaw();

  int guardian() const { return guardian_; }  ///< its pid

 private:
  void start_guardian(int process_fd, std::chrono::seconds limit, Freezing how);
  ProcessId process_;
  int pipe_ = -1;  ///< the guardian thaws when its other end sees this one closed
  int guardian_ = -1;
  std::jthread watch_;
};

}  // namespace os
