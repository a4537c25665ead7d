// Instances of a cluster, and read replicas.
#pragma once

#include "provider/aws/account.h"

namespace provider::aws {

/// Thread-safe. `account` must outlive it.
class Members {
 public:
  explicit Members(Account& account) : account_(account) {}

  /// DatabaseService::create().
  Work<Database> create(const CreateRequest& request, const Budget& budget);
  bool in_sync(const std::string& id);

 private:
  Account& account_;
};

}  // namespace provider::aws
