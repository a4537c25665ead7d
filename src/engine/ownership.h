// Who drives an execution: an engine, for as long as its process lives.
#pragma once

#include <string>

#include "os/files.h"

namespace engine {

/// The identity of one engine, proven by a lock that the kernel drops when the process dies.
class Ownership {
 public:
  /// `folder` is made if needed; each engine has a lock file in it.
  explicit Ownership(std::filesystem::path folder);
  ~Ownership();
  Ownership(const Ownership&) = delete;
  Ownership& operator=(const Ownership&) = delete;

  const std::string& id() const { return id_; }
  /// Does the engine of this id run, in whatever process? Removes the lock file of a dead one.
  bool is_alive(const std::string& id) const;
  /// The same for one who only looks: changes nothing.
  static bool is_alive(const std::filesystem::path& folder, const std::string& id);

 private:
  std::filesystem::path folder_;
  std::string id_;
  os::FileLock lock_;
};

}  // namespace engine
