#include "provider/aws/logins.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace provider::aws {
namespace {

/// Accounts that RDS and the servers make for themselves; a master user cannot change them.
constexpr const char* of_mysql =
    "('rdsadmin', 'rdsrepladmin', 'rdsproxyadmin', 'rdstopmgr', 'rds_superuser_role', 'mysql.sys', "
    "'mysql.session', 'mysql.infoschema', 'mariadb.sys')";
constexpr const char* of_postgres =
    "('rdsadmin', 'rdsrepladmin', 'rdsproxyadmin', 'rdstopmgr', 'rdswriteforwarduser')";

/// A server that resolves no names leaves accounts of named hosts out: nobody is one of them, and no
/// statement knows them (MySQL's manual, skip_name_resolve).
constexpr const char* can_be_used =
    "(NOT @@skip_name_resolve OR Host = 'localhost' OR Host LIKE '%:%' OR Host REGEXP '^[0-9.%_/]*$')";

/// Where names are not resolved (RDS: skip_name_resolve is on), accounts of hosts by name are not read:
/// nobody logs in by them, and ALTER USER finds none (error 1396).
constexpr const char* unread =
    "@@skip_name_resolve AND Host <> 'localhost' AND Host NOT LIKE '%:%' AND Host REGEXP '[a-zA-Z]'";

struct Login {
  std::string name, host;
};

std::vector<Login> rows_of(sql::Connection& session, const std::string& query) {
  std::vector<Login> all;
  for (const auto& row : session.query(query).table)
    all.push_back({row.at(0).value_or(""), row.size() > 1 ? row[1].value_or("") : ""});
  return all;
}

std::vector<Login> open_in_mysql(sql::Connection& session) {
  const bool mariadb = session.scalar("SELECT VERSION()").value_or("").find("MariaDB") != std::string::npos;
  const auto ours = fmt::format("CONCAT(User, '@', Host) <> CURRENT_USER() AND User NOT IN {} AND {}",
                                of_mysql, can_be_used);
  if (!mariadb)
    return rows_of(session,
                   fmt::format("SELECT User, Host FROM mysql.user WHERE account_locked = 'N' AND {}", ours));
  return rows_of(session, fmt::format("SELECT User, Host FROM mysql.global_priv WHERE Host <> '' AND "
                                      "COALESCE(JSON_VALUE(Priv, '$.account_locked'), '0') NOT IN "
                                      "('1', 'true') AND {}",
                                      ours));
}

std::vector<Login> open_in_postgres(sql::Connection& session) {
  return rows_of(session, fmt::format("SELECT rolname FROM pg_catalog.pg_roles WHERE rolcanlogin AND rolname "
                                      "<> session_user AND rolname NOT IN {}",
                                      of_postgres));
}

void lock(sql::Connection& session, const std::string& family, const Login& login) {
  if (family == "postgres") {
    session.execute(fmt::format("ALTER ROLE {} NOLOGIN PASSWORD NULL", session.quote_name(login.name)), 0);
    return;
  }
  const auto account = session.quote(login.name) + "@" + session.quote(login.host);
  session.execute(login.name.empty() ? fmt::format("DROP USER {}", account)
                                     : fmt::format("ALTER USER {} ACCOUNT LOCK", account),
                  0);
}

std::vector<Login> open_in(sql::Connection& session, const std::string& family) {
  return family == "postgres" ? open_in_postgres(session) : open_in_mysql(session);
}

}  // namespace

std::size_t lock_other_logins(sql::Connection& session, const std::string& family) {
  const auto logins = open_in(session, family);
  for (const auto& login : logins) lock(session, family, login);
  std::vector<std::string> left;
  for (const auto& login : open_in(session, family)) left.push_back(login.name);
  if (!left.empty())
    throw base::Error("LoginsOpen", "logins of production are still open: " + base::join(left, ", "));
  return logins.size();
}

}  // namespace provider::aws
