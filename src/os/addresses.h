// The addresses of this host.
#pragma once

#include <string>
#include <vector>

namespace os {

/// Those of its network interfaces that are up, IPv4 and IPv6, without loopback and link-local ones; in the
/// order of the interfaces. Empty where they cannot be read.
std::vector<std::string> own_addresses();

}  // namespace os
