// Logins to databases, over TLS that proves the server.
#pragma once

#include "provider/aws/account.h"

namespace provider::aws {

/// Do we speak the protocol of this engine?
bool can_log_in(const std::string& engine);
/// Where the master user logs in; `schema` "": to the initial database. Throws UnsupportedEngine for engines
/// whose protocol we do not speak, and ConnectionFailed (retryable) while there is no endpoint.
sql::Endpoint endpoint_of(const Account& account, const Database& database, const base::Secret& password,
                          const std::string& schema);
std::unique_ptr<sql::Connection> log_in(const Account& account, const Database& database,
                                        const base::Secret& password, const std::string& schema);

/// Those of a family, of which each has words of its own for accounts and statistics. MySQL 5 is 5.7.
bool is_mariadb(sql::Connection& session);
bool is_mysql5(sql::Connection& session);

/// Has MySQL or MariaDB this procedure of RDS's, in its schema `mysql`?
bool has_procedure(sql::Connection& session, const std::string& name);

/// Before scripts of MySQL and MariaDB: what this session changes is not in the binary log, which would show
/// rows as they were to whoever has the master's password (Amazon RDS User Guide, "Accessing MySQL binary
/// logs"). An instance without backups has none; a cluster of Aurora has one where its parameters say so.
/// Throws BinaryLogged where the master user may not do that.
void leave_binary_log(sql::Connection& session);

}  // namespace provider::aws
