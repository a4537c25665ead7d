// MariaDB's binary log, as far as a restore to a point in time must read it.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "os/files.h"
#include "sql/connection.h"

namespace provider::local {

/// The files of a binary log from `first` on, in order; empty if `first` is not there, or one behind it is
/// missing. Numbers have at least six digits. What is no regular file is not there: the folder is its
/// server's.
std::vector<os::fs::path> binlog_files(const os::fs::path& data, const std::string& first);

/// Is this a file of the same log as `first`, and from before it?
bool is_binlog_before(const os::fs::path& file, const std::string& first);

/// Where a server is in its binary log, as Copied::position has it; null if it has none. Exact if it commits
/// nothing just now.
base::Json position_of(sql::Connection& server);

/// Is `offset` of `file` where a server was that had written the transactions `gtids` (gtid_binlog_pos, or ""
/// if nobody knows)? Not so if the log was begun anew since (RESET MASTER): its files are numbered from 1
/// again. Reads the headers of all events before `offset`. Throws FileError for what is no regular file.
bool is_position_of(const os::fs::path& file, std::uint64_t offset, const std::string& gtids);

struct BinlogEnd {
  std::uint64_t offset = 0;  ///< behind the last whole transaction that is wanted
  bool reached = false;      ///< a later transaction follows: files after this one are not wanted
};

/// Reads event headers from `offset` on. A transaction is wanted if it began before the second `until`
/// (events have times in whole seconds). A file that is being written may end in half a transaction: that is
/// not wanted. Throws BinlogInvalid for what is no binary log (format: MariaDB knowledge base, "2-Binlog
/// event header").
BinlogEnd find_binlog_end(const os::fs::path& file, std::uint64_t offset, base::Time until);

}  // namespace provider::local
