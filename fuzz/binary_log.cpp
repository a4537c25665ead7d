#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/target.h"
#include "provider/local/mariadb_binlog.h"

/// The log is a file in memory, as a server would have left it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = ::memfd_create("binary log", MFD_CLOEXEC);
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) return 0;
  return fuzz::run(data, size, [&](std::string_view) {
    const auto path = "/proc/self/fd/" + std::to_string(file);
    const auto end =
        provider::local::find_binlog_end(path, 0, base::Time(std::chrono::seconds(1'700'000'000)));
    fuzz::must(end.offset <= size);
  });
}
