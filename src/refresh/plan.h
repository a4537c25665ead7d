// The plan of a refresh: what it would do, and everything that would keep it from working.
#pragma once

#include "refresh/file.h"

namespace refresh {

struct Plan {
  std::vector<Problem> problems;   ///< paths are those of the file; warnings included
  std::vector<std::string> notes;  ///< what a person should know, e.g. that mysql means MariaDB here
  Json pins = Json::object();      ///< ids: {source, old, old_members, old_replicas}; what the guard goes by
  std::string old_status;          ///< of the database that will be replaced, "" if there is none
  bool ok() const;
};

/// Reads the world and changes nothing. `members` and `names` are those of a file that is ok(); `run` is the
/// run that plans, whose own leftovers are no problem ("" for none).
Plan make_plan(const Json& names, const Json& members, provider::Services& services, const std::string& run);

}  // namespace refresh
