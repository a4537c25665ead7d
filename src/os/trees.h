// Folders and all that is in them. Nothing here goes through a symbolic link: a folder may belong to an
// account that wishes us ill, and we may be root.
#pragma once

#include <filesystem>
#include <optional>

#include "os/account.h"

namespace os {

namespace fs = std::filesystem;

/// Makes the folder and its parents. The last one gets `mode`, and as root `owner` if given, even if it was
/// there. Throws FileError.
void make_folder(const fs::path& path, unsigned mode, const std::optional<Ids>& owner = std::nullopt);

/// Gives the whole tree away; only root can, for others it does nothing. Throws FileError, also for a file
/// that has a name elsewhere: it may be somebody else's.
void give_to(const fs::path& path, const Ids& owner);

/// Removes a tree, a file or a link; nothing there is no error. Throws FileError.
void remove_tree(const fs::path& path);

/// fsync of every file below `path` (syncfs of its file system), and of its name.
void sync_tree(const fs::path& path);
/// Gives a tree that was written its name, durably: fsync of the folder. Both are in one folder. Throws
/// FileError.
void rename_tree(const fs::path& from, const fs::path& to);

std::uintmax_t tree_bytes(const fs::path& path);  ///< sizes of its regular files; vanished ones count 0

}  // namespace os
