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

/// The two of a family, of which each has words of its own for accounts and statistics.
bool is_mariadb(sql::Connection& session);

}  // namespace provider::aws
