// The local world: every store of one home, put together.
#pragma once

#include "provider/local/databases.h"
#include "provider/local/stores.h"
#include "store/journal.h"
#include "store/progress.h"

namespace runs {

/// What is written down of runs. Opened to look it changes nothing, and works on a read-only or full disk.
/// Throws BadHome or NotPermitted where this user may not.
struct Books {
  Books(provider::local::Home where, store::Mode mode);
  /// To look at; `root` "" means the default home.
  explicit Books(const std::string& root);

  provider::local::Home home;
  provider::local::SqliteLedger ledger;
  store::Journal journal;
  store::Progress progress;  ///< of the runs that are open
};

/// Owns all that a run needs. Not movable: its parts refer to one another.
struct World : Books {
  /// `root` "" means the default home. To look it changes nothing, as Books.
  explicit World(const std::string& root,
                 provider::local::Opening opening = provider::local::Opening::to_work);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  base::SystemClock clock;
  provider::local::Secrets secrets;
  provider::local::Databases databases;
  provider::local::Scripts scripts;
  provider::local::Mailbox mailbox;
  provider::Services services;

  /// For calls that a person waits for: `minutes`, not stoppable, no progress.
  provider::Budget budget(int minutes);
};

/// A run of this home. Throws BadInput if there is none.
store::ExecutionRow must_find_run(Books& books, const std::string& id);

/// An instance of this name, else a cluster. Throws BadInput if there is neither.
provider::Database must_find_database(World& world, const std::string& name);

}  // namespace runs
