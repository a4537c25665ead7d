// TCP ports of 127.0.0.1.
#pragma once

#include <mutex>
#include <set>
#include <vector>

#include "os/descriptor.h"

namespace os {

/// Is this TCP port of 127.0.0.1 free to listen on?
bool port_is_free(int port);
/// Is it taken by nothing but connections that are ending or have ended (TIME-WAIT)? Mostly it is free within
/// a minute.
bool port_is_fading(int port);
/// Gives out ports to listen on later: each is claimed until this goes, so that no other program of ours on
/// this host is given it before its server listens. Thread-safe.
class Ports {
 public:
  /// A port of 127.0.0.1 above 9999 that is free at this moment, and that the kernel gives to no outgoing
  /// connection (unless ip_local_port_range leaves no other); none of `others`. Throws ProcessError if there
  /// is none.
  int any(const std::set<int>& others = {});

 private:
  std::mutex mutex_;
  std::vector<Fd> claims_;
};

}  // namespace os
