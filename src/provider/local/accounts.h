// Accounts of a MariaDB server of ours.
#pragma once

#include <set>
#include <string>

#include "sql/connection.h"

namespace provider::local {

/// Gives the master user its password and its rights, those that RDS gives one: no SUPER, FILE or SHUTDOWN.
/// The password goes as its hash: no statement, and so no log, holds it.
void set_master_login(sql::Connection& admin, const std::string& user, const base::Secret& password);

/// Locks every login but the master user's and those of `administrators` at localhost, which are ours:
/// production passwords must not open a copy. Returns how many.
std::size_t lock_logins(sql::Connection& admin, const std::set<std::string>& administrators,
                        const std::string& master);

}  // namespace provider::local
