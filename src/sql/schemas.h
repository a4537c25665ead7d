// The databases of users in a server: of PostgreSQL its databases, of MariaDB its schemas.
#pragma once

#include "sql/connection.h"

namespace sql {

/// Schemas of MariaDB and MySQL that are nobody's, as a list in parentheses.
inline constexpr const char* mariadb_own_schemas =
    "('mysql', 'information_schema', 'performance_schema', 'sys', 'dbrefresh')";

/// By name. PostgreSQL's own, `postgres` and `template1`, count once users have made anything in them.
/// RDS's own is nobody's. `administrator` may see all. Throws what `log_in` throws.
std::vector<std::string> schemas_of(const Endpoint& administrator, const Connect& log_in = connect);
/// Nothing there is no error. Sessions in it are ended.
void drop_schema(const Endpoint& administrator, const std::string& name, const Connect& log_in = connect);

}  // namespace sql
