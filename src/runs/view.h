// The one JSON view of what this home knows: docs/json.md. What is unknown is null; times are ISO 8601, UTC,
// with their zone.
#pragma once

#include "runs/world.h"

namespace runs {

/// Which runs are listed.
struct Filter {
  std::string target, status;  ///< "": all
  int last = 0;                ///< so many of the newest; 0: all
};
/// A target is named with or without its kind.
bool fits(const Filter& filter, const std::string& status, const std::string& target);
/// Oldest first.
base::Json list_view(Books& books, const Filter& filter);
/// A run of the list with `state`, `step`, `waitsFor`, `waitsUntil`, `driven` (does a living process drive
/// it?) and `progress`, what the step that works has told last.
base::Json status_view(Books& books, const std::string& id);
/// The step that a state belongs to, by the name that people see; the state itself where none does, null for
/// null.
base::Json step_of(const base::Json& state);
/// {run, status, cause, notPutBack, ended, attempts, steps, events, results, problems}
base::Json history_view(Books& books, const std::string& id);
/// A run of the list that was driven, with `results`, `state` for people, `connect`, `kept` and `hint`.
base::Json outcome_view(World& world, const std::string& id);

/// In which state things are after a run, for people; null while it goes on, and where it is done.
base::Json standing(const base::Json& state, const std::string& status);
/// What has the target's name, where the state of a run says it.
std::optional<provider::Database> made_by(provider::Services& services, const base::Json& state);
/// How to reach it: {name, host, port, user, command, secret}; `command` "" becomes null.
base::Json connection(provider::Services& services, const provider::Database& made, const base::Json& state,
                      const std::string& command);

/// The rows of a ledger, of all ledgers if `table` is "".
base::Json ledger_view(provider::Ledger& ledger, const std::string& table);

/// An instance or a cluster.
base::Json database_view(LocalWorld& world, const provider::Database& database);
base::Json databases_view(LocalWorld& world);
base::Json snapshot_view(LocalWorld& world, const provider::local::Snapshot& snapshot);
base::Json snapshots_view(LocalWorld& world);
/// What came of one of several things that were done: {name, result, error}.
base::Json done_view(const std::string& name, const std::string& result, const std::string& error);

/// Where a run's data stands: what its state machine carries from state to state.
base::Json state_of(const store::ExecutionRow& row);
/// The same of all runs of this target, newest first.
std::vector<base::Json> states_of_target(Books& books, const std::string& target);

/// The world that a run was begun in, as World::whereabouts() named it.
base::Json whereabouts_of(const store::ExecutionRow& row);

/// The worlds of a home's open runs, each once, and this host, whose home has to be swept in any case. `root`
/// "" means the default home.
std::vector<base::Json> open_worlds(const std::string& root);

/// Does a living process drive it?
bool is_driven(Books& books, const store::ExecutionRow& row);

}  // namespace runs
