// Ports for the servers of a test.
#pragma once

#include "os/port.h"

namespace tests {

/// No other process of ours is given it while this one lives: most tests choose one long before they listen.
inline int any_port() {
  static os::Ports ports;
  return ports.any();
}

}  // namespace tests
