#include <errmsg.h>
#include <fmt/format.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <openssl/evp.h>

#include <array>
#include <span>

#include "base/error.h"
#include "sql/drivers.h"

namespace sql {
namespace {

using base::Error;

Error error_of(MYSQL* db, const std::string& where) {
  const unsigned code = mysql_errno(db);
  const std::string message =
      fmt::format("{}: {} (error {}, SQLSTATE {})", where, mysql_error(db), code, mysql_sqlstate(db));
  if (code == ER_ACCESS_DENIED_ERROR || code == ER_ACCOUNT_HAS_BEEN_LOCKED ||
      code == ER_DBACCESS_DENIED_ERROR)
    return {"AccessDenied", message};
  if (code == CR_SERVER_LOST || code == CR_SERVER_GONE_ERROR || code == ER_SERVER_SHUTDOWN) {
    Error error("ConnectionLost", message);
    error.maybe_delivered = true;
    return error;
  }
  if (code == CR_CONNECTION_ERROR || code == CR_CONN_HOST_ERROR || code == CR_UNKNOWN_HOST) {
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
      : db_(mysql_init(nullptr), mysql_close),
        where_(endpoint.socket.empty() ? fmt::format("{}:{}", endpoint.host, endpoint.port)
                                       : endpoint.socket) {
    MYSQL* db = db_.get();
    const auto seconds = static_cast<unsigned>(timeout.count());
    mysql_options(db, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    mysql_options(db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(db, MYSQL_OPT_LOCAL_INFILE, &no_);
    if (endpoint.socket.empty())
      mysql_ssl_set(db, nullptr, nullptr, nullptr, nullptr, nullptr);  // TLS if the server has it
    const char* socket = endpoint.socket.empty() ? nullptr : endpoint.socket.c_str();
    const char* database = endpoint.database.empty() ? nullptr : endpoint.database.c_str();
    if (mysql_real_connect(db, socket != nullptr ? "localhost" : endpoint.host.c_str(), endpoint.user.c_str(),
                           endpoint.password.reveal().c_str(), database, static_cast<unsigned>(endpoint.port),
                           socket, 0) == nullptr) {
      throw error_of(db, fmt::format("login of '{}' to {}", endpoint.user, where_));
    }
  }

  Result execute(std::string_view statement, std::size_t keep_rows) override {
    MYSQL* db = db_.get();
    if (mysql_real_query(db, statement.data(), statement.size()) != 0) throw error_of(db, where_);
    Result result;
    bool first = true;
    while (true) {  // a CALL answers with several results
      Result part = read(keep_rows);
      result.rows += part.rows;
      if (first) result.table = std::move(part.table);
      first = false;
      const int more = mysql_next_result(db);
      if (more < 0) return result;
      if (more > 0) throw error_of(db, where_);
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

 private:
  Result read(std::size_t keep_rows) {
    MYSQL* db = db_.get();
    const std::unique_ptr<MYSQL_RES, void (*)(MYSQL_RES*)> rows(mysql_use_result(db), mysql_free_result);
    Result result;
    if (rows == nullptr) {
      if (mysql_field_count(db) != 0) throw error_of(db, where_);
      result.rows = mysql_affected_rows(db);
      return result;
    }
    const unsigned columns = mysql_num_fields(rows.get());
    while (MYSQL_ROW row = mysql_fetch_row(rows.get())) {
      ++result.rows;
      if (result.table.size() >= keep_rows) continue;
      const unsigned long* sizes = mysql_fetch_lengths(rows.get());
      Row out;
      for (unsigned i = 0; i < columns; ++i)
        out.push_back(row[i] == nullptr ? std::nullopt : std::optional(std::string(row[i], sizes[i])));
      result.table.push_back(std::move(out));
    }
    if (mysql_errno(db) != 0) throw error_of(db, where_);
    return result;
  }

  static constexpr unsigned no_ = 0;
  std::unique_ptr<MYSQL, void (*)(MYSQL*)> db_;
  std::string where_;
};

}  // namespace

std::unique_ptr<Connection> connect_mariadb(const Endpoint& endpoint, std::chrono::seconds timeout) {
  // Once, and before any thread can be in mysql_init(), which would do it unguarded.
  [[maybe_unused]] static const int ready = mysql_library_init(0, nullptr, nullptr);
  return std::make_unique<MariaDb>(endpoint, timeout);
}

}  // namespace sql
