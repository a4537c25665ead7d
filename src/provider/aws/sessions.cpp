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

}  // namespace provider::aws
