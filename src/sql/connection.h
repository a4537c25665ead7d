// A session with a database server: the few verbs that a refresh needs.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace sql {

/// Where and as whom to log in. A socket wins over host and port.
struct Endpoint {
  std::string family;  ///< "mariadb" or "postgres"
  std::string socket;
  std::string host;
  int port = 0;
  std::string user;
  base::Secret password;
  std::string database;  ///< "" for none
};

using Row = std::vector<std::optional<std::string>>;

struct Result {
  std::uint64_t rows = 0;  ///< affected, or returned where the statement returns rows
  std::vector<Row> table;  ///< at most `keep_rows` rows of the answer
};

/// One session. Not thread-safe. Its statements share session state (USE, SET, temporary tables).
/// Errors: base::Error with code `AccessDenied`, `ConnectionFailed` (retryable), `ConnectionLost`
/// (maybe_delivered) or `SqlError`; the message is the server's, which may quote the statement near the
/// fault.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Result execute(std::string_view statement, std::size_t keep_rows) = 0;
  /// `text` as a literal of this server, with its quotes.
  virtual std::string quote(std::string_view text) = 0;
  virtual bool encrypted() const = 0;

  Result query(std::string_view statement) { return execute(statement, 100'000); }
  /// The first column of the first row; nothing if there is no row.
  std::optional<std::string> scalar(std::string_view statement);
};

/// Logs in, over TLS where the server has it. Throws as above.
std::unique_ptr<Connection> connect(const Endpoint& endpoint, std::chrono::seconds timeout);

/// The hash that MariaDB keeps of a password (mysql_native_password): `*` and 40 hex digits. Lets a password
/// be set without it being part of a statement, where logs would keep it.
std::string native_password_hash(const base::Secret& password);

}  // namespace sql
