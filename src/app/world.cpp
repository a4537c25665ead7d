#include "app/world.h"

namespace app {

World::World(const std::string& root)
    : home(provider::local::open_home(root.empty() ? provider::local::default_home() : os::fs::path(root))),
      secrets(home),
      databases(home, secrets),
      scripts(home),
      ledger(home),
      mailbox(home, secrets),
      services{databases, secrets, scripts, ledger, mailbox},
      journal(home.journal()) {}

provider::Waiting World::waiting(int minutes) {
  return {clock, clock.now() + std::chrono::minutes(minutes), {}, [](const base::Json&) {}};
}

}  // namespace app
