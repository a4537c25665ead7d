#include "runs/windows.h"

#include <fmt/format.h>

#include "base/text.h"
#include "refresh/launch.h"

namespace runs {
namespace {

using provider::local::Restorable;

/// What is wrong, and since when: "" where all can be restored that was asked for.
std::pair<std::string, std::string> fault_of(const Restorable& can) {
  if (can.state == Restorable::State::behind)
    return {"behind-" + refresh::run_stamp(can.window->to),
            fmt::format("its log does not grow any more, and later than {} nothing can be restored: {}",
                        base::ledger_utc(can.window->to), can.reason)};
  if (can.cut_off.empty()) return {};
  const std::string lost =
      fmt::format("its log has a gap: no restore to a point in time begins any more with {}",
                  fmt::join(can.cut_off, ", "));
  const std::string rest = can.window
                               ? "from " + base::ledger_utc(can.window->from) + " on it can be restored"
                               : "it cannot be restored to any";
  return {"gap-" + can.cut_off.back(), lost + "; " + rest};
}

}  // namespace

std::vector<provider::Message> window_notices(LocalWorld& world) {
  std::vector<provider::Message> all;
  for (const auto& each : world.databases.find({})) {
    const auto [what, text] = fault_of(world.databases.restorable(each.id));
    if (what.empty()) continue;
    all.push_back(
        {.id = fmt::format("log-{}-{}", each.id, what),
         .topic = "",
         .subject = fmt::format("Database {}: less can be restored than was asked for", each.name),
         .body = fmt::format("{} {}: {}.\nThen:     dbrefresh local backup {} begins it anew.\nMore:  "
                             "   dbrefresh local list\n",
                             to_string(each.kind), each.name, text, each.name)});
  }
  return all;
}

}  // namespace runs
