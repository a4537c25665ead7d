// What the members of a refresh file say of storage.
#pragma once

#include "refresh/step.h"

namespace refresh {

/// `iops` beside a storage type that this format gives none to: what would be left out is said.
void warn_of_unused_iops(const Json& member, std::vector<Problem>& problems);

}  // namespace refresh
