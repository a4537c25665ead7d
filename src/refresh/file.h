// The refresh file: read, checked whole, and turned into the input of a run. docs/refresh-file.md is
// generated from the same descriptions.
#pragma once

#include <chrono>
#include <map>

#include "refresh/step.h"

namespace refresh {

struct RefreshFile {
  std::vector<Problem> problems;                ///< errors and warnings, by line
  Names names;                                  ///< these three are valid only if ok()
  Json members;                                 ///< those that run, normalised, without secrets
  std::map<std::string, base::Secret> secrets;  ///< "changemasterpwd.temppwd" -> value

  bool ok() const;
  base::LocatedJson document;
  /// Of a file that was lowered (shortfile/): which of its paths each member's came from.
  std::map<std::string, std::string, std::less<>> origins;

  /// Says of a problem that a plan has found where it stands in the file.
  void locate(Problem& problem) const;
  Problem problem_at(std::string path, std::string message) const;
  // What a short file says to who runs it.
  /// If the run fails, its copy is to be kept.
  bool keep_failed = false;
  std::string group;                            ///< whose members show one point in time; "": of none
  std::optional<std::chrono::seconds> max_age;  ///< how old the target's data may become
};

/// Reads both dialects of version 1. Never throws for what the text says.
RefreshFile parse_refresh_file(std::string_view text, Dialect dialect = Dialect::sample);
/// The same for a document that was read, or made.
RefreshFile read_members(base::LocatedJson document, Dialect dialect);

Json to_json(const Names& names);

}  // namespace refresh
