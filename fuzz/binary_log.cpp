#include <fstream>

#include "base/error.h"
#include "fuzz/target.h"
#include "provider/local/mariadb_binlog.h"
#include "tests/temporary.h"

/// The log is a file, as a server would have left it: a link to one in memory would not be read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const tests::Temporary folder(true);
  const auto file = folder.path() / "binlog.000001";
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  return fuzz::run(data, size, [&](std::string_view) {
    try {
      const auto end =
          provider::local::find_binlog_end(file, 0, base::Time(std::chrono::seconds(1'700'000'000)));
      fuzz::must(end.offset <= size);
    } catch (const base::Error& error) {
      fuzz::must(error.code == "BinlogInvalid");
    }
  });
}
