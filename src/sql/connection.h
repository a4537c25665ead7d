// A session with a database server: the few verbs that a refresh needs.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/budget.h"
#include "base/secret.h"

namespace sql {

/// Where and as whom to log in. A socket wins over the host.
struct Endpoint {
  std::string family;  ///< "mariadb" or "postgres"
  std::string socket;  ///< MariaDB: its path; PostgreSQL: the folder that has it, where `port` names it
  std::string host;
  int port = 0;
  std::string user;
  base::Secret password;
  std::string database;  ///< "" for none
  /// Certificates in PEM by which the server must prove that it is `host`; without TLS there is no login
  /// then.
  std::string ca_file = {};
  /// PostgreSQL: a session as pg_basebackup begins one, with lines of its own in pg_hba.conf; it takes no
  /// SQL.
  bool replication = false;
};

using Row = std::vector<std::optional<std::string>>;

struct Result {
  std::uint64_t rows = 0;            ///< affected, or returned where the statement returns rows
  std::vector<Row> table;            ///< at most `keep_rows` rows of the answer
  std::vector<std::string> columns;  ///< the names of its columns
};

/// One session. Not thread-safe. Its statements share session state (USE, SET, temporary tables).
/// Errors: base::Error with code `AccessDenied`, `ConnectionFailed` (retryable), `ConnectionLost`
/// (maybe_delivered) or `SqlError`; and of the budget `Interrupted` or `DeadlineExceeded`. The message has
/// the server's code and names, and no value of a row (server_error.h). A peer that is gone is a
/// ConnectionLost after about a minute, however long a statement may take.
class Connection {
 public:
  virtual ~Connection() = default;
  /// From now on each statement runs within `budget`, which is told every few seconds that it runs; nullptr,
  /// as at first: for as long as it takes. One that is over time or unwanted is cancelled in the server; if
  /// that does not help within a second, the session is closed, and all that follows is ConnectionLost.
  void obey(const base::Budget* budget) { budget_ = budget; }
  virtual Result execute(std::string_view statement, std::size_t keep_rows) = 0;
  /// `text` as a literal of this server, with its quotes.
  virtual std::string quote(std::string_view text) = 0;
  virtual bool encrypted() const = 0;
  /// Would what its last statements did go if the session ended now? As the server said with the last answer
  /// that was no error: of a transaction that was begun, or because it commits nothing by itself.
  virtual bool in_transaction() const = 0;
  /// PostgreSQL's COPY … FROM STDIN with the data that a script has after it. Throws SqlError elsewhere.
  virtual Result copy_in(std::string_view statement, std::string_view data);
  /// `name` as an identifier, with its quotes.
  virtual std::string quote_name(std::string_view name) = 0;
  /// What this server keeps of a password: mysql_native_password, or SCRAM-SHA-256. Lets one be set without
  /// it being part of a statement, where logs would keep it.
  virtual std::string password_hash(const std::string& user, const base::Secret& password) = 0;

  /// Takes a lock of this server by its name (of a PostgreSQL database: by its name in it), without waiting;
  /// false if another session has it. It goes with the session, and that of a peer which is gone without a
  /// word at the latest when `most` is over (MariaDB) or a few minutes later (PostgreSQL). (GET_LOCK() of
  /// MariaDB's knowledge base; PostgreSQL's manual, 13.3.5.)
  virtual bool try_lock(std::string_view name, std::chrono::seconds most) = 0;

  Result query(std::string_view statement) { return execute(statement, 100'000); }
  /// The first column of the first row; nothing if there is no row.
  std::optional<std::string> scalar(std::string_view statement);

 protected:
  const base::Budget* budget_ = nullptr;
};

/// Logs in, over TLS where the server has it, or as `ca_file` asks. Throws as above.
std::unique_ptr<Connection> connect(const Endpoint& endpoint, std::chrono::seconds timeout);
/// connect(), or what stands in for it.
using Connect = std::function<std::unique_ptr<Connection>(const Endpoint&, std::chrono::seconds)>;

}  // namespace sql
