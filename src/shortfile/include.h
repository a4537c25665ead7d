// A short file together with what it includes.
#pragma once

#include <filesystem>

#include "base/json.h"

namespace shortfile {

/// Of what several files say of a member, `path`'s own wins, then the last one that it includes; objects are
/// merged, all else is taken whole. Each member's place has the file that it is in, "" for `path` itself.
/// What is wrong with any of them is among the problems.
base::LocatedJson with_includes(const base::LocatedJson& document, const std::filesystem::path& path);

/// Is it JSON, by its name or its first character? YAML else, of which JSON is a part; but what is wrong with
/// JSON its own reader says better.
bool is_json(const std::filesystem::path& path, std::string_view text);
/// A file's text.
base::LocatedJson parse_text(const std::filesystem::path& path, std::string_view text);

}  // namespace shortfile
