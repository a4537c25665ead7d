// How long a refresh takes, and how long nothing serves meanwhile: what earlier runs of its target took.
#pragma once

#include "runs/plan.h"

namespace runs {

/// `{runs, seconds, downtimeFrom, downtimeTo, downtimeSeconds}`: medians over the runs of this target in the
/// home's journal that succeeded; null where there are none. Nothing serves under the target's name from the
/// first of the two states on until the end of the other one; runs that had nothing to replace do not count
/// for it.
base::Json estimate(World& world, const refresh::Names& names);

}  // namespace runs
