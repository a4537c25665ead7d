// What run, resume and cancel print of a run.
#pragma once

#include <memory>

#include "runs/driver.h"
#include "runs/view.h"

namespace cli {

/// One that shows progress, or, with --json, a silent one. `file` is what problems of a plan are located in.
std::unique_ptr<runs::Listener> make_listener(base::Clock& clock, bool json, const std::string& file = {});

/// Prints an outcome_view; the exit code that it stands for.
int print_outcome(const base::Json& outcome, bool json);

}  // namespace cli
