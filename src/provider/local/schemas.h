// The databases of users in a server: of PostgreSQL its databases, of MariaDB its schemas.
#pragma once

#include "sql/connection.h"

namespace provider::local {

/// By name. PostgreSQL's own, `postgres` and `template1`, count once users have made anything in them.
/// `administrator` may see all. Throws what sql::connect throws.
std::vector<std::string> schemas_of(const sql::Endpoint& administrator);
/// Nothing there is no error. Sessions in it are ended.
void drop_schema(const sql::Endpoint& administrator, const std::string& name);

}  // namespace provider::local
