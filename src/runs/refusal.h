// An attempt that was refused leaves the same traces as a run: an id, a place in the list, a row in the
// ledger, a message.
#pragma once

#include "runs/plan.h"

namespace runs {

/// Why, for programs: the error of the run.
enum class Refusal { invalid_file, plan, busy, account };

/// Records that run `id` was refused, for the problems of `planned`. `place` is that of its target, as
/// World::place(). What cannot be recorded is returned, as warnings: the refusal stands all the same.
std::vector<base::Problem> record_refusal(World& world, const std::string& id, const Planned& planned,
                                          Refusal why, const std::string& place);

}  // namespace runs
