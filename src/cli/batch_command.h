// run with several files.
#pragma once

#include "cli/command.h"
#include "runs/batch.h"

namespace cli {

/// Makes all of them, and prints a line when one begins or ends, and a table in the end. `pattern` is what
/// each is asked for, but its path. Exit code: the worst of theirs (interrupted, failed, bad input, done).
int run_batch(const std::vector<std::string>& paths, const runs::Request& pattern, const runs::Limits& limits,
              int keep_days, const Options& options);

}  // namespace cli
