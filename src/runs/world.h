// The worlds that runs are made in, each put together from the stores and databases that belong to it.
#pragma once

#include <memory>

#include "provider/local/databases.h"
#include "provider/local/mailbox.h"
#include "provider/local/stores.h"
#include "provider/script_files.h"
#include "refresh/file.h"
#include "store/journal.h"
#include "store/progress.h"

namespace runs {

/// What is written down of runs. Opened to look it changes nothing, and works on a read-only or full disk.
/// Throws BadHome or NotPermitted where this user may not.
struct Books {
  Books(provider::local::Home where, store::Mode mode);
  /// To look at; `root` "" means the default home.
  explicit Books(const std::string& root);

  provider::local::Home home;
  provider::local::SqliteLedger ledger;
  store::Journal journal;
  store::Progress progress;  ///< of the runs that are open
};

/// Services that look at a world, and only note what would change it: what was noted shows as if it had been
/// done.
class StandIn {
 public:
  virtual ~StandIn() = default;
  virtual provider::Services& services() = 0;
  /// What was noted, in its order, without passwords: `[{service, operation, region, input}]`.
  virtual base::Json calls() = 0;
};

/// All that a run needs: the books of a home, and one world of databases, which decides what the services
/// are. Not movable: its parts refer to one another.
class World : public Books {
 public:
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  virtual ~World() = default;

  virtual provider::Services& services() = 0;
  /// What tells its databases from equally named ones of other worlds of the same home: "" for this host.
  virtual std::string place() = 0;
  /// How it is found again by whoever takes up one of its runs; kept with the run.
  virtual base::Json whereabouts() const = 0;
  /// The command that opens a session with a database; "" if there is none of ours.
  virtual std::string connect_command(const provider::Database& database) = 0;

  /// For a rehearsal whose time is `time`'s, which must outlive it as this must; nullptr where there is
  /// none.
  virtual std::unique_ptr<StandIn> stand_in([[maybe_unused]] base::Clock& time) { return nullptr; }

  /// Warnings of what a run of this file would call that we may not, as far as anybody can say without
  /// calling it; where nobody may say, a warning of that. No problem of these keeps a run from beginning.
  virtual std::vector<base::Problem> missing_permissions([[maybe_unused]] const refresh::RefreshFile& file) {
    return {};
  }
  /// Why a master password is not taken by this engine; "" if it is.
  virtual std::string objection_to_password([[maybe_unused]] const base::Secret& password,
                                            [[maybe_unused]] const std::string& engine) {
    return {};
  }
  /// GiB that an instance has allocated that is a source; nothing where that is not known, or as much as is
  /// used (Aurora).
  virtual std::optional<std::int64_t> storage_gib([[maybe_unused]] const std::string& source) {
    return std::nullopt;
  }
  /// What people should be told besides what becomes of runs; sent once by its id, however often it is here.
  virtual std::vector<provider::Message> notices() { return {}; }
  /// Threads for the tasks of its runs, as engine::Options have them.
  struct Workers {
    std::size_t light = 4, heavy = 2;
  };
  virtual Workers workers() const { return {}; }
  /// As engine::Options::requests: nothing where a world makes none.
  virtual std::function<std::int64_t()> requests() { return {}; }

  /// For calls that a person waits for: `minutes`, not stoppable, no progress.
  provider::Budget budget(int minutes);

  base::SystemClock clock;
  provider::local::Secrets secrets;  ///< of the home: the passwords of open runs are sealed here

 protected:
  World(const std::string& root, provider::local::Opening opening);
};

/// The servers of this host.
class LocalWorld : public World {
 public:
  /// `root` "" means the default home. To look it changes nothing, as Books.
  explicit LocalWorld(const std::string& root,
                      provider::local::Opening opening = provider::local::Opening::to_work);

  provider::Services& services() override { return services_; }
  std::string place() override { return ""; }
  base::Json whereabouts() const override { return {{"provider", "local"}}; }
  std::string connect_command(const provider::Database& database) override;
  std::vector<provider::Message> notices() override;

  provider::local::Databases databases;
  provider::local::Scripts scripts;
  provider::local::Mailbox mailbox;

 private:
  provider::ScriptFiles script_files_;
  provider::Services services_;
};

/// The world that `whereabouts` names: {"provider": "local"}, or as AmazonWorld takes it. Throws BadInput for
/// a provider that is not served, and AccountRefused (account_refusal.h).
std::unique_ptr<World> open_world(const std::string& root, const base::Json& whereabouts,
                                  provider::local::Opening opening = provider::local::Opening::to_work);

/// A run of this home. Throws BadInput if there is none.
store::ExecutionRow must_find_run(Books& books, const std::string& id);

/// An instance of this name, else a cluster. Throws BadInput if there is neither.
provider::Database must_find_database(LocalWorld& world, const std::string& name);

}  // namespace runs
