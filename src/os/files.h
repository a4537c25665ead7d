// Files, locks and randomness: what the kernel gives. Every failure is a base::Error that names the path.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace os {

namespace fs = std::filesystem;

/// A user and group to own files or run programs as.
struct Ids {
  unsigned uid = 0, gid = 0;
  std::string name;
};
Ids current_user();
/// Nothing if there is no such user.
std::optional<Ids> find_user(const std::string& name);

/// Reads a whole file. Throws FileNotFound, FileError, or FileTooLarge past `limit_bytes`.
std::string read_file(const fs::path& path, std::uintmax_t limit_bytes = 64U << 20U);

/// Replaces `path` whole or not at all, and durably: temporary file, fsync, rename, fsync of the folder.
/// Throws FileError, or DiskFull.
void write_file_atomic(const fs::path& path, std::string_view content, unsigned mode);

/// The same, but of no use after a power failure: for a file that is written anew before it is used again.
void replace_file(const fs::path& path, std::string_view content, unsigned mode);

/// Makes the folder and its parents. The last one gets `mode`, and `owner` if given, even if it was there.
void make_folder(const fs::path& path, unsigned mode, const std::optional<Ids>& owner = std::nullopt);
void give_to(const fs::path& path, const Ids& owner);  ///< the whole tree; only root can

/// Removes a tree; nothing there is no error. Throws FileError.
void remove_tree(const fs::path& path);

/// fsync of every file below `path` (syncfs of its file system).
void sync_tree(const fs::path& path);

std::uintmax_t tree_bytes(const fs::path& path);  ///< allocated files' sizes; vanished files count 0
std::uintmax_t free_bytes(const fs::path& path);  ///< for ordinary users, on path's file system

base::Time modified(const fs::path& file);  ///< when its contents changed last

/// Does the file system of `folder` share blocks between files (FICLONE)? Found out by trying.
bool can_reflink(const fs::path& folder);
/// Are both on one file system, so that reflink() can work between them?
bool same_file_system(const fs::path& a, const fs::path& b);
/// Pieces that a file lies in on its disk (FIEMAP); 0 where the file system does not tell.
std::uint64_t count_extents(const fs::path& file);
/// Makes `to` share all blocks of `from`, and gives it to `owner` if there is one. Returns false where the
/// file system cannot; throws FileError otherwise.
bool reflink(const fs::path& from, const fs::path& to, const std::optional<Ids>& owner = std::nullopt);

/// Makes a file of that many zeros with room of its own on the disk, without writing them; makes none where
/// the file system cannot. Throws DiskFull, FileError.
void allocate(const fs::path& path, std::uint64_t bytes, const Ids& owner);

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

/// `bytes` random bytes as lower-case base 32 without look-alikes (1 character for 5 bits).
std::string random_text(std::size_t characters);
std::string random_bytes(std::size_t bytes);
std::uint64_t random_seed();

}  // namespace os
