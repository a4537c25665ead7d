// Is a folder a home, or can it become one?
#pragma once

#include "provider/local/home.h"

namespace provider::local {

/// Throws as open_home() does. `root` is canonical. Changes nothing.
void check_place(const os::fs::path& root, Opening opening);

}  // namespace provider::local
