// Ctrl-C, as a request to stop.
#pragma once

#include <signal.h>

#include <stop_token>
#include <thread>

namespace cli {

/// Turns SIGINT, SIGTERM and SIGHUP into a stop request; the second one ends the program at once. Blocks them
/// in all threads that are started after it, so make it first.
class Signals {
 public:
  Signals();
  std::stop_token token() { return source_.get_token(); }

 private:
  void listen(const std::stop_token& stop);
  sigset_t set_{};
  std::stop_source source_;
  std::jthread listener_;
};

}  // namespace cli
