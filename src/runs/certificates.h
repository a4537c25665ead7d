// Certificates of servers that are about to end.
#pragma once

#include "runs/world.h"

namespace runs {

/// For people, of each database whose certificate ends within two weeks, or has ended: its own server has not
/// renewed it, or it is one of theirs. Once of each certificate.
std::vector<provider::Message> certificate_notices(LocalWorld& world);

}  // namespace runs
