// The refresh file: read, checked whole, and turned into the input of a run. docs/refresh-file.md is
// generated from the same descriptions.
#pragma once

#include <map>

#include "refresh/step.h"

namespace refresh {

struct RefreshFile {
  std::vector<Problem> problems;                ///< errors and warnings, by line
  Names names;                                  ///< these three are valid only if ok()
  Json members;                                 ///< those that run, normalised, without secrets
  std::map<std::string, base::Secret> secrets;  ///< "changemasterpwd.temppwd" -> value

  bool ok() const;
  /// The line of a path of the file, for problems that a plan finds.
  int line_of(std::string_view path) const { return std::max(1, document.line_of(path)); }
  base::LocatedJson document;
};

/// Reads both dialects of version 1. Never throws for what the text says.
RefreshFile parse_refresh_file(std::string_view text);

Json to_json(const Names& names);

}  // namespace refresh
