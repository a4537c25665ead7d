#include "provider/aws/schedule.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace provider::aws {
namespace {

/// With their quotes. RDS's own, in `mysql`, rotate its logs.
std::vector<std::string> enabled_events(sql::Connection& session) {
  std::vector<std::string> all;
  for (const auto& row : session
                             .query("SELECT EVENT_SCHEMA, EVENT_NAME FROM information_schema.EVENTS WHERE "
                                    "STATUS = 'ENABLED' AND EVENT_SCHEMA NOT IN ('mysql', 'sys')")
                             .table)
    all.push_back(session.quote_name(row.at(0).value_or("")) + "." +
                  session.quote_name(row.at(1).value_or("")));
  return all;
}

}  // namespace

std::size_t stop_events(sql::Connection& session) {
  const auto events = enabled_events(session);
  for (const auto& event : events) session.execute(fmt::format("ALTER EVENT {} DISABLE", event), 0);
  if (const auto left = enabled_events(session); !left.empty())
    throw base::Error("EventsRun", "events of production are still enabled: " + base::join(left, ", "),
                      "let the master user alter them, or drop them in the source");
  return events.size();
}

}  // namespace provider::aws
