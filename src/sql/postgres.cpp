#include <fmt/format.h>
#include <libpq-fe.h>

#include <array>

#include "base/error.h"
#include "base/text.h"
#include "sql/drivers.h"

namespace sql {
namespace {

using base::Error;

/// A login that failed has no SQLSTATE in libpq 15, only its words. Those of a wrong password or role come
/// from the server in the language of lc_messages; ours is C, an adopted server's may not be.
Error login_error(const std::string& where, const std::string& message) {
  for (const char* refused : {"password authentication failed", "Peer authentication failed", "pg_hba.conf",
                              "is not permitted to log in", "no password supplied", "does not exist"})
    if (message.find(refused) != std::string::npos && message.find("No such file") == std::string::npos)
      return {"AccessDenied", fmt::format("{}: {}", where, message)};
  Error error("ConnectionFailed", fmt::format("{}: {}", where, message));
  error.retryable = true;
  return error;
}

std::string trimmed(const char* message) {
  return std::string(base::trim(message == nullptr ? "" : message));
}

class Postgres : public Connection {
 public:
  Postgres(const Endpoint& endpoint, std::chrono::seconds timeout)
      : db_(nullptr, PQfinish),
        where_(
            fmt::format("{}:{}", endpoint.socket.empty() ? endpoint.host : endpoint.socket, endpoint.port)) {
    const std::string host = endpoint.socket.empty() ? endpoint.host : endpoint.socket;
    const std::string port = std::to_string(endpoint.port), seconds = std::to_string(timeout.count());
    const std::string database = endpoint.database.empty() ? "postgres" : endpoint.database;
    const std::array names = {"host",
                              "port",
                              "user",
                              "password",
                              "dbname",
                              "sslmode",
                              "connect_timeout",
                              "client_encoding",
                              "application_name",
                              "options",
                              static_cast<const char*>(nullptr)};
    const std::array values = {
        host.c_str(),
        port.c_str(),
        endpoint.user.c_str(),
        endpoint.password.reveal().c_str(),
        database.c_str(),
        "prefer",
        seconds.c_str(),
        "UTF8",
        "dbrefresh",
        "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0",
        static_cast<const char*>(nullptr)};
    db_.reset(PQconnectdbParams(names.data(), values.data(), 0));
    if (PQstatus(db_.get()) != CONNECTION_OK)
      throw login_error(fmt::format("login of '{}' to {}", endpoint.user, where_),
                        trimmed(PQerrorMessage(db_.get())));
    PQsetNoticeProcessor(
        db_.get(), [](void*, const char*) {}, nullptr);
  }

  Result execute(std::string_view statement, std::size_t keep_rows) override {
    send(statement);
    if (PQsetSingleRowMode(db_.get()) != 1) throw error_of(nullptr);
    return collect(keep_rows);
  }

  Result copy_in(std::string_view statement, std::string_view data) override {
    send(statement);
    const auto first = next();
    if (first == nullptr || PQresultStatus(first.get()) != PGRES_COPY_IN) {
      if (first != nullptr && PQresultStatus(first.get()) == PGRES_FATAL_ERROR) fail(*first);
      throw Error("SqlError", fmt::format("{}: the statement takes no data", where_));
    }
    constexpr std::size_t chunk = 1U << 20U;
    for (std::size_t at = 0; at < data.size(); at += chunk) {
      const auto part = data.substr(at, chunk);
      if (PQputCopyData(db_.get(), part.data(), static_cast<int>(part.size())) != 1) throw error_of(nullptr);
    }
    if (PQputCopyEnd(db_.get(), nullptr) != 1) throw error_of(nullptr);
    return collect(0);
  }

  std::string quote(std::string_view text) override { return escaped(text, PQescapeLiteral); }
  std::string quote_name(std::string_view name) override { return escaped(name, PQescapeIdentifier); }
  bool encrypted() const override { return PQsslInUse(db_.get()) == 1; }

