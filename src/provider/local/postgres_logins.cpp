#include <fmt/format.h>

#include "base/parallel.h"
#include "provider/local/postgres_rights.h"
#include "provider/local/postgres_server.h"

namespace provider::local {

void PostgresServer::create_database(const std::string& name, const std::string& owner) const {
  const auto admin = as_administrator("postgres");
  const auto there =
      admin->scalar(fmt::format("SELECT 1 FROM pg_database WHERE datname = {}", admin->quote(name)));
  if (!there)
    admin->execute(
        fmt::format("CREATE DATABASE {} OWNER {}", admin->quote_name(name), admin->quote_name(owner)), 0);
}

void PostgresServer::set_master_login(const std::string& user, const base::Secret& password,
                                      const Budget& budget) const {
  const auto admin = as_administrator("postgres");
  admin->obey(&budget);
  make_master(*admin, user);
  admin->execute(fmt::format("ALTER ROLE {} LOGIN VALID UNTIL 'infinity' PASSWORD {}",
                             admin->quote_name(user), admin->quote(admin->password_hash(user, password))),
                 0);
}

std::unique_ptr<sql::Connection> PostgresServer::as_administrator(const std::string& database) const {
  auto session = log_in(administrator, database);
  protect(*session);
  return session;
}

std::vector<std::string> PostgresServer::databases(sql::Connection& admin) {
  std::vector<std::string> names;
  for (const auto& row : admin.query("SELECT datname FROM pg_database WHERE datallowconn ORDER BY oid").table)
    names.push_back(row[0].value_or(""));
  return names;
}

/// One whose removal was interrupted (datconnlimit -2) lets nobody in for ever.
void PostgresServer::in_every_database(const std::function<void(sql::Connection&)>& work) const {
  const auto admin = as_administrator("postgres");
  const auto closed =
      admin->query("SELECT datname FROM pg_database WHERE NOT datallowconn AND datconnlimit <> -2").table;
  auto let_in = [&](const char* whether) {
    for (const auto& row : closed)
      admin->execute(fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS {}",
                                 admin->quote_name(row[0].value_or("")), whether),
                     0);
  };
  let_in("true");
  const auto names = databases(*admin);
  base::in_parallel(names.size(), [&](std::size_t i) { work(*as_administrator(names[i])); });
  let_in("false");
}

}  // namespace provider::local
