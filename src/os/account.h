// Accounts of the operating system.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace os {

/// A user and group to own files or run programs as.
struct Ids {
  unsigned uid = 0, gid = 0;
  std::string name;  ///< the number where the user has none
};

/// As whom we act.
Ids current_user();
/// Nothing if there is no such user.
std::optional<Ids> find_user(const std::string& name);
std::optional<Ids> find_user(unsigned uid);
/// Whom a file or folder, not what a link leads to, belongs to; nothing if it is not there.
std::optional<Ids> owner_of(const std::filesystem::path& path);

}  // namespace os
