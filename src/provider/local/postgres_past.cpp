// What a copy must not remember of its source, and what it must learn anew.
#include <fmt/format.h>

#include "base/error.h"
#include "provider/local/postgres_server.h"

namespace provider::local {
namespace {

/// What made one in a copy, whatever it was, has seen all: nothing that is opened may have one.
void must_have_no_superusers(sql::Connection& admin) {
  const auto names = admin.scalar(
      "SELECT string_agg(quote_ident(rolname), ', ') FROM pg_roles WHERE rolsuper AND oid <> 10");
  if (names)
    throw base::Error("CopyUnsafe", fmt::format("the copy has superusers that nobody gave it: {}", *names),
                      "look in the source for functions that make roles, in indexes and triggers");
}

}  // namespace

/// Statistics hold values of columns: the most frequent ones, and bounds of their histograms; those of the
/// catalogues too: options with passwords, hashes, pages of large objects. Nothing of the log from before is
/// archived or sent to a replica: both begin after the copy is opened.
void PostgresServer::forget_past() const {
  end_scripts();
  must_have_no_superusers(*as_administrator("postgres"));
  in_every_database([](sql::Connection& database) {
    database.execute("DELETE FROM pg_statistic", 0);
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
