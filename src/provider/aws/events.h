// What RDS says of a database that failed.
#pragma once

#include "base/error.h"
#include "provider/aws/model.h"

namespace provider::aws {

/// DatabaseFailed, for one in a terminal status, with the events of the last hours.
base::Error failed(Service& service, const Json& database, const Budget& budget);

}  // namespace provider::aws
