#include <errmsg.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <openssl/evp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/error.h"
#include "sql/drivers.h"
#include "sql/server_error.h"
#include "sql/watch.h"

namespace sql {
namespace {

using base::Error;

/// MySQL's ER_ACCOUNT_HAS_BEEN_LOCKED, which has another number here and means the same.
constexpr unsigned mysql_account_locked = 3118;

/// Of a login, whose messages quote no data, or of `statement`.
Error error_of(MYSQL* db, const std::string& where, std::optional<std::string_view> statement = {}) {
  const unsigned code = mysql_errno(db);
  const bool of_client = code >= CR_MIN_ERROR && code <= CR_MYSQL_LAST_ERROR;
  const std::string message =
      statement && !of_client
          ? fmt::format("{}: {}", where,
                        describe_mariadb(code, mysql_sqlstate(db), mysql_error(db), *statement))
          : fmt::format("{}: {} (error {}, SQLSTATE {})", where, mysql_error(db), code, mysql_sqlstate(db));
  if (code == ER_ACCESS_DENIED_ERROR || code == ER_ACCOUNT_HAS_BEEN_LOCKED || code == mysql_account_locked ||
      code == ER_DBACCESS_DENIED_ERROR)
    return {"AccessDenied", message};
  if (code == CR_SERVER_LOST || code == CR_SERVER_GONE_ERROR || code == ER_SERVER_SHUTDOWN) {
    Error error("ConnectionLost", message);
    error.maybe_delivered = true;
    return error;
  }
  if (code == CR_CONNECTION_ERROR || code == CR_CONN_HOST_ERROR || code == CR_UNKNOWN_HOST ||
      code == CR_SSL_CONNECTION_ERROR) {
    Error error("ConnectionFailed", message);
    error.retryable = true;
    return error;
  }
  return {"SqlError", message};
}

std::array<unsigned char, 20> sha1(std::span<const unsigned char> data) {
  std::array<unsigned char, 20> digest{};
  EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
  return digest;
}

class MariaDb : public Connection {
 public:
  MariaDb(const Endpoint& endpoint, std::chrono::seconds timeout)
      : endpoint_(endpoint),
        db_(mysql_init(nullptr), mysql_close),
        where_(endpoint.socket.empty() ? fmt::format("{}:{}", endpoint.host, endpoint.port)
                                       : endpoint.socket) {
    MYSQL* db = db_.get();
    const auto seconds = static_cast<unsigned>(timeout.count());
    mysql_options(db, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    mysql_options(db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(db, MYSQL_OPT_LOCAL_INFILE, &no_);
    mysql_options(db, MYSQL_OPT_NONBLOCK, nullptr);
    if (endpoint.socket.empty()) ask_for_tls();
    log_in();
    if (endpoint.socket.empty()) watch_peer(static_cast<int>(mysql_get_socket(db)));
  }

  Result execute(std::string_view statement, std::size_t keep_rows) override {
    if (closed_) throw Error("ConnectionLost", where_ + ": the session was closed before");
    if (budget_ != nullptr)
      if (auto over = spent(*budget_)) throw *std::move(over);
    Watch watch(budget_, [this] { cancel(); });
    watch_ = &watch;
    statement_ = statement;
    try {
      return run(keep_rows);
    } catch (...) {
      if (watch.over()) throw *watch.over();
      throw;
    }
  }

  std::string quote(std::string_view text) override {
    std::string out(2 * text.size() + 1, '\0');
    out.resize(mysql_real_escape_string(db_.get(), out.data(), text.data(), text.size()));
    return "'" + out + "'";
  }

  std::string quote_name(std::string_view name) override {
    std::string out = "`";
    for (const char c : name) out += c == '`' ? std::string("``") : std::string(1, c);
    return out + "`";
  }

  std::string password_hash(const std::string&, const base::Secret& password) override {
    const auto& text = password.reveal();
    const auto once = sha1(std::span(reinterpret_cast<const unsigned char*>(text.data()), text.size()));
    return fmt::format("*{:02X}", fmt::join(sha1(once), ""));
  }

  bool encrypted() const override { return mysql_get_ssl_cipher(db_.get()) != nullptr; }
  bool in_transaction() const override { return (db_->server_status & SERVER_STATUS_IN_TRANS) != 0; }

  /// A session that does nothing for wait_timeout is ended: the server's own way to miss a peer.
  bool try_lock(std::string_view name, std::chrono::seconds most) override {
    constexpr std::chrono::seconds longest(31'536'000);
    query(fmt::format("SET SESSION wait_timeout = {}",
                      std::clamp(most, std::chrono::seconds(1), longest).count()));
    return scalar(fmt::format("SELECT GET_LOCK({}, 0)", quote(name))) == "1";
  }

 private:
  Error failure() const { return error_of(db_.get(), where_, statement_); }

  /// TLS if the server has it; where it must prove itself, nothing else will do.
  void ask_for_tls() {
    MYSQL* db = db_.get();
    const char* ca = endpoint_.ca_file.empty() ? nullptr : endpoint_.ca_file.c_str();
    mysql_ssl_set(db, nullptr, nullptr, ca, nullptr, nullptr);
    if (ca == nullptr) return;
    mysql_options(db, MYSQL_OPT_SSL_ENFORCE, &yes_);
    mysql_options(db, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes_);
  }

  void log_in() {
    MYSQL* db = db_.get();
    const char* socket = endpoint_.socket.empty() ? nullptr : endpoint_.socket.c_str();
    const char* database = endpoint_.database.empty() ? nullptr : endpoint_.database.c_str();
    if (mysql_real_connect(db, socket != nullptr ? "localhost" : endpoint_.host.c_str(),
                           endpoint_.user.c_str(), endpoint_.password.reveal().c_str(), database,
                           static_cast<unsigned>(endpoint_.port), socket, 0) == nullptr)
      throw error_of(db, fmt::format("login of '{}' to {}", endpoint_.user, where_));
    leave_waiting_to_us();
  }

  /// The library's calls that do not block read without blocking where there is no TLS; with it they leave
  /// that to the socket, which a login leaves blocking: no budget would be looked at, and nothing be
  /// cancelled.
  void leave_waiting_to_us() {
    const auto socket = static_cast<int>(mysql_get_socket(db_.get()));
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
  }

  Result run(std::size_t keep_rows) {
    MYSQL* db = db_.get();
    int failed = 0;
    finish(mysql_real_query_start(&failed, db, statement_.data(), statement_.size()),
           [&](int ready) { return mysql_real_query_cont(&failed, db, ready); });
    if (failed != 0) throw failure();
    Result result;
    bool first = true;
    while (true) {  // a CALL answers with several results
      Result part = read(keep_rows);
      result.rows += part.rows;
      if (first) {
        result.table = std::move(part.table);
        result.columns = std::move(part.columns);
      }
      first = false;
      int more = 0;
      finish(mysql_next_result_start(&more, db),
             [&](int ready) { return mysql_next_result_cont(&more, db, ready); });
      if (more < 0) return result;
      if (more > 0) throw failure();
    }
  }

  /// Carries a call of the client library that was begun to its end. `going_on` is what it waits for, 0 when
  /// it has ended. One that the watch gives up ends because there is no connection any more.
  template <class Continue>
  void finish(int going_on, const Continue& go_on) {
    const auto socket = static_cast<int>(mysql_get_socket(db_.get()));
    while (going_on != 0) {
      const auto events = static_cast<short>((going_on & MYSQL_WAIT_READ ? POLLIN : 0) |
                                             (going_on & MYSQL_WAIT_WRITE ? POLLOUT : 0) |
                                             (going_on & MYSQL_WAIT_EXCEPT ? POLLPRI : 0));
      if (!closed_ && !watch_->wait(socket, events)) {
        closed_ = true;
        ::shutdown(socket, SHUT_RDWR);
      }
      going_on = go_on(going_on & (MYSQL_WAIT_READ | MYSQL_WAIT_WRITE | MYSQL_WAIT_EXCEPT));
    }
  }

  /// By a session of its own, which does not wait for a server that hangs.
  void cancel() {
    try {
      MariaDb other(endpoint_, std::chrono::seconds(1));
      other.kill_query(mysql_thread_id(db_.get()));
    } catch (const Error&) {  // the statement does not end, then, and its session is closed
    }
  }
  void kill_query(unsigned long session) {
    base::SystemClock clock;
    const base::Budget brief{clock, clock.now() + std::chrono::milliseconds(300), {}, {}};
    Watch watch(&brief, [] {});
    watch_ = &watch;
    statement_ = fmt::format("KILL QUERY {}", session);
    run(0);
  }

  Result read(std::size_t keep_rows) {
    MYSQL* db = db_.get();
    const std::unique_ptr<MYSQL_RES, void (*)(MYSQL_RES*)> rows(mysql_use_result(db), mysql_free_result);
    Result result;
    if (rows == nullptr) {
      if (mysql_field_count(db) != 0) throw failure();
      result.rows = mysql_affected_rows(db);
      return result;
    }
    for (const auto& field : std::span(mysql_fetch_fields(rows.get()), mysql_num_fields(rows.get())))
      result.columns.emplace_back(field.name, field.name_length);
    while (MYSQL_ROW row = fetch(rows.get())) {
      ++result.rows;
      if (result.table.size() < keep_rows) result.table.push_back(row_of(*rows, row));
    }
    if (mysql_errno(db) != 0) throw failure();
    return result;
  }

  MYSQL_ROW fetch(MYSQL_RES* rows) {
    MYSQL_ROW row = nullptr;
    finish(mysql_fetch_row_start(&row, rows),
           [&](int ready) { return mysql_fetch_row_cont(&row, rows, ready); });
    return row;
  }

  static Row row_of(MYSQL_RES& rows, MYSQL_ROW row) {
    const unsigned long* sizes = mysql_fetch_lengths(&rows);
    Row out;
    for (unsigned i = 0; i < mysql_num_fields(&rows); ++i)
      out.push_back(row[i] == nullptr ? std::nullopt : std::optional(std::string(row[i], sizes[i])));
    return out;
  }

  static constexpr unsigned no_ = 0;
  static constexpr my_bool yes_ = 1;
  Endpoint endpoint_;
  std::unique_ptr<MYSQL, void (*)(MYSQL*)> db_;
  std::string where_;
  std::string statement_;   ///< the one that runs
  Watch* watch_ = nullptr;  ///< its waits
  bool closed_ = false;     ///< because a statement did not end
};

}  // namespace

std::unique_ptr<Connection> connect_mariadb(const Endpoint& endpoint, std::chrono::seconds timeout) {
  // Once, and before any thread can be in mysql_init(), which would do it unguarded.
  [[maybe_unused]] static const int ready = mysql_library_init(0, nullptr, nullptr);
  return std::make_unique<MariaDb>(endpoint, timeout);
}

}  // namespace sql
