// As whom the servers of one home run. As root every server has an account of its own, and so has the
// receiver of an adopted server's log: whoever gets hold of one reaches none of the others. Which one is what
// the owner of its folder says; the accounts' entries in /etc/passwd name the home's storage. Otherwise all
// are the user's own.
#pragma once

#include "os/files.h"
#include "os/service_account.h"

namespace provider::local {

class Accounts {
 public:
  /// `storage` is canonical, and what the folders lie in; `locks` where the lock files are.
  Accounts(os::fs::path storage, os::fs::path locks, const os::UidRange& range)
      : storage_(std::move(storage)), locks_(std::move(locks)), range_(range) {}

  /// An account that owns nothing yet: kept from sweep() while it is held.
  struct Fresh {
    os::Ids ids;
    std::optional<os::FileLock> held;
  };
  Fresh make() const;

  /// As whom what lives in `folder` runs. Throws NoAccount if that is root, or an account of another home.
  os::Ids of(const os::fs::path& folder) const;
  /// The same; the folder is made, of mode 0700, with an account of its own, if it is not there or nobody's.
  os::Ids claim(const os::fs::path& folder) const;

  /// Removes the accounts of this home that own no folder any more, with all that still runs as them.
  void sweep() const;

 private:
  bool owns_something(const os::Ids& account) const;
  os::fs::path lock_of(const std::string& name) const { return locks_ / ("account-" + name); }
  os::fs::path storage_, locks_;
  os::UidRange range_;
};

}  // namespace provider::local
