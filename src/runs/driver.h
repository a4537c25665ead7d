// Runs, begun and driven to their end: what `dbrefresh run`, `resume` and `cancel` do.
#pragma once

#include <stop_token>

#include "engine/engine.h"
#include "runs/refusal.h"

namespace runs {

/// Hears what happens to runs, for people.
class Listener : public engine::Observer {
 public:
  /// A run of the same target was interrupted, or could not be rolled back: that is done before the new one
  /// begins.
  virtual void clears(const std::string& /*run*/, bool /*interrupted*/) {}
  /// Before anything is run; `planned` may be refused.
  virtual void plans(const std::string& /*run*/, const Planned& /*planned*/) {}
  /// Another process drives it, and is told to stop.
  virtual void awaits(const std::string& /*run*/) {}
  /// Nobody drives it here any more: it has ended, or was interrupted.
  virtual void leaves(const std::string& /*run*/, bool /*ended*/) {}
};

inline constexpr int default_keep_days = 400;

/// Begins with the moment, and is nobody else's.
std::string new_run_id(base::Clock& clock);

/// Drives runs of one home on the calling thread until each has ended or `stop` is asked for. A run whose
/// drive ends early stays RUNNING: its attempts are open in the journal, and resume() takes them up. Throws
/// `RunInterrupted` where the drive broke off by itself, e.g. because the journal could not be written.
class Driver {
 public:
  /// `world` and `listener` must outlive it. Sweeps away what runs left that have ended, and runs that ended
  /// more than `keep_days` ago.
  Driver(World& world, Listener& listener, std::stop_token stop, int keep_days = default_keep_days);

  /// Makes a refresh, after rolling back what left_run() tells. Returns the run's id; one that is refused has
  /// one too.
  std::string start(const Request& request);
  /// Records that a run was refused because the world of its databases cannot be opened. Ours is that of the
  /// home, where the traces are left then. Returns the run's id.
  std::string refuse(const Request& request, const base::Error& why, const std::string& place);
  /// Takes up a run that lost its process, or rolls one back again that could not be. Throws AlreadyRunning
  /// if neither is so.
  void resume(const std::string& id);
  /// Takes up all of its world that lost their processes, side by side. Returns their ids.
  std::vector<std::string> resume_all();
  /// Tells a run to stop and to roll back, and returns when it has ended, or, if another process drives it
  /// and `wait` is false, at once.
  void cancel(const std::string& id, bool wait);

 private:
  bool clear(const std::string& target, Planned& planned);
  std::string refuse(const std::string& id, Planned planned, Refusal why);
  std::string refuse(const std::string& id, Planned planned, Refusal why, const std::string& place);
  void begin(engine::Engine& engine, const std::string& id, const Planned& planned);
  /// Drives what `begin` hands to the engine; `ids` are the runs that it hands over.
  void drive(const std::vector<std::string>& ids, const std::function<void(engine::Engine&)>& begin);

  World& world_;
  Listener& listener_;
  std::stop_token stop_;
};

}  // namespace runs
