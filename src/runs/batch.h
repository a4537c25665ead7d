// Several refreshes, some of them at once.
#pragma once

#include <functional>
#include <stop_token>

#include "runs/plan.h"

namespace runs {

struct Limits {
  std::size_t jobs = 1;        ///< at once
  std::size_t per_source = 2;  ///< of these, copies of one source
};

/// Refresh files by their paths, folders taken apart: those in a folder itself whose names end in .json,
/// .yaml or .yml, but defaults.yaml and hidden ones. Throws FileNotFound for what is not there, and BadInput
/// for a folder without any.
std::vector<std::string> refresh_files(const std::vector<std::string>& paths);

/// What is wrong with files as a set: two of one target; members of a group that do not show one point in
/// time, or of which one is not valid. By the path of the file.
std::map<std::string, std::vector<base::Problem>> problems_of_set(const std::vector<Planned>& files);

/// Calls `make` with the place of each of `sources` in the list, on threads of its own: in their order, as
/// far as the limits let. Returns when all have returned; when `stop` is asked for, no more are begun. `make`
/// must not throw.
void make_all(const std::vector<std::string>& sources, const Limits& limits, const std::stop_token& stop,
              const std::function<void(std::size_t)>& make);

}  // namespace runs
