#include "runs/certificates.h"

#include <fmt/format.h>

#include "refresh/launch.h"

namespace runs {
namespace {

constexpr std::chrono::days told_before{14};

}  // namespace

std::vector<provider::Message> certificate_notices(LocalWorld& world) {
  std::vector<provider::Message> all;
  for (const auto& each : world.databases.find({})) {
    const auto until = world.databases.certificate_until(each.id);
    if (!each.open || !until || *until > world.clock.now() + told_before) continue;
    const std::string when = fmt::format("{} {} UTC", *until <= world.clock.now() ? "has expired:" : "ends",
                                         base::ledger_utc(*until));
    all.push_back({.id = fmt::format("certificate-{}-{}", each.id, refresh::run_stamp(*until)),
                   .topic = "",
                   .subject = fmt::format("Database {}: its certificate is about to end", each.name),
                   .body = fmt::format(
                       "{} {}: its certificate {}.\nThen:     {}dbrefresh local backup --all has it shown.\n"
                       "More:     dbrefresh local list --json\n",
                       to_string(each.kind), each.name, when,
                       each.authority.empty() ? "put a new one in its file; " : "")});
  }
  return all;
}

}  // namespace runs
