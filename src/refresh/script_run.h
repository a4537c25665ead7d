// One script on the copy.
#pragma once

#include "base/error.h"
#include "refresh/headway.h"

namespace refresh {

/// Runs it, in a session of its own or in `session`, and adds to the step's result what it did, and `digest`,
/// that of all that has run. `before` is what has run already: whole scripts, and the first statements of
/// this one, which are left out. Where it fails, and how far it came is known, that is left on the copy.
void run_unit(StepContext& step, const std::string& copy, const base::Secret& password, const Unit& unit,
              const Headway& before, std::unique_ptr<sql::Connection> session);

/// Says on the copy how far its scripts came. Where that cannot be said, nobody goes on with it, and nothing
/// is thrown: what has failed before is what people are to be told.
void leave_headway(StepContext& step, const std::string& copy, const Headway& headway);

/// The script of a unit, taken apart.
sql::Script script_of(StepContext& step, const Unit& unit);
/// What had run on a kept copy is another script by now.
base::Error scripts_changed(const std::string& what);

}  // namespace refresh
