// Before a copy of a PostgreSQL server is used: is it harmless, is it whole? It has started, so recovery has
// gone through.
#include <fmt/format.h>

#include <mutex>

#include "base/error.h"
#include "provider/local/postgres_rights.h"
#include "provider/local/postgres_server.h"

namespace provider::local {
namespace {

using base::Error;

constexpr int largest_tables = 5;
// Of a table, so that a clone of any size is there in a fraction of a second; a strict check reads all.
constexpr long long page_bytes = 8192, pages_read = 128;

/// Runs `look` with the extension, which goes again, in the schema that it is given. A transaction.
template <class Look>
void with_extension(sql::Connection& database, const std::string& name, const Look& look) {
  const std::string schema =
      "SELECT quote_ident(nspname) FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE "
      "extname = '" +
      name + "'";
  database.execute("BEGIN", 0);
  if (!database.scalar(schema)) {
    database.execute("CREATE SCHEMA dbrefresh_check", 0);
    database.execute("CREATE EXTENSION " + name + " SCHEMA dbrefresh_check", 0);
  }
  look(database.scalar(schema).value_or(""));
  database.execute("ROLLBACK", 0);
}

/// Reading a page verifies its checksum, where the source has checksums. No query names a table: to plan one
/// evaluates functions in its indexes and checks, which are those of its owner, as whoever asks.
std::size_t read_tables(sql::Connection& database, bool strict) {
  const auto tables =
      database
          .query(
              fmt::format("SELECT format('%I.%I', nspname, relname), pg_relation_size(c.oid) FROM pg_class "
                          "c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'm') AND "
                          "relpersistence = 'p' {} ORDER BY 2 DESC{}",
                          strict ? "" : "AND nspname <> 'pg_catalog'",
                          strict ? "" : fmt::format(" LIMIT {}", largest_tables)))
          .table;
  const auto pages_of = [](const sql::Row& row) {
    return std::strtoll(row[1].value_or("0").c_str(), nullptr, 10) / page_bytes;
  };
  if (tables.empty() || pages_of(tables[0]) == 0) return tables.size();  // the largest comes first
  with_extension(database, "pageinspect", [&](const std::string& schema) {
    for (const auto& row : tables) {
      const auto pages = pages_of(row), step = strict ? 1 : std::max(1LL, pages / pages_read);
      database.query(
          fmt::format("SELECT count({}.get_raw_page({}, 'main', page)) FROM generate_series(0::bigint, {}, "
                      "{}) AS page",
                      schema, database.quote(row[0].value_or("")), pages - 1, step));
    }
  });
  return tables.size();
}

/// amcheck compares every B-tree with its rules, and with its table.
void check_indexes(sql::Connection& database) {
  with_extension(database, "amcheck", [&](const std::string& schema) {
    database.query(
        "SELECT " + schema +
        ".bt_index_check(index => c.oid, heapallindexed => i.indisunique) FROM pg_index i JOIN pg_class c "
        "ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'btree' AND "
        "c.relpersistence = 'p' AND i.indisvalid");
  });
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
    // With a password; and its owner could name another server and ask it.
    database.execute(fmt::format("ALTER SUBSCRIPTION {} CONNECTION 'dbname=none'", name), 0);
    database.execute(fmt::format("ALTER SUBSCRIPTION {} OWNER TO {}", name, PostgresServer::administrator),
                     0);
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
  Settled settled;
};

/// One session a database does everything: to begin one costs more than all that it asks.
Found vet_database(sql::Connection& database, const std::string& master, bool strict) {
  Found found{.settled = settle(database, master)};
  found.subscriptions = end_subscriptions(database);
  found.mappings = drop_user_mappings(database);
  found.tables = inspect(database, strict);
  return found;
}

std::string report(const Confined& confined, const std::vector<Found>& found) {
  Found all;
  for (const auto& each : found) {
    all.subscriptions += each.subscriptions;
    all.mappings += each.mappings;
    all.tables += each.tables;
    all.settled.event_triggers += each.settled.event_triggers;
    all.settled.triggers += each.settled.triggers;
    all.settled.functions += each.settled.functions;
  }
  std::string done =
      fmt::format("{} tables checked; {} logins of the source locked", all.tables, confined.locked);
  auto also = [&](std::size_t count, const char* what) {
    if (count > 0) done += fmt::format(", {} {}", count, what);
  };
  also(confined.demoted, "roles stripped of superuser, replication or bypassrls");
  also(all.settled.functions, "rights on functions that reach outside taken back");
  also(all.settled.event_triggers, "event triggers disabled");
  also(all.settled.triggers, "triggers in untrusted languages dropped");
  also(all.subscriptions, "subscriptions ended");
  also(all.mappings, "user mappings of foreign servers dropped");
  return done;
}

}  // namespace

std::string PostgresServer::vet(const std::string& master, bool strict, const Budget& budget) const {
  const auto admin = as_administrator("postgres");
  // A source that is a copy of ours may have a role of that name, made by whoever used it.
  execute_each(*admin,
               fmt::format("SELECT format('COMMENT ON ROLE %I IS %L', rolname, {}) FROM pg_roles WHERE "
                           "rolname = '{}'",
                           admin->quote(master), script_role));
  const auto confined = confine(*admin, master);
  end_scripts();
  budget.tell({"checking the copy"});
  std::mutex mutex;
  std::vector<Found> found;
  in_every_database([&](sql::Connection& database) {
    if (budget.stop.stop_requested()) throw Error("Interrupted", "stopped while a copy was being checked");
    const auto here = vet_database(database, master, strict);
    const std::lock_guard lock(mutex);
    found.push_back(here);
  });
  return report(confined, found);
}

}  // namespace provider::local
