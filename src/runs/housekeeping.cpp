#include "runs/housekeeping.h"

#include "refresh/launch.h"
#include "refresh/lookup.h"
#include "runs/left.h"

namespace runs {

void sweep_secrets(World& world) {
  const std::string prefix = refresh::run_secret_name("");
  const auto young = refresh::run_stamp(world.clock.now() - std::chrono::hours(1));
  for (const auto& name : world.secrets.names()) {
    if (!name.starts_with(prefix)) continue;
    const auto run = name.substr(prefix.size());
    const auto row = world.journal.find(run);
    if (row ? !can_be_taken_up(world, *row) : run < young) world.secrets.remove(name);
  }
}

void send_notices(World& world) {
  try {
    world.services().notifier.deliver_again();
    for (const auto& notice : world.notices()) world.services().notifier.send(notice);
  } catch (
      const std::exception&) {  // a mail server that is away, or a log that cannot be read, keeps nobody from
  }                             // a refresh, nor from putting one back
}

void prune(World& world, int keep_days) {
  std::vector<std::string> kept;
  for (const auto& [run, why] : not_put_back(world)) kept.push_back(run);
  world.journal.prune(world.clock.now() - std::chrono::days(keep_days), kept);
}

}  // namespace runs
