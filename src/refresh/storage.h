// What the members of a refresh file say of storage.
#pragma once

#include "refresh/step.h"

namespace refresh {

/// Of an instance and of its replicas alike; clusters have storage of their own.
inline constexpr Field storage_type = choice("storagetype", "gp2|gp3|io1|io2", "Storage type.")
                                          .as("aws.storage_type")
                                          .or_inherited()
                                          .only_rds();
inline constexpr Field provisioned_iops = integer("iops", 1, "Provisioned I/O operations a second.")
                                              .as("aws.iops")
                                              .or_inherited()
                                              .only_rds()
                                              .when("storagetype", "io1|io2");

/// `iops` beside a storage type that this format gives none to: what would be left out is said.
void warn_of_unused_iops(const Json& member, std::vector<Problem>& problems);

}  // namespace refresh
