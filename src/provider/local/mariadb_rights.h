// Who may do what in a MariaDB server of ours. docs/decisions/0011 says why so.
#pragma once

#include <string>

#include "sql/schemas.h"

namespace provider::local {

/// As whom scripts run, at localhost. It stays as the definer of what they made, with the rights of a user.
inline constexpr const char* mariadb_scripts = "dbrefresh_scripts";
/// Schema of the procedures by which a master user makes logins.
inline constexpr const char* mariadb_tools = "dbrefresh";
using sql::mariadb_own_schemas;

/// In all of these `admin` is our administrator's session. Its account is named after the server and has a
/// password of its own, new at every start: one that the operating system vouches for would be named as its
/// users, and every routine of production's root, or of the server that was copied, would run with its
/// rights.

/// Takes from every account and role but our administrator all that leads out of the databases of users:
/// global rights on data become rights on each of those databases, wildcards that match the server's own
/// schemas too; files, plugins, proxies, logins and other administration go. Definers keep to that as well.
void confine_accounts(sql::Connection& admin);

/// Makes every login but ours useless, its password forgotten: unlocking one opens nothing. Anonymous ones,
/// which would keep others out, are removed. Returns how many logins with passwords there were, `master`
/// aside.
std::size_t forget_logins(sql::Connection& admin, const std::string& master);

/// `account` (quoted, with its host) may do all in the databases of users, may pass on what it has in those
/// that are there, and makes logins through the procedures of `mariadb_tools`; nothing else.
void grant_master(sql::Connection& admin, const std::string& account);
/// confine_accounts() for whatever scripts did, and grant_master() again for those that were masters.
void confine_again(sql::Connection& admin);
/// `account` may do all in this one database, and pass it on.
void grant_database(sql::Connection& admin, const std::string& database, const std::string& account);
/// Scripts may make and change logins besides what a master may; until confine_accounts(). A database that
/// they make can be granted after own_database(), as a master's.
void grant_scripts(sql::Connection& admin);

/// Nobody is that account any more; it stays a definer.
void forget_scripts(sql::Connection& admin);

/// `user`@`host`, quoted.
std::string mariadb_account(sql::Connection& session, const std::string& user, const std::string& host);

}  // namespace provider::local
