#pragma once

#include "refresh/step.h"

namespace refresh {

/// What the file's restore asks of the provider, for a run. `source` is a resource id.
provider::RestoreRequest restore_request(const Json& names, const Json& member, const Facts& facts,
                                         const std::string& source, const std::string& run);

}  // namespace refresh
