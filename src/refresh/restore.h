#pragma once

#include "provider/provider.h"

namespace refresh {

/// What the file's `restore` member asks of the provider. `source` is a resource id.
provider::RestoreRequest restore_request(const base::Json& names, const base::Json& member,
                                         const std::string& source);

}  // namespace refresh
