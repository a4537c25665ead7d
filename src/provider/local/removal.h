// The end of databases.
#pragma once

#include "provider/local/snapshots.h"

namespace provider::local {

/// Thread-safe.
class Removal {
 public:
  Removal(Fleet& fleet, Jobs& jobs, LogArchive& archive, Snapshots& snapshots)
      : fleet_(fleet), jobs_(jobs), archive_(archive), snapshots_(snapshots) {}

  /// Ends what still makes it, then deletes it in a light job. Nothing of this id is done.
  Work<Done> remove(const std::string& id, const Budget& budget);
  /// Deletes a database, whole or half made, in the thread of who asks, who holds its lock. With it go its
  /// automated snapshots and its log, as RDS has it; those that were made by hand stay.
  void discard(const Row& row, const Budget& budget);

 private:
  void remove_now(const std::string& id, const Budget& budget);

  Fleet& fleet_;
  Jobs& jobs_;
  LogArchive& archive_;
  Snapshots& snapshots_;
};

/// The key of the job that makes a database.
inline std::string making(const std::string& id) {
  return "make " + id;
}

}  // namespace provider::local
