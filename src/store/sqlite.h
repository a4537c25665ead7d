// SQLite, thinly: a database, its statements and its transactions. Errors are base::Error: DiskFull,
// StoreBusy (retryable), NotPermitted, StoreVersion or StoreError, with the path and SQLite's words.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace store {

class Statement;

/// The tables of a file of ours, and how a file of an older version becomes one of this.
struct Schema {
  std::span<const std::string_view>
      steps;      ///< SQL: the first one fills an empty file, each later one brings a
                  ///< file of the version before it to the next; never change a step
  int first = 1;  ///< the version that steps[0] makes; nobody has an older file

  constexpr int version() const { return first + static_cast<int>(steps.size()) - 1; }
};

enum class Mode {
  write,  ///< makes the file if there is none, and brings it to this version
  look,  ///< changes no file, and makes none but what SQLite's readers share (an empty log, its index), where
         ///< it can; a file that is not there looks empty
};

/// One connection; WAL, synchronous FULL, so that a commit that returned survives a power cut. Not
/// thread-safe: one thread at a time. Several processes may have the same file open; they wait up to 10 s for
/// one another.
class Database {
 public:
  /// Opens the file; a new one is readable by its owner alone. A file of an older version is migrated in one
  /// transaction (in memory only, where it is opened to look). Throws `StoreVersion` for one of a newer
  /// version, `NotPermitted` where this user may not.
  Database(const std::filesystem::path& path, const Schema& schema, Mode mode = Mode::write);
  Database(Database&&) noexcept = default;
  ~Database();

  void execute(std::string_view sql);
  Statement prepare(std::string_view sql);
  int changes() const;  ///< rows changed by the last statement

 private:
  friend class Statement;
  void open(const std::string& name, int flags);
  void open_to_write(const Schema& schema);
  void open_to_look(const Schema& schema);
  void use_wal();
  void migrate(const Schema& schema);
  void migrate_in_memory(const Schema& schema);
  std::int64_t version();  ///< 0: the file is empty
  struct Close {
    void operator()(sqlite3* db) const;
  };
  std::unique_ptr<sqlite3, Close> db_;
  std::string path_;
};

/// A prepared statement. Must not outlive its database. Parameters are bound in order, from the first.
class Statement {
 public:
  template <class... Values>
  Statement& bind(const Values&... values) {
    reset();
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }
  bool step();  ///< true if there is a row
  void run();   ///< step() to the end

  std::int64_t integer(int column) const;
  std::string text(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  Statement(Database& db, std::string_view sql);
  void reset();
  void bind_one(int index, std::int64_t value);
  void bind_one(int index, std::string_view value);
  void bind_one(int index, const char* value) { bind_one(index, std::string_view(value)); }
  void bind_one(int index, std::nullopt_t);
  template <class T>
  void bind_one(int index, const std::optional<T>& value) {
    if (value)
      bind_one(index, *value);
    else
      bind_one(index, std::nullopt);
  }
  struct Finalize {
    void operator()(sqlite3_stmt* stmt) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> stmt_;
  Database* db_;
};

/// Begins (taking the write lock at once) in the constructor; rolls back in the destructor unless committed.
class Transaction {
 public:
  explicit Transaction(Database& db);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Database& db_;
  bool done_ = false;
};

}  // namespace store
