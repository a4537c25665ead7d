// TCP ports of this host.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "os/descriptor.h"

namespace os {

inline constexpr const char* loopback = "127.0.0.1";

/// Is this TCP port of an address of this host free to listen on?
bool port_is_free(int port, const std::string& address = loopback);
/// May programs of this host listen on it at all?
bool is_own_address(const std::string& address);
/// Is it taken by nothing but connections that are ending or have ended (TIME-WAIT)? Mostly it is free within
/// a minute.
bool port_is_fading(int port);
/// Gives out ports to listen on later: each is claimed until this goes, so that no other program of ours on
/// this host is given it before its server listens. Thread-safe.
class Ports {
 public:
  /// A port above 9999 that is free at this moment at this address, and that the kernel gives to no outgoing
  /// connection (unless ip_local_port_range leaves no other); none of `others`. Throws ProcessError if there
  /// is none.
  int any(const std::set<int>& others = {}, const std::string& address = loopback);

 private:
  std::mutex mutex_;
  std::vector<Fd> claims_;
};

}  // namespace os
