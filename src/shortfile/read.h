// Refresh files of either form, from the file that somebody names.
#pragma once

#include <filesystem>

#include "refresh/file.h"

namespace shortfile {

/// A text in JSON without a member `refresh` is in the sample's form; all else is a short file, which is
/// checked and lowered, with what it includes. Never throws for what a file says; throws as os::read_file()
/// for `path` itself. A password that a file or a variable has is read now; that file must not be for others
/// to read.
///
/// With a defaults.yaml beside it, that is included first.
refresh::RefreshFile read_file(const std::filesystem::path& path, base::Time now);

}  // namespace shortfile
