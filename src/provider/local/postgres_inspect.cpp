// Is a copy of a PostgreSQL server whole? Recovery has gone through by now: it started.
#include <fmt/format.h>

#include "base/error.h"
#include "provider/local/postgres_server.h"

namespace provider::local {
namespace {

using base::Error;

constexpr int largest_tables = 5;
// So that a clone of any size is there in a fraction of a second; a strict check reads everything.
constexpr double read_whole_bytes = 1024.0 * 1024;

/// Reading a page verifies its checksum, where the source has checksums.
void read_tables(sql::Connection& database, bool strict, std::size_t& looked_at) {
  const auto tables =
      database
          .query(fmt::format("SELECT oid::regclass, pg_relation_size(oid) FROM pg_class WHERE relkind "
                             "IN ('r', 'm') AND relpersistence = 'p' {} ORDER BY 2 DESC{}",
                             strict ? "" : "AND relnamespace <> 'pg_catalog'::regnamespace",
                             strict ? "" : fmt::format(" LIMIT {}", largest_tables)))
          .table;
  for (const auto& row : tables) {
    const double bytes = std::strtod(row[1].value_or("0").c_str(), nullptr);
    const std::string name = row[0].value_or("");
    // The name comes quoted. SELECT * would detoast nothing: count() reads the pages.
    database.query(strict || bytes <= read_whole_bytes
                       ? fmt::format("SELECT count(*) FROM {}", name)
                       : fmt::format("SELECT count(*) FROM {} TABLESAMPLE SYSTEM ({:.4f})", name,
                                     100 * read_whole_bytes / bytes));
    ++looked_at;
  }
}

/// amcheck compares every B-tree with its rules, and with its table.
void check_indexes(sql::Connection& database) {
  const bool there = database.scalar("SELECT 1 FROM pg_extension WHERE extname = 'amcheck'").has_value();
  database.execute("BEGIN", 0);
  if (!there) database.execute("CREATE EXTENSION amcheck", 0);
  database.query(
      "SELECT bt_index_check(index => c.oid, heapallindexed => i.indisunique) FROM pg_index i JOIN pg_class "
      "c ON c.oid "
      "= i.indexrelid JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'btree' AND c.relpersistence = 'p' "
      "AND "
      "i.indisvalid");
  database.execute("ROLLBACK", 0);
}

}  // namespace

std::string PostgresServer::inspect(bool strict, const Waiting& waiting) const {
  std::size_t looked_at = 0;
  try {
    in_every_database([&](sql::Connection& database) {
      waiting.progress({{"what", "checking the copy"}});
      if (waiting.stop.stop_requested()) throw Error("Interrupted", "stopped while a copy was being checked");
      read_tables(database, strict, looked_at);
      if (strict) check_indexes(database);
    });
  } catch (const Error& error) {
    if (error.code != "SqlError") throw;
    throw Error("CopyDamaged", "the copy cannot be read: " + error.message);
  }
  return fmt::format("{} tables checked", looked_at);
}

}  // namespace provider::local
