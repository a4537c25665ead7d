// The end of databases.
#pragma once

#include "provider/aws/account.h"

namespace provider::aws {

/// Thread-safe. `account` must outlive it.
class Removals {
 public:
  explicit Removals(Account& account) : account_(account) {}

  /// DatabaseService::remove(). Automated backups go with the database: they hold what it held before it was
  /// masked, and RDS keeps no more than forty.
  Work<Done> remove(const std::string& id, const Budget& budget);

 private:
  Account& account_;
};

}  // namespace provider::aws
