// Who is connected to a database, as far as Amazon tells.
#pragma once

#include "provider/aws/model.h"

namespace provider::aws {

/// The most sessions that the instances had at once within the last minutes, added up: CloudWatch's metric
/// DatabaseConnections, a value a minute under the name that an instance has by then (RDS User Guide, "Amazon
/// CloudWatch instance-level metrics for Amazon RDS"). Nothing where there is no value of any. Throws as
/// Service does.
std::optional<std::int64_t> most_connections(Service& service, const std::vector<std::string>& instances,
                                             std::chrono::minutes within, const Budget& budget);

/// An instance; of a cluster, its members.
std::vector<std::string> instances_of(const Json& database);

}  // namespace provider::aws
