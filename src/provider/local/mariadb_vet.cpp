// Before a copy of a MariaDB server is used: is it harmless, is it whole? It has started, so crash recovery
// has gone through.
#include <fmt/format.h>

#include "base/error.h"
#include "provider/local/mariadb_rights.h"
#include "provider/local/mariadb_server.h"

namespace provider::local {
namespace {

using base::Error;

constexpr int largest_tables = 5;
// So that a clone of any size is there in a fraction of a second; a strict check reads everything.
constexpr std::uint64_t checked_whole_bytes = 8U << 20U;
constexpr int sampled_rows = 1'000;  // whole rows: an index alone shows little

void check_table(sql::Connection& admin, const std::string& name, bool extended) {
  for (const auto& row :
       admin.query(fmt::format("CHECK TABLE {}{}", name, extended ? " EXTENDED" : "")).table)
    if (row.at(2) == "error" || (row.at(2) == "status" && row.at(3) != "OK"))
      throw Error("CopyDamaged", fmt::format("table {} of the copy: {}", name, row.at(3).value_or("")));
}

std::size_t drop_foreign_servers(sql::Connection& admin) {
  const auto rows = admin.query("SELECT Server_name FROM mysql.servers").table;
  for (const auto& row : rows)
    admin.execute(fmt::format("DROP SERVER {}", admin.quote_name(row[0].value_or(""))), 0);
  return rows.size();
}

/// Whoever knows its name could commit one after the masking, and its rows were never masked; until then it
/// keeps scripts from what it has locked.
std::size_t roll_back_prepared(sql::Connection& admin) {
  const auto rows = admin.query("XA RECOVER FORMAT = 'SQL'").table;
  for (const auto& row : rows) admin.execute("XA ROLLBACK " + row.at(3).value_or(""), 0);
  return rows.size();
}

/// How many tables were looked at.
std::size_t inspect(sql::Connection& admin, bool strict, const Budget& budget) {
  const auto tables =
      admin
          .query(fmt::format(
              "SELECT table_schema, table_name, data_length + index_length FROM "
              "information_schema.tables WHERE table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') AND engine "
              "IS NOT "
              "NULL AND "
              "table_schema NOT IN ('information_schema', 'performance_schema'{}) ORDER BY 3 DESC{}",
              strict ? "" : ", 'mysql', 'sys'", strict ? "" : fmt::format(" LIMIT {}", largest_tables)))
          .table;
  for (const auto& row : tables) {
    const std::string name =
        admin.quote_name(row[0].value_or("")) + "." + admin.quote_name(row[1].value_or(""));
    budget.tell({"checking the copy"});
    if (budget.stop.stop_requested()) throw Error("Interrupted", "stopped while a copy was being checked");
    if (strict || std::strtoull(row[2].value_or("0").c_str(), nullptr, 10) <= checked_whole_bytes)
      check_table(admin, name, strict);
    else
      admin.query(
          fmt::format("SELECT COUNT(*) FROM (SELECT * FROM {} LIMIT {}) AS sample", name, sampled_rows));
  }
  return tables.size();
}

}  // namespace

std::string MariaDbServer::vet(const std::string& master, bool strict, const Budget& budget) const {
  const auto admin = administrate();
  admin->execute("SET sql_log_bin = 0", 0);  // its rows hold what is forgotten
  const auto prepared = roll_back_prepared(*admin);
  const auto locked = forget_logins(*admin, master);
  confine_accounts(*admin);
  const auto foreign = drop_foreign_servers(*admin);
  return fmt::format("{} tables checked; {} logins of the source locked{}{}", inspect(*admin, strict, budget),
                     locked, foreign == 0 ? "" : fmt::format(", {} foreign servers dropped", foreign),
                     prepared == 0 ? "" : fmt::format(", {} prepared transactions rolled back", prepared));
}

}  // namespace provider::local
