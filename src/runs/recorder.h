// Listens to runs for other processes.
#pragma once

#include "engine/engine.h"
#include "store/progress.h"

namespace runs {

/// Passes everything on to a listener, and keeps how far each run is where `dbrefresh status` reads it.
class Recorder : public engine::Observer {
 public:
  /// All must outlive it.
  Recorder(store::Progress& progress, engine::Observer& next, base::Clock& clock)
      : progress_(progress), next_(next), clock_(clock) {}

  void history(const std::string& execution, const asl::HistoryEvent& event, base::Time at) override {
    next_.history(execution, event, at);
  }
  void progress(const std::string& execution, const std::string& state, const base::Note& note) override {
    progress_.note(execution, state, note, clock_.now());
    next_.progress(execution, state, note);
  }

 private:
  store::Progress& progress_;
  engine::Observer& next_;
  base::Clock& clock_;
};

}  // namespace runs
