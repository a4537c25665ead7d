// What a copy must not remember of its source, and what it must learn anew.
#include <fmt/format.h>

#include "base/error.h"
#include "provider/local/postgres_server.h"

namespace provider::local {

/// Statistics hold values of columns: the most frequent ones, and bounds of their histograms. Nothing of the
/// log from before is archived or sent to a replica: both begin after the copy is opened.
void PostgresServer::forget_past() const {
  end_scripts();
  in_every_database([](sql::Connection& database) {
    database.execute("DELETE FROM pg_statistic WHERE starelid >= 16384", 0);
    database.execute("DELETE FROM pg_statistic_ext_data", 0);
  });
  as_administrator("postgres")->execute("CHECKPOINT", 0);
}

/// Functions in indexes run as the owners of their tables; what they throw must not close a copy again.
void PostgresServer::gather_statistics(const Budget& budget) const {
  budget.tell({"gathering statistics of what the copy holds now"});
  in_every_database([&](sql::Connection& database) {
    if (budget.stop.stop_requested()) return;
    try {
      database.execute("ANALYZE", 0);
    } catch (const base::Error& error) {
      budget.tell({"statistics: " + error.message});
    }
  });
}

}  // namespace provider::local
