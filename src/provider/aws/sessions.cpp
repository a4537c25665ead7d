#include "provider/aws/sessions.h"

#include <fmt/format.h>

#include "base/error.h"

namespace provider::aws {

bool can_log_in(const std::string& engine) {
  const auto family = family_of(engine);
  return family == "mariadb" || family == "postgres";
}

sql::Endpoint endpoint_of(const Account& account, const Database& database, const base::Secret& password,
                          const std::string& schema) {
  const auto family = family_of(database.engine);
  if (!can_log_in(database.engine))
    throw base::Error("UnsupportedEngine", fmt::format("'{}': we cannot log in to it", database.engine));
  if (database.host.empty()) {
    base::Error error("ConnectionFailed",
                      fmt::format("{} {} has no endpoint yet", to_string(database.kind), database.name));
    error.retryable = true;
    throw error;
  }
  return {.family = family,
          .socket = {},
          .host = database.host,
          .port = database.port,
          .user = database.master_user,
          .password = password,
          .database = schema.empty() ? database.db_name : schema,
          .ca_file = account.settings.ca_file};
}

std::unique_ptr<sql::Connection> log_in(const Account& account, const Database& database,
                                        const base::Secret& password, const std::string& schema) {
  return account.connect(endpoint_of(account, database, password, schema), std::chrono::seconds(10));
}

bool is_mariadb(sql::Connection& session) {
  return session.scalar("SELECT VERSION()").value_or("").find("MariaDB") != std::string::npos;
}

bool is_mysql5(sql::Connection& session) {
  const auto version = session.scalar("SELECT VERSION()").value_or("");
  return version.starts_with("5.") && version.find("MariaDB") == std::string::npos;
}

bool has_procedure(sql::Connection& session, const std::string& name) {
  return session.scalar(
             "SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'mysql' "
             "AND ROUTINE_NAME = " +
             session.quote(name)) != "0";
}

void leave_binary_log(sql::Connection& session) {
  if (session.scalar("SELECT @@log_bin").value_or("0") == "0") return;
  try {
    session.execute("SET SESSION sql_log_bin = OFF", 0);
  } catch (const base::Error& error) {
    if (error.code != "SqlError") throw;
    throw base::Error(
        "BinaryLogged",
        "the binary log of the copy would keep rows as they were before the scripts: " + error.message,
        "give the copy a parameter group with binlog_format OFF, or the master user "
        "SESSION_VARIABLES_ADMIN in production");
  }
}

}  // namespace provider::aws
