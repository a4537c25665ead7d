#include "cli/signals.h"

#include <unistd.h>

#include <iostream>

#include "cli/command.h"

namespace cli {

Signals::Signals() {
  sigemptyset(&set_);
  for (const int each : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set_, each);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  listener_ = std::jthread([this](const std::stop_token& stop) { listen(stop); });
}

void Signals::listen(const std::stop_token& stop) {
  const timespec tick{0, 200'000'000};
  while (!stop.stop_requested()) {
    if (sigtimedwait(&set_, nullptr, &tick) < 0) continue;
    if (source_.stop_requested()) ::_exit(Exit::interrupted);
    std::cerr << "\nstopping; once more to stop at once\n";
    source_.request_stop();
  }
}

}  // namespace cli
