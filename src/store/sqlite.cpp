#include "store/sqlite.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "os/files.h"

namespace store {
namespace {

using base::Error;

/// Its writer's lock is one on the index of the log (WAL format, "locks").
std::string who_writes(const std::string& path) {
  const int writer = os::record_writer(path + "-shm");
  return writer == 0
             ? ""
             : fmt::format(
                   "process {} is writing there all the time; if it is stopped, kill -CONT {} lets it go on",
                   writer, writer);
}

[[noreturn]] void fail(sqlite3* db, const std::string& path) {
  const int code = db != nullptr ? sqlite3_errcode(db) & 0xff : SQLITE_NOMEM;
  const char* text = db != nullptr ? sqlite3_errmsg(db) : "out of memory";
  // A full disk is an I/O error where SQLite makes room for its shared memory.
  if (code == SQLITE_FULL || (db != nullptr && code == SQLITE_IOERR && sqlite3_system_errno(db) == ENOSPC))
    throw Error("DiskFull", fmt::format("no room left while writing {}", path),
                "free some space there and run again");
  const bool busy = code == SQLITE_BUSY || code == SQLITE_LOCKED;
  Error error(busy ? "StoreBusy" : "StoreError", fmt::format("{}: {}", path, text),
              busy ? who_writes(path) : "");
  error.retryable = busy;
  throw error;
}

/// Asks the kernel first: SQLite would open a file read-only, or say no more than that it cannot.
void check_permission(const std::string& path, int wanted) {
  if (::access(path.c_str(), wanted) == 0) return;
  const int code = errno;
  throw Error("NotPermitted", fmt::format("{}: {}", path, std::generic_category().message(code)),
              code == EACCES ? "it belongs to another user: run as that user, or as root" : "");
}

bool has_log(const std::string& path) {
  std::error_code none;
  const auto size = std::filesystem::file_size(path + "-wal", none);
  return !none && size > 0;
}

/// The file as it lies there, without locks and without files beside it: for read-only and full file systems.
std::string immutable_uri(const std::string& path) {
  std::string out = "file:";
  for (const char c : path)
    out += std::isalnum(static_cast<unsigned char>(c)) || c == '/'
               ? std::string(1, c)
               : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return out + "?immutable=1";
}

constexpr int busy_milliseconds = 10'000;

}  // namespace

void Database::Close::operator()(sqlite3* db) const {
  sqlite3_close_v2(db);
}
void Statement::Finalize::operator()(sqlite3_stmt* stmt) const {
  sqlite3_finalize(stmt);
}

Database::Database(const std::filesystem::path& path, const Schema& schema, Mode mode)
    : path_(path.string()) {
  if (mode == Mode::look)
    open_to_look(schema);
  else
    open_to_write(schema);
}

void Database::open_to_write(const Schema& schema) {
  // Made by us first, because SQLite would make it readable by all.
  if (const int fd = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); fd >= 0) ::close(fd);
  check_permission(path_, R_OK | W_OK);
  open(path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  use_wal();
  execute("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;");
  if (version() != schema.version()) migrate(schema);
}

void Database::open(const std::string& name, int flags) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &raw, flags, nullptr);
  db_.reset(raw);
  if (code != SQLITE_OK) fail(raw, path_);
  sqlite3_busy_timeout(raw, busy_milliseconds);
}

void Database::open_to_look(const Schema& schema) {
  if (::access(path_.c_str(), F_OK) != 0 && errno == ENOENT) {
    open(":memory:", SQLITE_OPEN_READWRITE);
    return migrate(schema);
  }
  check_permission(path_, R_OK);
  std::int64_t found = 0;
  try {
    open(path_, SQLITE_OPEN_READONLY);
    found = version();
  } catch (const Error&) {
    if (has_log(path_)) throw;  // what lies in the log would be missing in silence
    open(immutable_uri(path_), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
    found = version();
  }
  if (found != schema.version()) migrate_in_memory(schema);
}

/// WAL needs the file for itself for a moment, and SQLite does not wait for that.
void Database::use_wal() {
  for (int waited = 0;; waited += 10) {
    try {
      return execute("PRAGMA journal_mode=WAL");
    } catch (const Error& error) {
      if (!error.retryable || waited > busy_milliseconds) throw;
      sqlite3_sleep(10);
    }
  }
}

std::int64_t Database::version() {
  auto row = prepare("PRAGMA user_version");
  return row.step() ? row.integer(0) : 0;
}

void Database::migrate(const Schema& schema) {
  Transaction transaction(*this);
  const auto found = version();  // another process may have been faster
  if (found > schema.version())
    throw Error("StoreVersion",
                fmt::format("{} was made by a newer version of dbrefresh (schema {}, this one has {})", path_,
                            found, schema.version()),
                "use that version, or another --home");
  if (found != 0 && found < schema.first)
    throw Error("StoreVersion",
                fmt::format("{} is of a version that was never released (schema {})", path_, found),
                "use another --home");
  const auto done = found == 0 ? 0 : static_cast<std::size_t>(found - schema.first + 1);
  for (std::size_t i = done; i < schema.steps.size(); ++i) execute(schema.steps[i]);
  execute(fmt::format("PRAGMA user_version = {}", schema.version()));
  transaction.commit();
}

void Database::migrate_in_memory(const Schema& schema) {
  const auto file = std::move(db_);
  open(":memory:", SQLITE_OPEN_READWRITE);
  sqlite3_backup* copy = sqlite3_backup_init(db_.get(), "main", file.get(), "main");
  if (copy != nullptr) sqlite3_backup_step(copy, -1);
  sqlite3_backup_finish(copy);
  if (sqlite3_errcode(db_.get()) != SQLITE_OK) fail(db_.get(), path_);
  migrate(schema);
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
  sqlite3_reset(stmt_.get());  // it keeps no lock; the error stays
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
