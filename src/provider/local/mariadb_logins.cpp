#include <fmt/format.h>

#include <algorithm>

#include "provider/local/mariadb_server.h"

namespace provider::local {
namespace {

/// Those that RDS gives a master user: no SUPER, FILE or SHUTDOWN.
constexpr std::string_view master_privileges =
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW "
    "DATABASES, CREATE TEMPORARY TABLES, "
    "LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, "
    "ALTER ROUTINE, CREATE USER, "
    "EVENT, TRIGGER";

}  // namespace

void MariaDbServer::create_database(const std::string& name, const std::string&) const {
  const auto admin = administrate();
  admin->execute(
      fmt::format("CREATE DATABASE IF NOT EXISTS {} CHARACTER SET utf8mb4", admin->quote_name(name)), 0);
}

void MariaDbServer::set_master_login(const std::string& user, const base::Secret& password) const {
  const auto session = administrate();
  sql::Connection& admin = *session;
  const std::string hash = admin.password_hash(user, password);
  auto hosts =
      admin.query(fmt::format("SELECT Host FROM mysql.global_priv WHERE User = {}", admin.quote(user))).table;
  const auto reaches_us = [](const sql::Row& row) { return row[0] == "%" || row[0] == "localhost"; };
  if (std::ranges::none_of(hosts, reaches_us)) hosts.push_back({std::string("%")});
  for (const auto& row : hosts) {
    const std::string account = fmt::format("{}@{}", admin.quote(user), admin.quote(row[0].value_or("%")));
    admin.execute(fmt::format("CREATE USER IF NOT EXISTS {}", account), 0);
    admin.execute(fmt::format("ALTER USER {} IDENTIFIED VIA mysql_native_password USING '{}' ACCOUNT UNLOCK",
                              account, hash),
                  0);
    admin.execute(fmt::format("GRANT {} ON *.* TO {} WITH GRANT OPTION", master_privileges, account), 0);
  }
}

/// Row events hold the rows as they were before they were masked.
void MariaDbServer::forget_past() const {
  administrate()->execute("RESET MASTER", 0);
}

}  // namespace provider::local
