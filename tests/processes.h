// What /proc says of other processes, which may end while one reads.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

namespace tests {

/// `environ` or `cmdline` of a process; what was read so far, or nothing, of one that ends meanwhile. (An
/// iterator over the stream's buffer would throw then; an insertion of the buffer notes it in the stream.)
inline std::string told_by(const std::string& pid, const char* what) {
  const std::ifstream in("/proc/" + pid + "/" + what, std::ios::binary);
  std::ostringstream out;
  if (in) out << in.rdbuf();
  return out.str();
}

}  // namespace tests
