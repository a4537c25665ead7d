#include "runs/world.h"

#include <fmt/format.h>

#include "base/error.h"

namespace runs {

World::World(const std::string& root)
    : home(provider::local::open_home(root.empty() ? provider::local::default_home() : os::fs::path(root))),
      secrets(home),
      databases(home, secrets),
      scripts(home),
      ledger(home),
      mailbox(home, secrets, clock),
      services{databases, secrets, scripts, ledger, mailbox},
      journal(home.journal()),
      progress(home.root / "progress") {}

provider::Budget World::budget(int minutes) {
  return {clock, clock.now() + std::chrono::minutes(minutes), {}, [](const base::Note&) {}};
}

store::ExecutionRow must_find_run(World& world, const std::string& id) {
  auto row = world.journal.find(id);
  if (!row) throw base::Error("BadInput", fmt::format("there is no run {}", id), "dbrefresh list shows all");
  return *std::move(row);
}

provider::Database must_find_database(World& world, const std::string& name) {
  auto found = world.databases.find_any(name);
  if (!found)
    throw base::Error("BadInput", fmt::format("there is no instance or cluster {}", name),
                      "dbrefresh local list shows all");
  return *std::move(found);
}

}  // namespace runs