  std::string password_hash(const std::string& user, const base::Secret& password) override {
    const std::unique_ptr<char, void (*)(void*)> text(
        PQencryptPasswordConn(db_.get(), password.reveal().c_str(), user.c_str(), "scram-sha-256"),
        PQfreemem);
    if (text == nullptr) throw error_of(nullptr);
    return text.get();
  }

 private:
  using Answer = std::unique_ptr<PGresult, void (*)(PGresult*)>;
  Answer next() { return {PQgetResult(db_.get()), PQclear}; }

  void send(std::string_view statement) {
    if (PQsendQuery(db_.get(), std::string(statement).c_str()) != 1) throw error_of(nullptr);
  }

  /// Reads the answers to the end, so that the session can be used again, then throws the first error.
  Result collect(std::size_t keep_rows) {
    Result result;
    Answer failed(nullptr, PQclear);
    while (Answer part = next()) {
      switch (PQresultStatus(part.get())) {
        case PGRES_SINGLE_TUPLE:
          ++result.rows;
          if (result.table.size() < keep_rows) result.table.push_back(row_of(*part));
          break;
        case PGRES_COMMAND_OK:
          result.rows += std::strtoull(PQcmdTuples(part.get()), nullptr, 10);
          break;
        case PGRES_COPY_OUT:
          result.rows += discard_copy();
          break;
        case PGRES_COPY_IN:
          PQputCopyEnd(db_.get(), "there is no data for it");
          break;
        case PGRES_TUPLES_OK:
        case PGRES_EMPTY_QUERY:
          break;
        default:
          if (failed == nullptr) failed = std::move(part);
          if (PQstatus(db_.get()) != CONNECTION_OK) fail(*failed);
      }
    }
    if (failed != nullptr) fail(*failed);
    return result;
  }

  std::uint64_t discard_copy() {
    std::uint64_t rows = 0;
    char* line = nullptr;
    while (PQgetCopyData(db_.get(), &line, 0) > 0) {
      PQfreemem(line);
      ++rows;
    }
    return rows;
  }

  static Row row_of(const PGresult& answer) {
    Row row;
    for (int i = 0; i < PQnfields(&answer); ++i)
      row.push_back(PQgetisnull(&answer, 0, i) == 1
                        ? std::nullopt
                        : std::optional(std::string(PQgetvalue(&answer, 0, i),
                                                    static_cast<std::size_t>(PQgetlength(&answer, 0, i)))));
    return row;
  }

  /// The primary message alone: DETAIL may quote rows.
  Error error_of(const PGresult* answer) const {
    const char* state = answer == nullptr ? nullptr : PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    const char* text = answer == nullptr ? nullptr : PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
    const std::string message = fmt::format(
        "{}: {}{}", where_, text != nullptr ? std::string(text) : trimmed(PQerrorMessage(db_.get())),
        state == nullptr ? "" : fmt::format(" (SQLSTATE {})", state));
    if (PQstatus(db_.get()) != CONNECTION_OK ||
        (state != nullptr && std::string_view(state).starts_with("57P0"))) {
      Error error("ConnectionLost", message);
      error.maybe_delivered = true;
      return error;
    }
    return {"SqlError", message};
  }
  [[noreturn]] void fail(const PGresult& answer) const { throw error_of(&answer); }

  std::string escaped(std::string_view text, char* (*escape)(PGconn*, const char*, std::size_t)) {
    const std::unique_ptr<char, void (*)(void*)> out(escape(db_.get(), text.data(), text.size()), PQfreemem);
    if (out == nullptr) throw error_of(nullptr);
    return out.get();
  }

  std::unique_ptr<PGconn, void (*)(PGconn*)> db_;
  std::string where_;
};

}  // namespace

std::unique_ptr<Connection> connect_postgres(const Endpoint& endpoint, std::chrono::seconds timeout) {
  return std::make_unique<Postgres>(endpoint, timeout);
}

}  // namespace sql
