// What another execution did, as the state of a run that has failed: the input of one that puts it back.
#pragma once

#include <string>

#include "provider/aws/service.h"

namespace lambda {

/// Of an execution of the same machine as `asking` (an ARN), by its name, which has ended. Its history is
/// read from where its input was prepared, and not before: whoever started it may have written anything into
/// that. Throws BadInput where it runs, had begun nothing, or is not there.
base::Json state_to_put_back(provider::aws::Service& service, const std::string& asking,
                             const std::string& name);

}  // namespace lambda
