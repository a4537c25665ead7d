#include "lambda/overdue.h"

#include <fmt/format.h>

#include <map>

#include "base/error.h"
#include "base/text.h"

namespace lambda {
namespace {

using base::Error;
using base::Json;

/// What the ledger says of one database; rows come in the order in which they were recorded.
struct Record {
  std::string first, refreshed;  ///< when it was recorded; "" where none succeeded
};

std::map<std::string, Record> records(provider::Ledger& ledger) {
  std::map<std::string, Record> all;
  for (const auto& row : ledger.rows(provider::usual_ledger)) {
    auto& record = all[base::lower(row.dbinstance)];  // as RDS has them
    if (record.first.empty()) record.first = row.recordingtime;
    if (row.status == "completed") record.refreshed = row.recordingtime;
  }
  return all;
}

/// Of a time that nobody can read it is not known that it is recent.
bool is_before(const std::string& recorded, base::Time limit) {
  const auto time = base::parse_ledger_utc(recorded);
  return !time || *time < limit;
}

std::string line_of(const std::string& name, const Record& record) {
  return record.refreshed.empty()
             ? fmt::format("{}: never; the first attempt was recorded at {} UTC\n", name, record.first)
             : fmt::format("{}: {} UTC\n", name, record.refreshed);
}

}  // namespace

Json tell_overdue(const Json& event, provider::Services& services, base::Time now) {
  if (!event.contains("days") || !event["days"].is_number_integer() || !event.contains("topic") ||
      !event["topic"].is_string())
    throw Error("BadEvent", "the event is not {\"state\": \"overdue\", \"days\": …, \"topic\": …}");
  const std::chrono::days days(event["days"].get<int>());
  Json names = Json::array();
  std::string lines;
  for (const auto& [name, record] : records(services.ledger)) {
    if (!is_before(record.refreshed.empty() ? record.first : record.refreshed, now - days)) continue;
    if (!services.databases.find(provider::Kind::instance, name)) continue;
    names.push_back(name);
    lines += line_of(name, record);
  }
  if (!names.empty())
    services.notifier.send(
        {.id = "overdue-" + base::iso_utc(now),
         .topic = event["topic"],
         .subject =
             fmt::format("{} not refreshed for {} days [OVERDUE]",
                         names.size() == 1 ? "1 database is" : fmt::format("{} databases are", names.size()),
                         days.count()),
         .body = "Last refreshed:\n" + lines + "More:     dbrefresh --provider aws list\n"});
  return {{"overdue", names}};
}

}  // namespace lambda
