#pragma once

#include "refresh/lookup.h"

namespace refresh {

/// The temporary and the final name of a rename: `…temp` in the first dialect, `…_newname` in the second.
std::pair<std::string, std::string> read_rename(const Reading& reading, const std::string& field);
/// For the rename that gives the whole its name: takes the names, and holds them against those that were
/// said.
void read_target(Reading& reading, const std::string& field);

/// Gives the new database or its instance its name, and lets users in if it is the whole: done when the name
/// is its own, settled, and served. Its new password opens it under that name before anybody is let in; after
/// that we may be shut out ourselves.
Work<Done> take_name(StepContext& step, const provider::Database& ours, const std::string& name);

/// What the `check` of a rename must name: the final name, given or without the ending 'temp'.
Json final_name_check(const Json& member, const std::string& field);

/// If the new database has the target's name, or was asked to take it, takes it away again, closed.
Work<Done> give_name_back(StepContext& step);

}  // namespace refresh
