// What a copy still knows of its rows as they were before they were masked.
#pragma once

#include "sql/connection.h"

namespace provider::aws {

/// How many tables' statistics are those of today: they come in the same order every time, so that a later
/// call goes on where one was over time.
struct Renewed {
  std::size_t before = 0;  ///< by earlier calls: passed over
  std::size_t now = 0;     ///< counted on, over all databases
};

/// Statistics of the session's database, as the master user: PostgreSQL shows the most frequent values of
/// every column to whoever may read the table (pg_stats). ANALYZE puts the values of today in their place; of
/// a table that is empty it would leave the old ones (commands/analyze.c), so those are dropped. Tables of
/// other roles are visited as these. Throws StatisticsRemain where they cannot be, by name.
void forget_postgres_statistics(sql::Connection& session, Renewed& renewed);

/// Of all databases of a server: histograms of MySQL (information_schema.COLUMN_STATISTICS), bounds of
/// columns in MariaDB (mysql.column_stats), and the statements in mysql.general_log and mysql.slow_log, which
/// a restore brings along. Throws StatisticsRemain, or StatementsRemain of a log, where they cannot be taken
/// away.
void forget_mysql_past(sql::Connection& session, Renewed& renewed);

}  // namespace provider::aws
