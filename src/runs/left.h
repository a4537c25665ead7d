// What an earlier run has left to be put back.
#pragma once

#include <map>

#include "runs/world.h"

namespace runs {

/// The newest run of a target, of those that began, if it can be taken up: it is open, and somebody may drive
/// it; or it failed, and could not be rolled back either.
std::optional<store::ExecutionRow> left_run(Books& books, const std::string& target);

/// Is it that of its target?
bool can_be_taken_up(Books& books, const store::ExecutionRow& row);

/// Why a run that failed, and can be taken up, could not be rolled back; "" of any other. `row` has its
/// snapshot.
std::string why_not_put_back(Books& books, const store::ExecutionRow& row);
/// The same of all runs that have such a reason, by their ids.
std::map<std::string, std::string> not_put_back(Books& books);

}  // namespace runs
