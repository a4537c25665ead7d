// Snapshots, and with the log that is kept beside them the points in time that can be restored.
#pragma once

#include "provider/local/archive.h"

namespace provider::local {

/// The span of time that a database can be restored to.
struct Window {
  base::Time from, to;
};

/// What can be restored of a database, and if less than was asked for, why.
struct Restorable {
  enum class State { off, whole, behind, none };  ///< behind: the log does not grow any more
  State state = State::off;
  std::string reason;  ///< of behind and none
  std::optional<Window> window;
  /// The automated snapshots from which the log does not go on, oldest first, by name.
  std::vector<std::string> cut_off;
};
std::string_view to_string(Restorable::State state);  ///< "off", "whole", "behind", "none"

/// Thread-safe.
class Snapshots {
 public:
  Snapshots(Fleet& fleet, LogArchive& archive) : fleet_(fleet), archive_(archive) {}

  std::vector<Snapshot> all() { return fleet_.rows().snapshots(); }
  /// Nothing if there is none of this name; an ARN's last part is its name.
  std::optional<Snapshot> find(const std::string& name);
  /// Puts a hot copy by. Throws DBSnapshotAlreadyExists.
  Snapshot create(const Row& of, const std::string& name, bool automated, const Budget& budget);
  void remove(const Snapshot& snapshot);
  /// Makes an automated snapshot, and removes what is older than the retention: automated snapshots but the
  /// newest that is old enough, and the log before the oldest. Throws NoRestoreWindow if the log that should
  /// go on from it does not come.
  Snapshot back_up(const Row& of, const Budget& budget);

  Restorable restorable(const Row& of, base::Clock& clock);
  /// The snapshot to begin with. Throws InvalidRestoreFault.
  Snapshot base_for(const Row& source, base::Time time, base::Clock& clock);

 private:
  void sweep();
  std::vector<Snapshot> of(const Row& source);
  bool is_base(const Row& source, const Snapshot& snapshot);
  std::vector<Snapshot> bases_of(const Row& source);
  Snapshot create_with_log(const Row& source, const Budget& budget);

  Fleet& fleet_;
  LogArchive& archive_;
};

/// Copies the data of a running server into `folder`, a server's or a snapshot's, whole or not at all. A
/// server's is given to `account`, else to a new one.
Copied copy_running(Fleet& fleet, const os::fs::path& folder, const Row& source, const Budget& budget,
                    const std::optional<os::Ids>& account = std::nullopt);
/// Makes the data of `row` out of a snapshot, in its folder, not yet started.
void lay_out(Fleet& fleet, const Row& row, const Snapshot& snapshot, const Budget& budget);

}  // namespace provider::local
