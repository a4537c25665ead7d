// The logins of a copy: all are production's.
#pragma once

#include "sql/connection.h"

namespace provider::aws {

/// As the master user, whose session it is: locks every login but its own and those of RDS itself, and takes
/// their passwords, those of logins that were locked before too: forgotten in PostgreSQL, replaced in MySQL
/// (8.0.18 and later) and MariaDB by what nobody knows; anonymous accounts of MySQL and MariaDB go. Other
/// accounts of the master's name, from other hosts, are locked as well: they may have other passwords. Of
/// MySQL the second passwords and those of before go too, the master's among them (spare_passwords.h).
/// Returns how many. Throws LoginsOpen where some are left, by name, and PasswordsRemain.
std::size_t lock_other_logins(sql::Connection& session, const std::string& family);

}  // namespace provider::aws
