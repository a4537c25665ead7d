// Who must answer in a PostgreSQL server's socket.
#pragma once

#include <filesystem>
#include <string>

#include "os/account.h"

namespace sql {

/// For libpq's `requirepeer` (PostgreSQL's manual, 34.1.2): the user that the server of a socket in `folder`
/// must run as, or "" for whoever does (and where there is no socket: `folder` is ""). A folder's owner can
/// put a link to another server's socket there, which lets root in as its administrator too: in a folder that
/// is not root's its owner must answer.
inline std::string must_answer_in(const std::filesystem::path& folder) {
  const auto owner = os::owner_of(folder);
  return owner && owner->uid != 0 ? owner->name : "";
}

}  // namespace sql
