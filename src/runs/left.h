// What an earlier run has left to be put back.
#pragma once

#include <map>

#include "runs/world.h"

namespace runs {

/// The runs that failed, and could not be rolled back either, and why not: newest of their targets.
std::map<std::string, std::string> not_put_back(Books& books);

/// The newest run of a target, of those that began, if it can be taken up: it is open, and somebody may drive
/// it; or it failed, and could not be rolled back either.
std::optional<store::ExecutionRow> left_run(Books& books, const std::string& target);

/// Is it that of its target?
bool can_be_taken_up(Books& books, const store::ExecutionRow& row);

}  // namespace runs
