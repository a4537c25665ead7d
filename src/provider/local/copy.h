// Hot copies of a running MariaDB.
#pragma once

#include "os/process.h"
#include "provider/local/home.h"
#include "provider/provider.h"

namespace provider::local {

/// A server to copy from: one of ours, or one that runs by itself.
struct CopySource {
  sql::Endpoint
      administrator;  ///< may back up; its password goes by the environment, never by the command line
  os::fs::path data;
  bool ours = false;                     ///< readable by the server user
  std::optional<os::ProcessId> process;  ///< of a server that we supervise; may be frozen for a moment
};

struct Copied {
  base::Time data_time{};  ///< everything committed before this is in the copy
  std::string method;      ///< for people
};

/// Copies the data folder of `source` into `target` (made here, of the server user), consistent and ready to
/// be started. Nothing committed before the call is missing. Where the file system shares blocks and the
/// server is ours to freeze, copy on write; otherwise mariadb-backup. Tells bytes done and total.
Copied copy_mariadb(const Home& home, const CopySource& source, const os::fs::path& target,
                    const Waiting& waiting);

}  // namespace provider::local
