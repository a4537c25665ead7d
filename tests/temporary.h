// A folder that goes with the test, and the accounts of a home in it.
#pragma once

#include <cstdlib>

#include "os/random.h"
#include "os/service_account.h"
#include "os/trees.h"

namespace tests {

/// `/tmp/dbr-…`, or in the folder that DBREFRESH_TESTS_IN names (tools/test), or in memory where the test
/// needs no disk. Short, because sockets live in it.
class Temporary {
 public:
  explicit Temporary(bool in_memory = false) : path_(place(in_memory) / ("dbr-" + os::random_text(8))) {
    os::make_folder(path_, 0711);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (os::current_user().uid == 0)
      for (const auto& each : os::accounts_of("dbr-", path_)) os::remove_account(each);
    std::error_code ignored;
    os::fs::remove_all(path_, ignored);
  }
  const os::fs::path& path() const { return path_; }

 private:
  static os::fs::path place(bool in_memory) {
    if (in_memory && os::fs::is_directory("/dev/shm")) return "/dev/shm";
    const char* said = std::getenv("DBREFRESH_TESTS_IN");  // NOLINT(concurrency-mt-unsafe): nobody sets any
    return said != nullptr ? said : "/tmp";
  }
  os::fs::path path_;
};

}  // namespace tests
