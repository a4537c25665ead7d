// A short file held against its entries.
#pragma once

#include "base/clock.h"
#include "shortfile/entry.h"

namespace shortfile {

/// In `mask`: the database that a server begins with, whatever its name is.
inline constexpr const char* initial_database = "<initial>";

/// What a file says, in one form: sections are objects, and of the values
///   texts      is an array of texts
///   duration   is its seconds
///   moment     is "latest", {"time": "2026-01-31 22:00:00"} in UTC, or {"snapshot": …}
///   password   is "generated", {"secret": …}, {"file": …} or {"env": …}
///   masking    has "scripts", of the initial database, and "databases": {NAME: "clean", "drop" or […]}
struct Checked {
  base::Json value = base::Json::object();
  std::vector<base::Problem> problems;  ///< paths are the file's, without places; warnings included
};

/// Every problem at once. `now` is what `today` and `-15m` are of.
Checked check(const base::Json& file, base::Time now);

}  // namespace shortfile
