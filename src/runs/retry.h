// What goes on with the copy that a failed run has kept: what `dbrefresh retry` asks for.
#pragma once

#include "runs/plan.h"

namespace runs {

struct RetryAsked {
  std::string run;       ///< the failed run
  std::string from;      ///< the step from which on all is done anew; "": where the run failed
  std::string path;      ///< the refresh file; "": the one that the run was begun with
  std::string unmasked;  ///< as Request::unmasked
};

/// Reads what is there, and changes nothing. Throws BadInput where there is nothing to go on with, or nobody
/// knows how far the scripts came; what is wrong with the file is among the request's objections.
Request retry_request(World& world, const RetryAsked& asked);

}  // namespace runs
