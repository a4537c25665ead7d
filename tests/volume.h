// A file system that goes with the test.
#pragma once

#include <string>

#include "os/process.h"
#include "tests/temporary.h"

namespace tests {

/// A file system of its own, in a file; root only.
class Volume {
 public:
  Volume(const std::string& size, const std::string& make) {
    base::SystemClock clock;
    const std::string script = "truncate -s " + size + " " + image().string() + " && " + make + " " +
                               image().string() + " && mkdir " + path().string() +
                               " && mount -o loop,noatime " + image().string() + " " + path().string() +
                               " && chmod 711 " + path().string();
    good = os::run({.argv = {"/bin/sh", "-c", script}}, clock, clock.now() + std::chrono::minutes(1), {})
               .exit_code == 0;
  }
  ~Volume() {
    base::SystemClock clock;
    const auto deadline = clock.now() + std::chrono::seconds(20);
    while (good && os::run({.argv = {"umount", path().string()}}, clock, deadline, {}).exit_code != 0 &&
           clock.now() < deadline)
      clock.sleep_until(clock.now() + std::chrono::milliseconds(100), {});
  }
  os::fs::path path() const { return folder_.path() / "m"; }
  bool good = false;

 private:
  os::fs::path image() const { return folder_.path() / "image"; }
  Temporary folder_;
};

}  // namespace tests
