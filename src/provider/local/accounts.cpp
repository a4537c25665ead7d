#include "provider/local/accounts.h"

#include <fmt/format.h>

namespace provider::local {
namespace {

constexpr std::string_view master_privileges =
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW "
    "DATABASES, CREATE TEMPORARY TABLES, "
    "LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, "
    "ALTER ROUTINE, CREATE USER, "
    "EVENT, TRIGGER";

}  // namespace

void set_master_login(sql::Connection& admin, const std::string& user, const base::Secret& password) {
  const std::string hash = sql::native_password_hash(password);
  auto hosts =
      admin.query(fmt::format("SELECT Host FROM mysql.global_priv WHERE User = {}", admin.quote(user))).table;
  if (hosts.empty()) hosts.push_back({std::string("%")});
  for (const auto& row : hosts) {
    const std::string account = fmt::format("{}@{}", admin.quote(user), admin.quote(row[0].value_or("%")));
    admin.execute(fmt::format("CREATE USER IF NOT EXISTS {}", account), 0);
    admin.execute(fmt::format("ALTER USER {} IDENTIFIED VIA mysql_native_password USING '{}' ACCOUNT UNLOCK",
                              account, hash),
                  0);
    admin.execute(fmt::format("GRANT {} ON *.* TO {} WITH GRANT OPTION", master_privileges, account), 0);
  }
}

std::size_t lock_logins(sql::Connection& admin, const std::set<std::string>& administrators,
                        const std::string& master) {
  std::size_t locked = 0;
  const auto accounts = admin
                            .query(
                                "SELECT User, Host FROM mysql.global_priv WHERE COALESCE(JSON_VALUE(Priv, "
                                "'$.is_role'), 'false') <> 'true'")
                            .table;
  for (const auto& row : accounts) {
    const std::string user = row[0].value_or(""), host = row[1].value_or("");
    const bool ours = administrators.contains(user) && host == "localhost";
    if (ours || user == master || user == "mariadb.sys") continue;
    admin.execute(fmt::format("ALTER USER {}@{} ACCOUNT LOCK", admin.quote(user), admin.quote(host)), 0);
    ++locked;
  }
  return locked;
}

}  // namespace provider::local
