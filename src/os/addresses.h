// Addresses as text, and those of this host.
#pragma once

#include <string>
#include <vector>

namespace os {

/// Those of its network interfaces that are up, IPv4 and IPv6, without loopback and link-local ones; in the
/// order of the interfaces. Empty where they cannot be read.
std::vector<std::string> own_addresses();

/// What this host calls itself, where others could find it by that; else "".
std::string host_name();

/// Is it an address of IPv4, or one of IPv6 that is not IPv4's in disguise, without a zone?
bool is_address(const std::string& text);
bool is_ipv6(const std::string& address);
/// One that leads from this host to itself: 127.0.0.0/8, ::1.
bool is_loopback(const std::string& address);
/// All that this host has: 0.0.0.0, ::.
bool is_every_address(const std::string& address);
/// Is it a network, as 10.0.0.0/8: an address, and how many of its bits count? All others are zero.
bool is_network(const std::string& text);

}  // namespace os
