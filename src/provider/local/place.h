// Is a folder a home, or can it become one?
#pragma once

#include "provider/local/home.h"

namespace provider::local {

/// Throws as open_home() does. `root` is canonical. Changes nothing.
void check_place(const os::fs::path& root, Opening opening);
/// Servers have accounts of their own where we are root, which must come through to their folders. Throws
/// BadHome, as open_home() does where a home has servers; one of a cloud may be nobody's but ours.
void check_reachable(const os::fs::path& root);

}  // namespace provider::local
