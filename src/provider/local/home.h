// Where everything of the local provider lives, and as whom its servers run. docs/home.md draws the tree.
#pragma once

#include "os/files.h"

namespace provider::local {

struct Home {
  os::fs::path root;
  os::Ids server_user;  ///< never root: database servers refuse it

  os::fs::path catalogue() const { return root / "catalogue.db"; }
  os::fs::path journal() const { return root / "journal.db"; }
  os::fs::path ledger() const { return root / "ledger.db"; }
  os::fs::path secrets() const { return root / "secrets.db"; }
  os::fs::path secret_key() const { return root / "secrets.key"; }
  os::fs::path buckets() const { return root / "buckets"; }
  os::fs::path mailbox() const { return root / "mail"; }
  os::fs::path engines() const { return root / "engines"; }
  os::fs::path locks() const { return root / "locks"; }
  os::fs::path settings() const { return root / "settings.json"; }
  os::fs::path instance(const std::string& id) const { return root / "instances" / id; }
};

/// The home that a user gets who names none: /var/lib/dbrefresh for root, else $XDG_STATE_HOME/dbrefresh,
/// else
/// ~/.local/state/dbrefresh.
os::fs::path default_home();

/// Makes the folders that are missing. Throws `NoServerUser` when root has no user `dbrefresh` to run servers
/// as, `PathTooLong` when sockets would not fit (Linux: 107 bytes).
Home open_home(const os::fs::path& root);

}  // namespace provider::local
