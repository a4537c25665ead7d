// What /proc says of other processes, which may end while one reads.
#pragma once

#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace tests {

/// `environ` or `cmdline` of a process; what was read so far, or nothing, of one that ends meanwhile. (An
/// iterator over the stream's buffer would throw then; an insertion of the buffer notes it in the stream.)
inline std::string told_by(const std::string& pid, const char* what) {
  const std::ifstream in("/proc/" + pid + "/" + what, std::ios::binary);
  std::ostringstream out;
  if (in) out << in.rdbuf();
  return out.str();
}

/// Is every thread of it stopped by a signal? (/proc/<pid>/stat: the state follows the name in parentheses.)
inline bool stands_still(int pid) {
  std::error_code gone;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
    const std::string stat =
        told_by(std::to_string(pid) + "/task/" + task.path().filename().string(), "stat");
    const auto name_end = stat.rfind(") ");
    if (name_end != std::string::npos && stat[name_end + 2] != 'T') return false;
  }
  return !gone;
}

/// Stops it; false if it does not stand still within 10 s. The signal alone has no effect on a thread before
/// it is scheduled again: on a busy machine a server still answers a question that comes after it.
inline bool halt(int pid) {
  ::kill(pid, SIGSTOP);
  const auto enough = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!stands_still(pid)) {
    if (std::chrono::steady_clock::now() > enough) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace tests
