// Restores: a new database out of an old one or a snapshot, closed from its first moment on.
#pragma once

#include "provider/aws/account.h"

namespace provider::aws {

/// Thread-safe. `account` must outlive it.
class Restores {
 public:
  explicit Restores(Account& account) : account_(account) {}

  /// DatabaseService::restore().
  Work<Restored> restore(const RestoreRequest& request, const Budget& budget);

 private:
  Work<Restored> answer(const Fleet& fleet, const Json& made, const Budget& budget);

  Account& account_;
};

}  // namespace provider::aws
