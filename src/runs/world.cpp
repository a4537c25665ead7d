#include "runs/world.h"

#include <fmt/format.h>

#include "base/error.h"
#include "provider/local/place.h"
#include "runs/amazon_world.h"
#include "runs/certificates.h"
#include "runs/windows.h"

namespace runs {

namespace {

os::fs::path root_of(const std::string& root) {
  return root.empty() ? provider::local::default_home() : os::fs::path(root);
}

using provider::local::Opening;

/// Without its volume, which need not be mounted for what is written down.
provider::local::Home home_to_look_at(const std::string& root) {
  provider::local::Home home;
  home.root = os::fs::absolute(root_of(root)).lexically_normal();
  check_place(home.root, Opening::to_look);
  return home;
}

/// A home that has servers, or will.
const std::string& for_servers(const std::string& root, Opening opening) {
  if (opening != Opening::to_look)
    provider::local::check_reachable(os::fs::weakly_canonical(os::fs::absolute(root_of(root))));
  return root;
}

store::Mode mode_of(Opening opening) {
  return opening == Opening::to_look ? store::Mode::look : store::Mode::write;
}

}  // namespace

Books::Books(provider::local::Home where, store::Mode mode)
    : home(std::move(where)),
      ledger(home, mode),
      journal(home.journal(), mode),
      progress(home.root / "progress") {}

Books::Books(const std::string& root) : Books(home_to_look_at(root), store::Mode::look) {}

World::World(const std::string& root, Opening opening)
    : Books(provider::local::open_home(root_of(root), opening), mode_of(opening)),
      secrets(home, mode_of(opening)) {}

LocalWorld::LocalWorld(const std::string& root, Opening opening)
    : World(for_servers(root, opening), opening),
      databases(home, secrets, clock, mode_of(opening)),
      scripts(home),
      mailbox(home, secrets, clock),
      script_files_(scripts),
      services_{databases, secrets, script_files_, ledger, mailbox} {}

std::string LocalWorld::connect_command(const provider::Database& database) {
  return "dbrefresh local connect " + database.name;
}

std::vector<provider::Message> LocalWorld::notices() {
  auto all = window_notices(*this);
  for (auto& each : certificate_notices(*this)) all.push_back(std::move(each));
  return all;
}

provider::Budget World::budget(int minutes) {
  return {clock, clock.now() + std::chrono::minutes(minutes), {}, [](const base::Note&) {}};
}

std::unique_ptr<World> open_world(const std::string& root, const base::Json& whereabouts, Opening opening) {
  const std::string provider = whereabouts.value("provider", "");
  if (provider == "local") return std::make_unique<LocalWorld>(root, opening);
  if (provider == "aws") return open_amazon_world(root, whereabouts, opening);
  throw base::Error("BadInput", fmt::format("the provider '{}' is not served", provider),
                    "use --provider local or --provider aws");
}

store::ExecutionRow must_find_run(Books& books, const std::string& id) {
  auto row = books.journal.find(id);
  if (!row) throw base::Error("BadInput", fmt::format("there is no run {}", id), "dbrefresh list shows all");
  return *std::move(row);
}

provider::Database must_find_database(LocalWorld& world, const std::string& name) {
  auto found = world.databases.find_any(name);
  if (!found)
    throw base::Error("BadInput", fmt::format("there is no instance or cluster {}", name),
                      "dbrefresh local list shows all");
  return *std::move(found);
}

}  // namespace runs
