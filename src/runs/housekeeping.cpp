#include "runs/housekeeping.h"

#include "refresh/lookup.h"

namespace runs {

void sweep_secrets(World& world) {
  const std::string prefix = refresh::run_secret_name("");
  for (const auto& name : world.secrets.names()) {
    if (!name.starts_with(prefix)) continue;
    const auto row = world.journal.find(name.substr(prefix.size()));
    if (!row || row->status != "RUNNING") world.secrets.remove(name);
  }
}

void prune(World& world, int keep_days) {
  world.journal.prune(world.clock.now() - std::chrono::days(keep_days));
}

}  // namespace runs
