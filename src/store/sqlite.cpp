#include "store/sqlite.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/error.h"

namespace store {
namespace {

using base::Error;

[[noreturn]] void fail(sqlite3* db, const std::string& path) {
  const int code = db != nullptr ? sqlite3_errcode(db) : SQLITE_NOMEM;
  const char* text = db != nullptr ? sqlite3_errmsg(db) : "out of memory";
  if (code == SQLITE_FULL)
    throw Error("DiskFull", fmt::format("no room left while writing {}", path),
                "free some space there and run again");
  Error error(code == SQLITE_BUSY ? "StoreBusy" : "StoreError", fmt::format("{}: {}", path, text));
  error.retryable = code == SQLITE_BUSY;
  throw error;
}

}  // namespace

void Database::Close::operator()(sqlite3* db) const {
  sqlite3_close_v2(db);
}
void Statement::Finalize::operator()(sqlite3_stmt* stmt) const {
  sqlite3_finalize(stmt);
}

Database::Database(const std::filesystem::path& path, std::string_view schema, int version)
    : path_(path.string()) {
  // Made by us first, because SQLite would make it readable by all.
  if (const int fd = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); fd >= 0) ::close(fd);
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path_.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  db_.reset(raw);
  if (code != SQLITE_OK) fail(raw, path_);
  sqlite3_busy_timeout(raw, 10'000);
  execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;");
  const auto found = [this] {
    auto row = prepare("PRAGMA user_version");
    return row.step() ? row.integer(0) : 0;
  }();
  if (found != 0 && found != version)
    throw Error("StoreVersion",
                fmt::format("{} was made by another version of dbrefresh (schema {}, this one has {})", path_,
                            found, version),
                "use that version, or another --home");
  if (found == 0) execute(fmt::format("PRAGMA user_version = {}", version));
  execute(schema);
}

Database::~Database() = default;

void Database::execute(std::string_view sql) {
  if (sqlite3_exec(db_.get(), std::string(sql).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    fail(db_.get(), path_);
}

Statement Database::prepare(std::string_view sql) {
  return {*this, sql};
}

int Database::changes() const {
  return sqlite3_changes(db_.get());
}

Statement::Statement(Database& db, std::string_view sql) : db_(&db) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(db.db_.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr) != SQLITE_OK)
    fail(db.db_.get(), db.path_);
  stmt_.reset(raw);
}

bool Statement::step() {
  const int code = sqlite3_step(stmt_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(stmt_.get());
    return false;
  }
  fail(db_->db_.get(), db_->path_);
}

void Statement::run() {
  while (step()) {
  }
}

void Statement::reset() {
  sqlite3_reset(stmt_.get());
}
void Statement::bind_one(int index, std::int64_t value) {
  sqlite3_bind_int64(stmt_.get(), index, value);
}
void Statement::bind_one(int index, std::string_view value) {
  sqlite3_bind_text(stmt_.get(), index, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
}
void Statement::bind_one(int index, std::nullopt_t) {
  sqlite3_bind_null(stmt_.get(), index);
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(stmt_.get(), column);
}
bool Statement::is_null(int column) const {
  return sqlite3_column_type(stmt_.get(), column) == SQLITE_NULL;
}
std::string Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(stmt_.get(), column));
  return text == nullptr
             ? std::string()
             : std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(stmt_.get(), column)));
}

Transaction::Transaction(Database& db) : db_(db) {
  db.execute("BEGIN IMMEDIATE");
}
Transaction::~Transaction() {
  if (done_) return;
  try {
    db_.execute("ROLLBACK");
  } catch (const Error&) {
    // SQLite has rolled back by itself (a full disk does that).
  }
}
void Transaction::commit() {
  db_.execute("COMMIT");
  done_ = true;
}

}  // namespace store
