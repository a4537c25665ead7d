// How far a run is: the last note of each, for other processes to read. Of no use once the run has ended, and
// never needed to go on with it.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/note.h"

namespace store {

struct ProgressRow {
  std::string state;  ///< of the state machine, whose attempt tells
  base::Note note;
  base::Time at{};
  std::uint64_t bytes_per_second = 0;  ///< since the first note of this kind; 0: not known
};

/// A small file for each run in `folder`, which is made when something is noted. Thread-safe. What cannot be
/// written is left out: nothing depends on it.
class Progress {
 public:
  explicit Progress(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Writes at most once a second.
  void note(const std::string& execution, const std::string& state, const base::Note& note, base::Time now);
  void forget(const std::string& execution);
  std::optional<ProgressRow> find(const std::string& execution) const;

 private:
  std::filesystem::path file(const std::string& execution) const { return folder_ / (execution + ".json"); }

  std::filesystem::path folder_;
  std::mutex mutex_;
  base::Time written_{}, begun_{};
  std::string what_;  ///< of the notes whose rate is measured
  std::uint64_t first_ = 0;
};

}  // namespace store
