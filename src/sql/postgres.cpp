#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <array>

#include "base/error.h"
#include "base/text.h"
#include "sql/drivers.h"
#include "sql/peer.h"
#include "sql/server_error.h"
#include "sql/watch.h"

namespace sql {
namespace {

using base::Error;

/// A login that failed has no SQLSTATE in libpq 15, only its words. Those of a wrong password or role come
/// from the server in the language of lc_messages; ours is C, an adopted server's may not be.
Error login_error(const std::string& where, const std::string& message) {
  for (const char* refused :
       {"password authentication failed", "Peer authentication failed", "pg_hba.conf",
        "is not permitted to log in", "no password supplied", "does not exist", "requirepeer specifies"})
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
  Postgres(const Endpoint& endpoint, std::chrono::milliseconds timeout)
      : endpoint_(endpoint),
        db_(nullptr, PQfinish),
        where_(
            fmt::format("{}:{}", endpoint.socket.empty() ? endpoint.host : endpoint.socket, endpoint.port)) {
    begin_login();
    await_login(timeout);
    if (PQstatus(db_.get()) != CONNECTION_OK) throw login_error(login(), trimmed(PQerrorMessage(db_.get())));
    PQsetNoticeProcessor(
        db_.get(), [](void*, const char*) {}, nullptr);
    PQsetnonblocking(db_.get(), 1);
    if (endpoint.socket.empty()) watch_peer(PQsocket(db_.get()));
  }

  Result execute(std::string_view statement, std::size_t keep_rows) override {
    return run(statement, [&] {
      if (PQsetSingleRowMode(db_.get()) != 1) throw error_of(nullptr);
      return collect(keep_rows);
    });
  }

  Result copy_in(std::string_view statement, std::string_view data) override {
    return run(statement, [&] {
      const auto first = next();
      if (first == nullptr || PQresultStatus(first.get()) != PGRES_COPY_IN) {
        if (first != nullptr && PQresultStatus(first.get()) == PGRES_FATAL_ERROR) {
          while (next() != nullptr) {
          }
          fail(*first);
        }
        throw Error("SqlError", fmt::format("{}: the statement takes no data", where_));
      }
      put(data);
      return collect(0);
    });
  }

  std::string quote(std::string_view text) override { return escaped(text, PQescapeLiteral); }
  std::string quote_name(std::string_view name) override { return escaped(name, PQescapeIdentifier); }
  bool encrypted() const override { return PQsslInUse(db_.get()) == 1; }
  bool in_transaction() const override { return PQtransactionStatus(db_.get()) != PQTRANS_IDLE; }

  /// Keys are numbers. A peer that is gone is missed by TCP itself, which a socket of this host ignores.
  bool try_lock(std::string_view name, std::chrono::seconds) override {
    for (const char* setting :
         {"tcp_keepalives_idle = 60", "tcp_keepalives_interval = 10", "tcp_keepalives_count = 6"})
      query(fmt::format("SET {}", setting));
    return scalar(fmt::format("SELECT pg_try_advisory_lock(('x' || substr(md5({}), 1, 16))::bit(64)::bigint)",
                              quote(name))) == "t";
  }

  std::string password_hash(const std::string& user, const base::Secret& password) override {
    const std::unique_ptr<char, void (*)(void*)> text(
        PQencryptPasswordConn(db_.get(), password.reveal().c_str(), user.c_str(), "scram-sha-256"),
        PQfreemem);
    if (text == nullptr) throw error_of(nullptr);
    return text.get();
  }

 private:
  using Answer = std::unique_ptr<PGresult, void (*)(PGresult*)>;

  std::string login() const { return fmt::format("login of '{}' to {}", endpoint_.user, where_); }

  void begin_login() {
    const std::string host = endpoint_.socket.empty() ? endpoint_.host : endpoint_.socket;
    const std::string port = std::to_string(endpoint_.port);
    const std::string peer = must_answer_in(endpoint_.socket);
    const std::string database = endpoint_.database.empty() ? "postgres" : endpoint_.database;
    const std::array names = {"host",
                              "port",
                              "user",
                              "password",
                              "dbname",
                              "sslmode",
                              "sslrootcert",
                              "client_encoding",
                              "application_name",
                              "options",
                              "requirepeer",
                              "replication",
                              static_cast<const char*>(nullptr)};
    const std::array values = {
        host.c_str(),
        port.c_str(),
        endpoint_.user.c_str(),
        endpoint_.password.reveal().c_str(),
        database.c_str(),
        endpoint_.ca_file.empty() ? "prefer" : "verify-full",
        endpoint_.ca_file.c_str(),
        "UTF8",
        "dbrefresh",
        "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0",
        peer.c_str(),
        endpoint_.replication ? "true" : "false",
        static_cast<const char*>(nullptr)};
    db_.reset(PQconnectStartParams(names.data(), values.data(), 0));
  }

  void await_login(std::chrono::milliseconds timeout) {
    base::SystemClock clock;
    const base::Budget budget{clock, clock.now() + timeout, {}, {}};
    Watch watch(&budget, [] {});
    auto wanted = PGRES_POLLING_WRITING;
    while (PQstatus(db_.get()) != CONNECTION_BAD && wanted != PGRES_POLLING_OK &&
           wanted != PGRES_POLLING_FAILED) {
      if (!watch.wait(PQsocket(db_.get()), wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT) ||
          watch.over())
        throw login_error(login(), "timeout expired");
      wanted = PQconnectPoll(db_.get());
    }
  }

  /// Sends a statement and has `read` take its answers, under the budget. A session whose state nobody knows
  /// afterwards is closed.
  template <class Read>
  Result run(std::string_view statement, const Read& read) {
    if (db_ == nullptr) throw Error("ConnectionLost", where_ + ": the session was closed before");
    if (statement.find('\0') != std::string_view::npos)
      throw Error("SqlError", where_ + ": the statement has a NUL byte in it");
    if (budget_ != nullptr)
      if (auto over = spent(*budget_)) throw *std::move(over);
    statement_ = statement;
    Watch watch(budget_, [this] { cancel(); });
    watch_ = &watch;
    try {
      if (PQsendQuery(db_.get(), statement_.c_str()) != 1) throw error_of(nullptr);
      flush();
      return read();
    } catch (...) {
      if (db_ != nullptr && PQtransactionStatus(db_.get()) == PQTRANS_ACTIVE) db_.reset();
      if (watch.over()) throw *watch.over();
      throw;
    }
  }

  /// By a session of its own: PQcancel() would wait for as long as a server that hangs.
  void cancel() {
    if (may_cancel_ == false) return;
    try {
      Endpoint there = endpoint_;
      if (const char* address = PQhostaddr(db_.get()); there.socket.empty() && address != nullptr && *address)
        there.host = address;
      Postgres other(there, std::chrono::milliseconds(700));
      other.may_cancel_ = false;
      base::SystemClock clock;
      const base::Budget brief{clock, clock.now() + std::chrono::milliseconds(300), {}, {}};
      other.obey(&brief);
      other.execute(fmt::format("SELECT pg_cancel_backend({})", PQbackendPID(db_.get())), 0);
    } catch (const Error&) {  // the statement does not end, then, and its session is closed
    }
  }

  void wait(short events) {
    if (watch_->wait(PQsocket(db_.get()), events)) return;
    db_.reset();
    throw *watch_->over();
  }

  void flush() {
    while (PQflush(db_.get()) == 1) {
      wait(POLLIN | POLLOUT);
      PQconsumeInput(db_.get());
    }
  }

  Answer next() {
    while (PQisBusy(db_.get()) == 1) {
      wait(POLLIN);
      if (PQconsumeInput(db_.get()) != 1) throw error_of(nullptr);
    }
    return {PQgetResult(db_.get()), PQclear};
  }

  void put(std::string_view data) {
    constexpr std::size_t chunk = 1U << 20U;
    for (std::size_t at = 0; at < data.size(); at += chunk) {
      const auto part = data.substr(at, chunk);
      if (PQputCopyData(db_.get(), part.data(), static_cast<int>(part.size())) != 1) throw error_of(nullptr);
      flush();
      if (watch_->over()) break;
    }
    const char* why = watch_->over() ? "not wanted any more" : nullptr;
    if (PQputCopyEnd(db_.get(), why) != 1) throw error_of(nullptr);
    flush();
  }

  /// Reads the answers to the end, so that the session can be used again, then throws the first error.
  Result collect(std::size_t keep_rows) {
    Result result;
    Answer failed(nullptr, PQclear);
    while (Answer part = next()) {
      switch (PQresultStatus(part.get())) {
        case PGRES_SINGLE_TUPLE:
          ++result.rows;
          if (result.columns.empty()) result.columns = columns_of(*part);
          if (result.table.size() < keep_rows) result.table.push_back(row_of(*part));
          break;
        case PGRES_COMMAND_OK:
          result.rows += std::strtoull(PQcmdTuples(part.get()), nullptr, 10);
          break;
        case PGRES_COPY_OUT:
          discard_copy();  // its end has the count
          break;
        case PGRES_COPY_IN:
          PQputCopyEnd(db_.get(), "there is no data for it");
          flush();
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

  void discard_copy() {
    char* line = nullptr;
    for (int size = 0; (size = PQgetCopyData(db_.get(), &line, 1)) >= 0;) {
      if (size > 0) {
        PQfreemem(line);
      } else {
        wait(POLLIN);
        if (PQconsumeInput(db_.get()) != 1) throw error_of(nullptr);
      }
    }
  }

  static std::vector<std::string> columns_of(const PGresult& answer) {
    std::vector<std::string> names;
    for (int i = 0; i < PQnfields(&answer); ++i) names.emplace_back(PQfname(&answer, i));
    return names;
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

  /// nullptr: libpq itself has failed.
  Error error_of(const PGresult* answer) const {
    auto field = [&](int which) {
      const char* text = answer == nullptr ? nullptr : PQresultErrorField(answer, which);
      return std::string_view(text == nullptr ? "" : text);
    };
    const PostgresFailure failure{.state = field(PG_DIAG_SQLSTATE),
                                  .message = field(PG_DIAG_MESSAGE_PRIMARY),
                                  .schema = field(PG_DIAG_SCHEMA_NAME),
                                  .table = field(PG_DIAG_TABLE_NAME),
                                  .column = field(PG_DIAG_COLUMN_NAME),
                                  .datatype = field(PG_DIAG_DATATYPE_NAME),
                                  .constraint = field(PG_DIAG_CONSTRAINT_NAME),
                                  .position = field(PG_DIAG_STATEMENT_POSITION)};
    const bool lost = db_ == nullptr || PQstatus(db_.get()) != CONNECTION_OK;
    const std::string text = !failure.state.empty() ? describe(failure, statement_)
                             : lost                 ? "the connection was lost"
                                                    : trimmed(PQerrorMessage(db_.get()));
    if (lost || failure.state.starts_with("57P0")) {
      Error error("ConnectionLost", fmt::format("{}: {}", where_, text));
      error.maybe_delivered = true;
      return error;
    }
    return {"SqlError", fmt::format("{}: {}", where_, text)};
  }
  [[noreturn]] void fail(const PGresult& answer) const { throw error_of(&answer); }

  std::string escaped(std::string_view text, char* (*escape)(PGconn*, const char*, std::size_t)) {
    const std::unique_ptr<char, void (*)(void*)> out(escape(db_.get(), text.data(), text.size()), PQfreemem);
    if (out == nullptr) throw error_of(nullptr);
    return out.get();
  }

  Endpoint endpoint_;
  std::unique_ptr<PGconn, void (*)(PGconn*)> db_;  ///< nullptr: closed, because a statement did not end
  std::string where_;
  std::string statement_;   ///< the one that runs, for messages
  Watch* watch_ = nullptr;  ///< its waits
  bool may_cancel_ = true;
};

}  // namespace

std::unique_ptr<Connection> connect_postgres(const Endpoint& endpoint, std::chrono::seconds timeout) {
  return std::make_unique<Postgres>(endpoint, timeout);
}

}  // namespace sql
