#pragma once

#include "refresh/lookup.h"

namespace refresh {

/// Is `name` this run's own database now, settled, open, and does its new password open it?
Progress has_taken_name(StepContext& step, const provider::Database& ours, const std::string& name);

/// What the `check` of a rename must name: the final name, given or without the ending 'temp'.
Json final_name_check(const Json& member, const std::string& field);

/// If the new database has the target's name, takes it away again, closed.
Progress give_name_back(StepContext& step);

}  // namespace refresh
