// Files and locks: what the kernel gives. Every failure is a base::Error that names the path.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "os/account.h"
#include "os/blocks.h"
#include "os/random.h"
#include "os/trees.h"

namespace os {

namespace fs = std::filesystem;

/// Reads a whole file, a link's or a pipe's too: one that a person named. Throws FileNotFound, FileError, or
/// FileTooLarge past `limit_bytes`.
std::string read_file(const fs::path& path, std::uintmax_t limit_bytes = 64U << 20U);

/// Reads a whole regular file through no symbolic link, and never waits: for folders that others write to.
/// Throws as read_file().
std::string read_regular(const fs::path& path, std::uintmax_t limit_bytes = 64U << 20U);
/// Its last `bytes`, from the beginning of a character on. Throws FileNotFound, FileError.
std::string read_tail(const fs::path& path, std::uintmax_t bytes);

/// Replaces `path` whole or not at all, and durably: temporary file, fsync, rename, fsync of the folder. Goes
/// through no symbolic link. As root it belongs to `owner`, if there is one, before it has its name. Throws
/// FileError, or DiskFull.
void write_file_atomic(const fs::path& path, std::string_view content, unsigned mode,
                       const std::optional<Ids>& owner = std::nullopt);
/// The same for a file that may be there: then it stays as it is, and the answer is false. Of several who
/// make it at once, one does.
bool create_file(const fs::path& path, std::string_view content, unsigned mode);

/// The same, but of no use after a power failure: for a file that is written anew before it is used again.
void replace_file(const fs::path& path, std::string_view content, unsigned mode,
                  const std::optional<Ids>& owner = std::nullopt);

/// For logs that grow for ever, in folders that others write to: empties a regular file that is larger than
/// `limit_bytes`; what it held is `path` + ".1" then. Programs go on appending to it. Nothing else is
/// touched, nothing there is no error.
void rotate(const fs::path& path, std::uintmax_t limit_bytes);

std::uintmax_t free_bytes(const fs::path& path);  ///< for ordinary users, on path's file system

base::Time modified(const fs::path& file);  ///< when its contents changed last

/// An exclusive advisory lock on a file, held until destruction or the death of the process.
class FileLock {
 public:
  /// Nothing if somebody else holds it. Creates the file. A process that was killed may live on in a child
  /// that it was about to start, which holds its locks until it executes: `patience` outlasts that.
  static std::optional<FileLock> try_lock(const fs::path& path, std::chrono::milliseconds patience = {});
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

/// Does somebody hold the lock of this file? Changes nothing, and needs no right to write; false if there is
/// no such file.
bool is_locked(const fs::path& path, std::chrono::milliseconds patience = {});

/// Which process has a record lock (fcntl(2)) to write on a file or a part of it; 0: none that is seen. From
/// /proc/locks: to ask with a descriptor of our own would end the locks of this process when it is closed.
int record_writer(const fs::path& path);

}  // namespace os
