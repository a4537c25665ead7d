// Windows of restore points that have become smaller than was asked for.
#pragma once

#include "runs/world.h"

namespace runs {

/// For people, of each database whose log is kept and has a gap, or does not grow any more. The id of each is
/// that of the fault: it is the same until another one comes, so that it is sent once.
std::vector<provider::Message> window_notices(LocalWorld& world);

}  // namespace runs
