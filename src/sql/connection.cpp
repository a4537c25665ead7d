#include "sql/connection.h"

#include "base/error.h"
#include "sql/drivers.h"

namespace sql {

std::optional<std::string> Connection::scalar(std::string_view statement) {
  const Result result = execute(statement, 1);
  return result.table.empty() ? std::nullopt : result.table[0].at(0);
}

Result Connection::copy_in(std::string_view, std::string_view) {
  throw base::Error("SqlError", "this server has no COPY … FROM STDIN");
}

std::unique_ptr<Connection> connect(const Endpoint& endpoint, std::chrono::seconds timeout) {
  return endpoint.family == "postgres" ? connect_postgres(endpoint, timeout)
                                       : connect_mariadb(endpoint, timeout);
}

}  // namespace sql
