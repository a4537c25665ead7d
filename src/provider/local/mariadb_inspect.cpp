// Is a copy of a MariaDB server whole? Crash recovery has gone through by now: it started.
#include <fmt/format.h>

#include "base/error.h"
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

}  // namespace

std::string MariaDbServer::inspect(bool strict, const Waiting& waiting) const {
  const auto admin = administrate();
  const auto tables =
      admin
          ->query(fmt::format(
              "SELECT table_schema, table_name, data_length + index_length FROM "
              "information_schema.tables WHERE table_type = 'BASE TABLE' AND engine IS NOT NULL AND "
              "table_schema NOT IN ('information_schema', 'performance_schema'{}) ORDER BY 3 DESC{}",
              strict ? "" : ", 'mysql', 'sys'", strict ? "" : fmt::format(" LIMIT {}", largest_tables)))
          .table;
  for (const auto& row : tables) {
    const std::string name =
        admin->quote_name(row[0].value_or("")) + "." + admin->quote_name(row[1].value_or(""));
    waiting.progress({{"what", "checking the copy"}});
    if (waiting.stop.stop_requested()) throw Error("Interrupted", "stopped while a copy was being checked");
    if (strict || std::strtoull(row[2].value_or("0").c_str(), nullptr, 10) <= checked_whole_bytes)
      check_table(*admin, name, strict);
    else
      admin->query(
          fmt::format("SELECT COUNT(*) FROM (SELECT * FROM {} LIMIT {}) AS sample", name, sampled_rows));
  }
  return fmt::format("{} tables checked", tables.size());
}

}  // namespace provider::local
