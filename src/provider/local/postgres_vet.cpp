// Before a copy of a PostgreSQL server is used: is it harmless, is it whole? It has started, so recovery has
// gone through.
#include <fmt/format.h>

#include "base/error.h"
#include "base/parallel.h"
#include "provider/local/postgres_server.h"

namespace provider::local {
namespace {

using base::Error;

constexpr int largest_tables = 5;
// So that a clone of any size is there in a fraction of a second; a strict check reads everything.
constexpr double read_whole_bytes = 1024.0 * 1024;

/// Reading a page verifies its checksum, where the source has checksums.
std::size_t read_tables(sql::Connection& database, bool strict) {
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
  }
  return tables.size();
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

/// Without a slot of its own it cannot be enabled by mistake, and dropping it asks nothing of the publisher.
std::size_t end_subscriptions(sql::Connection& database) {
  const auto rows = database
                        .query(
                            "SELECT subname FROM pg_subscription JOIN pg_database d ON d.oid = subdbid "
                            "WHERE d.datname = current_database()")
                        .table;
  for (const auto& row : rows) {
    const auto name = database.quote_name(row[0].value_or(""));
    database.execute(fmt::format("ALTER SUBSCRIPTION {} DISABLE", name), 0);
    database.execute(fmt::format("ALTER SUBSCRIPTION {} SET (slot_name = NONE)", name), 0);
  }
  return rows.size();
}

std::size_t drop_user_mappings(sql::Connection& database) {
  const auto rows = database.query("SELECT usename, srvname FROM pg_user_mappings").table;
  for (const auto& row : rows) {
    const std::string user = row[0].value_or("public");
    database.execute(fmt::format("DROP USER MAPPING FOR {} SERVER {}",
                                 user == "public" ? "PUBLIC" : database.quote_name(user),
                                 database.quote_name(row[1].value_or(""))),
                     0);
  }
  return rows.size();
}

std::size_t lock_logins(sql::Connection& admin, const std::string& master) {
  const auto roles =
      admin
          .query(fmt::format("SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname NOT IN ({}, "
                             "{}) ORDER BY rolname",
                             admin.quote(PostgresServer::administrator), admin.quote(master)))
          .table;
  for (const auto& row : roles)
    admin.execute(fmt::format("ALTER ROLE {} NOLOGIN", admin.quote_name(row[0].value_or(""))), 0);
  return roles.size();
}

/// How many tables were looked at.
std::size_t inspect(sql::Connection& database, bool strict) {
  try {
    const auto looked_at = read_tables(database, strict);
    if (strict) check_indexes(database);
    return looked_at;
  } catch (const Error& error) {
    if (error.code != "SqlError") throw;
    throw Error("CopyDamaged", "the copy cannot be read: " + error.message);
  }
}

struct Found {
  std::size_t subscriptions = 0, mappings = 0, tables = 0;
};

/// One session a database does everything: to begin one costs more than all that it asks.
Found vet_database(sql::Connection& database, bool strict) {
  Found found{.subscriptions = end_subscriptions(database), .mappings = drop_user_mappings(database)};
  found.tables = inspect(database, strict);
  return found;
}

}  // namespace

std::string PostgresServer::vet(const std::string& master, bool strict, const Budget& budget) const {
  const auto admin = administrate();
  const auto locked = lock_logins(*admin, master);
  const auto others = admin
                          ->query(
                              "SELECT datname FROM pg_database WHERE datallowconn AND datname <> "
                              "current_database()")
                          .table;
  budget.tell({"checking the copy"});
  std::vector<Found> found(others.size() + 1);
  base::in_parallel(found.size(), [&](std::size_t i) {
    if (budget.stop.stop_requested()) throw Error("Interrupted", "stopped while a copy was being checked");
    found[i] = i < others.size() ? vet_database(*log_in(administrator, others[i][0].value_or("")), strict)
                                 : vet_database(*admin, strict);
  });
  Found all;
  for (const auto& each : found) {
    all.subscriptions += each.subscriptions;
    all.mappings += each.mappings;
    all.tables += each.tables;
  }
  std::string done = fmt::format("{} tables checked; {} logins of the source locked", all.tables, locked);
  if (all.subscriptions > 0) done += fmt::format(", {} subscriptions ended", all.subscriptions);
  if (all.mappings > 0) done += fmt::format(", {} user mappings of foreign servers dropped", all.mappings);
  return done;
}

}  // namespace provider::local
