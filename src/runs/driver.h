// Runs, begun and driven to their end: what `dbrefresh run`, `resume` and `cancel` do.
#pragma once

#include <stop_token>

#include "engine/engine.h"
#include "runs/plan.h"

namespace runs {

/// Hears what happens to runs, for people.
class Listener : public engine::Observer {
 public:
  /// A run of the same target lost its process: it is rolled back before the new one begins.
  virtual void clears(const std::string& /*run*/) {}
  /// Before anything is run; `planned` may be refused.
  virtual void plans(const std::string& /*run*/, const Planned& /*planned*/) {}
  /// Nobody drives it here any more: it has ended, or was interrupted.
  virtual void leaves(const std::string& /*run*/) {}
};

/// Drives runs of one home on the calling thread until each has ended or `stop` is asked for. A run whose
/// drive ends early stays RUNNING: its attempts are open in the journal, and resume() takes them up. Throws
/// `RunInterrupted` where the drive broke off by itself, e.g. because the journal could not be written.
class Driver {
 public:
  /// `world` and `listener` must outlive it.
  Driver(World& world, Listener& listener, std::stop_token stop)
      : world_(world), listener_(listener), stop_(std::move(stop)) {}

  /// Makes a refresh, after rolling back a run of the same target that lost its process. Returns the run's
  /// id, "" if the plan is not ok(). Throws AlreadyRunning.
  std::string start(const Request& request);
  /// Takes up a run that lost its process. Throws AlreadyRunning if it did not.
  void resume(const std::string& id);
  /// Tells a run to stop and to roll back; rolls it back if no other process drives it. False if one does.
  bool cancel(const std::string& id);

 private:
  void clear(const std::string& target);
  /// Drives what `begin` hands to the engine.
  void drive(const std::string& id, const std::function<void(engine::Engine&)>& begin);

  World& world_;
  Listener& listener_;
  std::stop_token stop_;
};

}  // namespace runs
