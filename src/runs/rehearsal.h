// A whole refresh, rehearsed: its state machine, run in no time over services that only take note.
#pragma once

#include "runs/plan.h"

namespace runs {

/// Of a plan that is ok(). Changes nothing, and never throws for what it meets: that is a gap. What would
/// come after a failed step is not rehearsed: the run would be rolled back. Nothing where the world has no
/// stand-in.
std::optional<Rehearsed> rehearse(World& world, const Planned& planned);

}  // namespace runs
