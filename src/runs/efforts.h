// What the steps of a run have cost.
#pragma once

#include "runs/world.h"

namespace runs {

/// `[{step, attempts, requests, worked, waited}]`, in the order in which they began, from the journal alone:
/// so it holds over all processes that drove the run. `requests` is null where none were counted. A step
/// lasts from when its first state is entered to the end of its last attempt: the seconds within attempts are
/// `worked`, the others `waited`.
base::Json efforts(Books& books, const std::string& run);

}  // namespace runs
