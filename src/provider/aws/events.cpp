#include "provider/aws/events.h"

#include <fmt/format.h>

#include "base/error.h"

namespace provider::aws {
namespace {

constexpr int minutes_back = 24 * 60;
constexpr std::size_t most_told = 5;

}  // namespace

base::Error failed(Service& service, const Json& database, const Budget& budget) {
  const auto message = fmt::format("{} is {}", called(database), status_of(database));
  std::string events;
  try {
    const auto all =
        service.all("rds", "DescribeEvents",
                    {{"SourceIdentifier", name_of(database)},
                     {"SourceType", kind_of(database) == Kind::cluster ? "db-cluster" : "db-instance"},
                     {"Duration", minutes_back}},
                    "Events", budget);
    for (std::size_t at = all.size() - std::min(all.size(), most_told); at < all.size(); ++at)
      events += fmt::format("\n  {} {}", text(all[at], "Date"), text(all[at], "Message"));
  } catch (const base::Error& error) {
    events = "\n  its events cannot be read: " + error.message;
  }
  return {"DatabaseFailed", message + (events.empty() ? "; RDS has no events of it" : ":" + events)};
}

}  // namespace provider::aws
