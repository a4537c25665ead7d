#include "sql/schemas.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace sql {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> names(Connection& session, std::string_view query) {
  std::vector<std::string> out;
  for (const auto& row : session.query(query).table) out.push_back(row.at(0).value_or(""));
  return out;
}

/// Objects of users have numbers from 16384 on (FirstNormalObjectId); extensions' own are not theirs. What we
/// may not look into, on a server that is not ours, is looked at in its copy.
bool has_relations_of_users(Endpoint where, const std::string& database, const Connect& log_in) {
  where.database = database;
  try {
    return log_in(where, 10s)
        ->scalar(
            "SELECT 1 FROM pg_class c WHERE c.oid >= 16384 AND c.relkind IN ('r', 'm', 'p', 'f') AND NOT "
            "EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') AND "
            "c.relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\\_toast%') LIMIT 1")
        .has_value();
  } catch (const base::Error&) {
    return false;
  }
}

}  // namespace

std::vector<std::string> schemas_of(const Endpoint& administrator, const Connect& log_in) {
  const auto session = log_in(administrator, 10s);
  if (administrator.family != "postgres")
    return names(
        *session,
        fmt::format("SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN {} "
                    "ORDER BY 1",
                    mariadb_own_schemas));
  auto all =
      names(*session,
            "SELECT datname FROM pg_database WHERE datname <> 'template0' AND NOT (datname = 'rdsadmin' AND "
            "pg_get_userbyid(datdba) = 'rdsadmin') AND (datallowconn OR "
            "datname NOT IN ('postgres', 'template1')) ORDER BY datname COLLATE \"C\"");
  std::erase_if(all, [&](const std::string& name) {
    return (name == "postgres" || name == "template1") &&
           !has_relations_of_users(administrator, name, log_in);
  });
  return all;
}

void drop_schema(const Endpoint& administrator, const std::string& name, const Connect& log_in) {
  const auto session = log_in(administrator, 10s);
  const bool postgres = administrator.family == "postgres";
  if (postgres && session->scalar(fmt::format("SELECT datistemplate FROM pg_database WHERE datname = {}",
                                              session->quote(name))) == "t")
    session->execute(fmt::format("ALTER DATABASE {} IS_TEMPLATE false", session->quote_name(name)), 0);
  session->execute(
      fmt::format("DROP DATABASE IF EXISTS {}{}", session->quote_name(name), postgres ? " WITH (FORCE)" : ""),
      0);
}

}  // namespace sql
