// A short file as the members of the sample's form, which the rest of the program works by.
#pragma once

#include <map>
#include <string>

#include "base/json.h"

namespace shortfile {

struct Lowered {
  base::Json members = base::Json::object();
  /// Where in the short file each field of the members came from, or would stand: "$.restore.port" ->
  /// "$.listen.port".
  std::map<std::string, std::string, std::less<>> origins;
  std::vector<base::Problem> problems;  ///< paths are the short file's
};

/// `checked` is a Checked::value without problems; `folder` is the short file's, absolute, from which
/// scripts are named; `password` is what its file or variable holds, "" if it names none. Never throws.
Lowered lower(const base::Json& checked, const std::string& folder, const std::string& password);

}  // namespace shortfile
