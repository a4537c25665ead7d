// How far the scripts of a run came on its copy, for another run that goes on with it.
#pragma once

#include "provider/provider.h"
#include "refresh/scripts.h"
#include "sql/script.h"

namespace refresh {

struct Headway {
  std::size_t units = 0;       ///< scripts, and databases to be dropped, that are through
  std::size_t statements = 0;  ///< of the script after them, those that have run, and whose effect stays
  std::string digest;          ///< of all that; "" where nothing has run
};

/// The tag `refresh-headway` of the copy: `<run>:<units>:<statements>:<digest>`. Written when a statement has
/// failed, when the last one has run, and by a run that takes the copy over.
provider::Tags headway_tag(const std::string& run, const Headway& headway);
/// In its place from before the first statement of a slice on (marks.h): nobody knows.
provider::Tags no_headway_tag(const std::string& run);
/// Nothing where nobody knows: of scripts that ended in any other way than by a refused statement.
std::optional<Headway> headway_of(const provider::Database& copy, const std::string& run);

/// The digest of what had run, and of this unit after it: a database to be dropped (no script), or the first
/// `statements` of a script.
std::string digest_after(const std::string& before, const Unit& unit, const sql::Script* script,
                         std::size_t statements);

/// Takes a unit's script apart.
using ReadScript = std::function<sql::Script(const Unit&)>;
/// The digest of the first `count` units, whole.
std::string digest_of(const std::vector<Unit>& all, std::size_t count, const ReadScript& read);

/// What in a file's scripts is not as it was when `headway` was made, or keeps them from going on there, for
/// people; "" if they can.
std::string objection_to(const Headway& headway, const std::vector<Unit>& all, const ReadScript& read);

}  // namespace refresh
