#include <fmt/format.h>

#include <algorithm>

#include "provider/local/mariadb_rights.h"
#include "provider/local/mariadb_server.h"

namespace provider::local {
namespace {

/// Those of `user` from wherever somebody comes, and the one for everywhere: which of them a login is depends
/// on where it comes from, and they are one user to people. Names of hosts are never resolved: the server
/// does not know the accounts of such, nor takes statements on them.
std::vector<std::string> accounts_of(sql::Connection& admin, const std::string& user) {
  std::vector<std::string> accounts;
  for (const auto& row :
       admin
           .query(
               fmt::format("SELECT Host FROM mysql.global_priv WHERE User = {} AND COALESCE(JSON_VALUE(Priv, "
                           "'$.is_role'), 'false') <> 'true' AND (Host = 'localhost' OR Host LIKE '%:%' OR "
                           "Host REGEXP '^[0-9.%_/]*$')",
                           admin.quote(user)))
           .table)
    accounts.push_back(mariadb_account(admin, user, row[0].value_or("")));
  const auto anywhere = mariadb_account(admin, user, "%");
  if (std::ranges::find(accounts, anywhere) == accounts.end()) accounts.push_back(anywhere);
  return accounts;
}

/// Since its copy was made: its account is locked before and after.
bool scripts_have_run(sql::Connection& admin) {
  return admin
      .scalar(fmt::format("SELECT 1 FROM mysql.global_priv WHERE User = '{}' AND Host = 'localhost' AND "
                          "COALESCE(JSON_VALUE(Priv, '$.account_locked'), 'false') <> 'true'",
                          mariadb_scripts))
      .has_value();
}

/// What an UPDATE changes in a system-versioned table stays in it as history, and so does what production
/// changed before: nothing masks it.
void delete_history(sql::Connection& admin) {
  for (const auto& row : admin
                             .query("SELECT table_schema, table_name FROM information_schema.tables WHERE "
                                    "table_type = 'SYSTEM VERSIONED'")
                             .table)
    admin.execute(fmt::format("DELETE HISTORY FROM {}.{}", admin.quote_name(row[0].value_or("")),
                              admin.quote_name(row[1].value_or(""))),
                  0);
}

}  // namespace

void MariaDbServer::create_database(const std::string& name, const std::string& owner) const {
  const auto admin = administrate();
  admin->execute(
      fmt::format("CREATE DATABASE IF NOT EXISTS {} CHARACTER SET utf8mb4", admin->quote_name(name)), 0);
  for (const auto& account : accounts_of(*admin, owner)) grant_database(*admin, name, account);
}

void MariaDbServer::set_master_login(const std::string& user, const base::Secret& password,
                                     const Budget& budget) const {
  const auto admin = administrate();
  admin->obey(&budget);
  const std::string hash = admin->password_hash(user, password);
  for (const auto& account : accounts_of(*admin, user)) {
    admin->execute(fmt::format("CREATE USER IF NOT EXISTS {}", account), 0);
    admin->execute(fmt::format("ALTER USER {} IDENTIFIED VIA mysql_native_password USING '{}' ACCOUNT UNLOCK",
                               account, hash),
                   0);
    grant_master(*admin, account);
  }
}

sql::Endpoint MariaDbServer::admit_scripts(const std::string&) const {
  const auto admin = administrate();
  const auto account = mariadb_account(*admin, mariadb_scripts, "localhost");
  auto endpoint = socket_endpoint();
  endpoint.user = mariadb_scripts;
  endpoint.password = base::Secret(os::random_text(32));
  admin->execute(fmt::format("CREATE USER IF NOT EXISTS {}", account), 0);
  admin->execute(fmt::format("ALTER USER {} IDENTIFIED VIA mysql_native_password USING '{}' ACCOUNT UNLOCK",
                             account, admin->password_hash(endpoint.user, endpoint.password)),
                 0);
  grant_scripts(*admin);
  return endpoint;
}

/// Row events and history hold the rows as they were before they were masked, and statistics their values.
/// InnoDB counts anew what it misses.
void MariaDbServer::forget_past() const {
  const auto admin = administrate();
  admin->execute("SET sql_log_bin = 0", 0);
  for (const char* table : {"column_stats", "index_stats", "table_stats", "innodb_index_stats",
                            "innodb_table_stats", "general_log", "slow_log"})
    admin->execute(
        fmt::format("{} mysql.{}",
                    std::string_view(table).ends_with("_log") ? "TRUNCATE TABLE" : "DELETE FROM", table),
        0);
  confine_again(*admin);
  if (scripts_have_run(*admin)) delete_history(*admin);
  forget_scripts(*admin);
  admin->execute("RESET MASTER", 0);
}

}  // namespace provider::local
