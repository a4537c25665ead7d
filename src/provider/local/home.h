// Where everything of the local provider lives, and as whom its servers run. docs/home.md draws the tree.
#pragma once

#include <functional>

#include "base/json.h"
#include "os/files.h"
#include "os/process.h"
#include "provider/local/accounts.h"

namespace provider::local {

struct Home {
  os::fs::path root;
  os::fs::path storage;        ///< of all that servers write: the root, or the volume mounted in it
  os::UidRange uids;           ///< of the accounts that servers get where we are root (settings.json)
  bool strict_checks = false;  ///< read every table and index of a copy before it is used (settings.json)

  os::fs::path catalogue() const { return root / "catalogue.db"; }
  os::fs::path journal() const { return root / "journal.db"; }
  os::fs::path ledger() const { return root / "ledger.db"; }
  os::fs::path secrets() const { return root / "secrets.db"; }
  os::fs::path secret_key() const { return root / "secrets.key"; }
  os::fs::path authority() const { return root / "authority.pem"; }      ///< for clients: 0644
  os::fs::path authority_key() const { return root / "authority.key"; }  ///< 0600
  os::fs::path buckets() const { return root / "buckets"; }
  os::fs::path mailbox() const { return root / "mail"; }
  os::fs::path engines() const { return root / "engines"; }
  os::fs::path locks() const { return root / "locks"; }
  os::fs::path archive(const std::string& id) const { return storage / "archive" / id; }
  os::fs::path snapshot(const std::string& id) const { return storage / "snapshots" / id; }
  os::fs::path instance(const std::string& id) const { return storage / "instances" / id; }

  Accounts accounts() const { return {storage, locks(), uids}; }

  /// Makes a folder whole or not at all: `fill` makes it under another name, that of `folder` + ".partial",
  /// which is removed if it throws; the final one is given when all is on the disk. All of it then belongs,
  /// if it is a server's, to a new account, or to `account` if that is given; anything else to us alone.
  void build(const os::fs::path& folder, const std::function<void(const os::fs::path& partial)>& fill,
             const std::optional<os::Ids>& account = std::nullopt) const;
  /// Removes what build() left of `folder` when we were killed, with a server that may be at work in it.
  static void remove_unfinished(const os::fs::path& folder);
};

/// What runs in the data folder of a server of ours.
const os::Programs& server_programs();
/// What receives the log of an adopted server, in its archive; MariaDB's is begun again by a shell.
const os::Programs& receiver_programs();

/// In an archive, beside the log: what the receiver says, and the password that it logs in with.
inline constexpr const char* receiver_output = "receiver.log";
inline constexpr const char* receiver_password = "receiver.pgpass";
inline constexpr const char* receiver_options = "receiver.cnf";  ///< MariaDB's, the same

/// settings.json, an empty object if there is none. Throws SettingsInvalid.
base::Json read_settings(const os::fs::path& root);

/// The home that a user gets who names none: /var/lib/dbrefresh for root, else $XDG_STATE_HOME/dbrefresh,
/// else
/// ~/.local/state/dbrefresh.
os::fs::path default_home();

/// What is done with a home: whoever only looks makes and changes nothing in it.
enum class Opening {
  to_work,    ///< makes the home where nothing is yet
  to_change,  ///< what is there already
  to_look
};

/// Opens a home; but to look, makes the folders that are missing.
/// Throws `NotAHome` for a folder that is something else, or, but to work, for none; `BadHome` for one that
/// cannot be used safely: of another owner, writable by others, on a network file system, with a name that
/// configuration files cannot hold; `PathTooLong` when sockets would not fit (Linux: 107 bytes);
/// `SettingsInvalid`.
Home open_home(const os::fs::path& root, Opening opening = Opening::to_work);

}  // namespace provider::local
