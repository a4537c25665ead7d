// A refresh file with its plan: everything that is known before a run begins.
#pragma once

#include "refresh/file.h"
#include "refresh/plan.h"
#include "runs/world.h"

namespace runs {

/// What somebody asks for.
struct Request {
  std::string path;          ///< of the refresh file
  bool keep_failed = false;  ///< if the run fails, its copy is kept, closed
};

struct Planned {
  refresh::RefreshFile file;
  refresh::Plan plan;                   ///< empty if the file is not valid
  std::vector<base::Problem> problems;  ///< of both, with lines; warnings included
  bool ok() const;
};

/// Reads a refresh file. Throws only if there is none.
refresh::RefreshFile read_refresh_file(const std::string& path);

/// Reads the world, and changes nothing.
Planned make_plan(World& world, const Request& request);

/// Of problems, for machines: `[{file, line, path, message, severity}]`.
base::Json problems_view(const std::string& path, const std::vector<base::Problem>& problems);
/// `{kind, source, target, temporary, exists, notes, steps: [{key, state, summary, runs}], problems}`.
base::Json plan_view(const std::string& path, const Planned& planned);

}  // namespace runs
