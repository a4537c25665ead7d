#include "provider/aws/past.h"

#include <fmt/format.h>

#include <functional>

#include "base/error.h"
#include "provider/aws/role.h"
#include "provider/aws/sessions.h"

namespace provider::aws {
namespace {

constexpr const char* table_access_denied = "ER_TABLEACCESS_DENIED_ERROR";

constexpr const char* other_owners = R"(
SELECT DISTINCT r.rolname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
WHERE c.relkind IN ('r', 'p', 'm') AND c.oid >= 16384 AND NOT r.rolsuper AND r.rolname <> session_user
AND r.rolname !~ '^(pg_|rds)' ORDER BY 1)";

/// The current role's.
constexpr const char* own_tables = R"(
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'm') AND pg_get_userbyid(c.relowner) = current_user
AND c.relpersistence <> 't' ORDER BY 1)";

/// What this database alone has: who owns it may have them visited.
constexpr const char* catalogues = R"(
SELECT string_agg('pg_catalog.' || relname, ', ') FROM pg_catalog.pg_class
WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' AND NOT relisshared)";

/// Of one table that is the current role's, in the order in which their columns stand. A parent has
/// statistics of its own rows, and others that are `inherited`, of all.
constexpr const char* with_statistics = R"(
SELECT DISTINCT format('%I', s.attname), format_type(a.atttypid, a.atttypmod), s.inherited
FROM pg_catalog.pg_stats s JOIN pg_catalog.pg_class c ON c.relname = s.tablename
AND c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = s.schemaname)
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
WHERE c.relkind IN ('r', 'p') AND c.oid = )";

void renew(Renewed& renewed, const std::function<void()>& of_table) {
  if (renewed.now >= renewed.before) of_table();
  ++renewed.now;
}

/// A change of its type, if only to the same one, drops what is known of a column.
void drop_if_empty(sql::Connection& session, const std::string& table) {
  for (const auto& row : session.query(with_statistics + session.quote(table) + "::regclass").table) {
    const auto column = row.at(0).value_or(""), type = row.at(1).value_or("");
    const auto only = row.at(2) == "t" ? "" : "ONLY ";
    if (session.scalar(fmt::format("SELECT EXISTS (SELECT FROM {}{})", only, table)) == "t") continue;
    try {
      session.execute(fmt::format("ALTER TABLE {} ALTER COLUMN {} TYPE {}", table, column, type), 0);
    } catch (const base::Error& error) {
      throw base::Error(
          "StatisticsRemain",
          fmt::format("statistics of column {} of {}, which is empty now, still have its values: {}", column,
                      table, error.message),
          "let the last script drop what hinders this, or leave one masked row in the table");
    }
  }
}

void forget_own(sql::Connection& session, Renewed& renewed) {
  for (const auto& row : session.query(own_tables).table)
    renew(renewed, [&] {
      const auto table = row.at(0).value_or("");
      session.execute("ANALYZE " + table, 0);
      drop_if_empty(session, table);
    });
}

void forget_as(sql::Connection& session, const std::string& owner, Renewed& renewed) {
  try {
    as_role(session, owner, [&] { forget_own(session, renewed); });
  } catch (const base::Error& error) {
    if (error.code != "RoleRefused") throw;
    throw base::Error(
        "StatisticsRemain",
        fmt::format("statistics of the tables of '{}' still have unmasked values: {}", owner, error.message),
        error.hint);
  }
}

/// What went wrong is a row of the answer, and no error (MySQL's manual, 15.7.3.1): that it was cancelled,
/// too. Then the next question says so.
void analyze(sql::Connection& session, const std::string& table, const std::string& how) {
  for (const auto& row : session.query(fmt::format("ANALYZE TABLE {} {}", table, how)).table)
    if (row.at(2) == "Error") {
      session.query("SELECT 1");
      throw base::Error(
          "StatisticsRemain",
          fmt::format("statistics of {} still have unmasked values: {}", table, row.at(3).value_or("")),
          "let the master user SELECT from and INSERT into the table, or drop it in a script");
    }
}

std::string table_of(sql::Connection& session, const sql::Row& row) {
  return session.quote_name(row.at(0).value_or("")) + "." + session.quote_name(row.at(1).value_or(""));
}

void forget_histograms(sql::Connection& session) {
  for (const auto& row : session
                             .query("SELECT SCHEMA_NAME, TABLE_NAME, COLUMN_NAME FROM "
                                    "information_schema.COLUMN_STATISTICS")
                             .table)
    analyze(session, table_of(session, row),
            "DROP HISTOGRAM ON " + session.quote_name(row.at(2).value_or("")));
}

void renew_statistics(sql::Connection& session, Renewed& renewed) {
  for (const auto& row :
       session.query("SELECT DISTINCT db_name, table_name FROM mysql.column_stats ORDER BY 1, 2").table)
    renew(renewed, [&] { analyze(session, table_of(session, row), "PERSISTENT FOR ALL"); });
}

/// What the master user may not read, nobody with its password may.
bool has_rows(sql::Connection& session, const std::string& log) {
  try {
    return session.scalar(fmt::format("SELECT EXISTS (SELECT 1 FROM mysql.{})", log)) == "1";
  } catch (const base::Error& error) {
    if (error.message.find(table_access_denied) == std::string::npos) throw;
    return false;
  }
}

void must_be_empty(sql::Connection& session, const std::string& log) {
  if (!has_rows(session, log)) return;
  throw base::Error("StatementsRemain",
                    fmt::format("mysql.{} has statements of production, and RDS has no procedure here that "
                                "takes them away",
                                log),
                    "let its log go to files (log_output), and empty the table in production");
}

/// RDS lets nobody truncate its logs; its procedure keeps the last one as a backup, so it is called twice
/// (Amazon RDS User Guide, "Managing table-based MySQL logs").
void forget_log(sql::Connection& session, const std::string& log) {
  const auto procedure = "rds_rotate_" + log;
  if (!has_procedure(session, procedure)) return must_be_empty(session, log);
  for (int times = 0; times < 2; ++times) session.execute("CALL mysql." + procedure, 0);
}

}  // namespace

void forget_postgres_statistics(sql::Connection& session, Renewed& renewed) {
  renew(renewed, [&] { session.execute("ANALYZE " + session.scalar(catalogues).value_or(""), 0); });
  forget_own(session, renewed);
  for (const auto& row : session.query(other_owners).table)
    forget_as(session, row.at(0).value_or(""), renewed);
}

void forget_mysql_past(sql::Connection& session, Renewed& renewed) {
  if (is_mariadb(session))
    renew_statistics(session, renewed);
  else if (!is_mysql5(session))
    forget_histograms(session);
  for (const char* log : {"general_log", "slow_log"}) forget_log(session, log);
}

}  // namespace provider::aws
