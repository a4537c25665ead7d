// Holding all threads of another process by tracing them: whoever traces and dies, by whatever signal, lets
// them go on; the kernel sees to that (ptrace(2), "Death under ptrace").
#pragma once

namespace os {

/// Stops every thread of a process, until the calling thread ends. False where that is not allowed, or the
/// process is gone; threads that were stopped by then stay so until the caller ends. Async-signal-safe.
bool hold_all_threads(int pid);

}  // namespace os
