#include "provider/aws/logins.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "os/random.h"
#include "provider/aws/sessions.h"
#include "provider/aws/spare_passwords.h"

namespace provider::aws {
namespace {

/// Accounts that RDS and the servers make for themselves; a master user cannot change them.
constexpr const char* of_mysql =
    "('rdsadmin', 'rdsrepladmin', 'rdsproxyadmin', 'rdstopmgr', 'rds_superuser_role', 'mysql.sys', "
    "'mysql.session', 'mysql.infoschema', 'mariadb.sys')";
constexpr const char* of_postgres =
    "('rdsadmin', 'rdsrepladmin', 'rdsproxyadmin', 'rdstopmgr', 'rdswriteforwarduser')";

/// A MariaDB that resolves no names leaves accounts of named hosts out: nobody is one of them, and no
/// statement knows them (sql/hostname.cc, hostname_requires_resolving()). MySQL knows them all the same.
constexpr const char* known_to_mariadb =
    " AND (NOT @@skip_name_resolve OR Host = 'localhost' OR Host REGEXP '[:%_/]' OR Host REGEXP "
    "'^[0-9.]*$')";

/// Of MySQL: roles are locked and have no password. RDS has some of its own (AWS_LAMBDA_ACCESS and others).
constexpr const char* no_role = " AND (account_locked = 'N' OR authentication_string <> '')";

/// Plugins of MySQL that keep a password's hash; those of others (IAM, LDAP) keep none.
constexpr const char* with_passwords =
    "('mysql_native_password', 'caching_sha2_password', 'sha256_password')";

/// Groups, and logins that were locked before. Those of the server and of RDS have no password.
constexpr const char* without_login =
    R"(SELECT rolname FROM pg_catalog.pg_roles WHERE NOT rolcanlogin AND rolname !~ '^(pg_|rds)')";
constexpr const char* insufficient_privilege = "42501";

struct Login {
  std::string name, host;
  bool has_password = true;
};

std::vector<Login> rows_of(sql::Connection& session, const std::string& query) {
  std::vector<Login> all;
  for (const auto& row : session.query(query).table)
    all.push_back(
        {row.at(0).value_or(""), row.size() > 1 ? row[1].value_or("") : "", row.size() < 3 || row[2] == "1"});
  return all;
}

/// Those of `which`: "" for all, locked ones too.
std::vector<Login> accounts_of_mysql(sql::Connection& session, const std::string& which) {
  const auto others =
      fmt::format("CONCAT(User, '@', Host) <> CURRENT_USER() AND User NOT IN {}{}", of_mysql, which);
  return rows_of(
      session,
      is_mariadb(session)
          ? fmt::format("SELECT User, Host FROM mysql.global_priv WHERE Host <> '' AND {}{}", others,
                        known_to_mariadb)
          : fmt::format("SELECT User, Host, authentication_string <> '' AND plugin IN {} FROM mysql.user "
                        "WHERE {}{}",
                        with_passwords, others, no_role));
}

std::vector<Login> open_in(sql::Connection& session, const std::string& family) {
  if (family == "postgres")
    return rows_of(session,
                   fmt::format("SELECT rolname FROM pg_catalog.pg_roles WHERE rolcanlogin AND rolname "
                               "<> session_user AND rolname NOT IN {}",
                               of_postgres));
  return accounts_of_mysql(session, is_mariadb(session)
                                        ? " AND COALESCE(JSON_VALUE(Priv, '$.account_locked'), '0') NOT IN "
                                          "('1', 'true')"
                                        : " AND account_locked = 'N'");
}

/// A hash that no password is known of. A master user may unlock what we lock and read mysql.user: what it
/// finds there must open nothing, here or in production.
std::string unknown_hash() {
  std::string hash = "*";
  for (const char byte : os::random_bytes(20))
    hash += fmt::format("{:02X}", static_cast<unsigned char>(byte));
  return hash;
}

std::string account_of(sql::Connection& session, const Login& login) {
  return session.quote(login.name) + "@" + session.quote(login.host);
}

/// `by`: MariaDB and MySQL 5.7 say it with words of their own.
void lock_by_hash(sql::Connection& session, const std::string& account, const char* by) {
  session.execute(fmt::format("ALTER USER {} IDENTIFIED {} '{}' ACCOUNT LOCK", account, by, unknown_hash()),
                  0);
}

/// MySQL 5.7 makes up no passwords, and knows of no second ones.
void lock_in_mysql(sql::Connection& session, const std::string& account, bool has_password) {
  if (!has_password) return void(session.execute(fmt::format("ALTER USER {} ACCOUNT LOCK", account), 0));
  if (is_mysql5(session)) return lock_by_hash(session, account, "WITH mysql_native_password AS");
  session.execute(fmt::format("ALTER USER {} IDENTIFIED WITH caching_sha2_password BY RANDOM PASSWORD {} "
                              "ACCOUNT LOCK",
                              account, without_history),
                  0);
  forget_second_password(session, account);
}

void lock_in_either(sql::Connection& session) {
  const bool mariadb = is_mariadb(session);
  for (const auto& login : accounts_of_mysql(session, "")) {
    const auto account = account_of(session, login);
    if (login.name.empty())
      session.execute("DROP USER " + account, 0);
    else if (mariadb)
      lock_by_hash(session, account, "VIA mysql_native_password USING");
    else
      lock_in_mysql(session, account, login.has_password);
  }
}

void must_know_no_more(sql::Connection& session) {
  const auto left = with_spare_passwords(session, of_mysql);
  if (left.empty()) return;
  throw base::Error("PasswordsRemain",
                    "the copy still keeps old passwords of production: " + base::join(left, ", "),
                    "ALTER USER … DISCARD OLD PASSWORD in production, or drop these accounts there");
}

/// A role that cannot log in may have a password all the same, and whoever may change the role lets it log
/// in. What this master may not change, nobody with its password may.
void lock_in_postgres(sql::Connection& session) {
  for (const auto& login : open_in(session, "postgres"))
    session.execute(fmt::format("ALTER ROLE {} NOLOGIN PASSWORD NULL", session.quote_name(login.name)), 0);
  for (const auto& role : rows_of(session, without_login)) {
    try {
      session.execute(fmt::format("ALTER ROLE {} PASSWORD NULL", session.quote_name(role.name)), 0);
    } catch (const base::Error& error) {
      if (error.message.find(insufficient_privilege) == std::string::npos) throw;
    }
  }
}

}  // namespace

std::size_t lock_other_logins(sql::Connection& session, const std::string& family) {
  const auto logins = open_in(session, family);
  if (family == "postgres")
    lock_in_postgres(session);
  else
    lock_in_either(session);
  std::vector<std::string> left;
  for (const auto& login : open_in(session, family)) left.push_back(login.name);
  if (!left.empty())
    throw base::Error("LoginsOpen", "logins of production are still open: " + base::join(left, ", "));
  if (family != "postgres" && !is_mariadb(session) && !is_mysql5(session)) {
    forget_own_spare_passwords(session);
    must_know_no_more(session);
  }
  return logins.size();
}

}  // namespace provider::aws
