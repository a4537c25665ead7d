// Files that share blocks on their disk, and what the disk says of them. Copies go through no symbolic link,
// and are made of regular files alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "os/account.h"

namespace os {

namespace fs = std::filesystem;

/// Does the file system of `folder` share blocks between files (FICLONE)? Found out by trying, with files
/// that have no name: what looks into the folder sees no change. No where nothing can be written.
bool can_reflink(const fs::path& folder);
/// Are both on one file system, so that reflink() can work between them?
bool same_file_system(const fs::path& a, const fs::path& b);
/// Pieces that a file lies in on its disk (FIEMAP); 0 where the file system does not tell.
std::uint64_t count_extents(const fs::path& file);

/// Makes `to` share all blocks of `from`, and as root gives it to `owner` if there is one. Returns false
/// where the file system cannot; throws FileError otherwise.
bool reflink(const fs::path& from, const fs::path& to, const std::optional<Ids>& owner = std::nullopt);
/// The same; where the file system cannot, it copies.
void copy_file(const fs::path& from, const fs::path& to, const std::optional<Ids>& owner = std::nullopt);

/// Makes a file of that many zeros with room of its own on the disk, without writing them; makes none where
/// the file system cannot. Throws DiskFull, FileError.
void allocate(const fs::path& path, std::uint64_t bytes, const Ids& owner);

}  // namespace os
