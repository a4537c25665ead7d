// The two kinds of servers that connect() knows. For connection.cpp.
#pragma once

#include "sql/connection.h"

namespace sql {

std::unique_ptr<Connection> connect_mariadb(const Endpoint& endpoint, std::chrono::seconds timeout);
std::unique_ptr<Connection> connect_postgres(const Endpoint& endpoint, std::chrono::seconds timeout);

}  // namespace sql
