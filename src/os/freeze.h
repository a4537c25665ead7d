// Stopping another process for a moment, and being sure that it goes on.
#pragma once

#include "os/process.h"

namespace os {

/// Freezes a process (SIGSTOP) from construction to thaw() or destruction. A guardian process, started first,
/// thaws it when we end, however we end, and in any case after `limit`. Throws FreezeFailed; the process then
/// runs.
class Frozen {
 public:
  Frozen(const ProcessId& process, std::chrono::seconds limit);
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;
  ~Frozen();

  /// Waits until its reads and writes in flight are through: until /proc/<pid>/io stands still. Throws
  /// DeadlineExceeded.
  void wait_until_still(base::Clock& clock, base::Time deadline) const;

  /// Lets it go on. False if the guardian had to before: then what was read meanwhile is worth nothing.
  bool thaw();

 private:
  ProcessId process_;
  int pipe_ = -1;  ///< the guardian thaws when its other end sees this one closed
  int guardian_ = -1;
};

}  // namespace os
