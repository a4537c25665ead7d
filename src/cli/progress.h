// Live progress of a run.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "runs/driver.h"

namespace cli {

struct Options;

/// Shows the steps of a run as they go: on a terminal with a spinner, elapsed time and bytes; in a pipe as
/// plain lines. Thread-safe.
class Progress : public runs::Listener {
 public:
  /// `clock` and `options` must outlive it.
  Progress(base::Clock& clock, bool terminal, const Options& options);
  ~Progress() override;

  void clears(const std::string& run, bool interrupted) override;
  void plans(const std::string& run, const runs::Planned& planned) override;
  void history(const std::string& execution, const asl::HistoryEvent& event, base::Time at) override;
  void progress(const std::string& execution, const std::string& state, const base::Note& note) override;
  void awaits(const std::string& run) override;
  void leaves(const std::string& run, bool ended) override;

 private:
  void close_line(std::string_view verdict);
  void draw();
  std::string detail() const;

  base::Clock& clock_;
  bool terminal_;
  const Options& options_;
  std::mutex mutex_;
  std::string step_;  ///< the step that is shown as running, "" if none
  base::Time begun_{};
  base::Note detail_;
  bool failed_ = false;  ///< an attempt of it has failed; a later one may work
  std::string error_;
  std::size_t frame_ = 0;
  std::jthread painter_;
};

}  // namespace cli
