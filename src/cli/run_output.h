// What run, resume and cancel print of a run.
#pragma once

#include <memory>

#include "runs/driver.h"
#include "runs/view.h"

namespace cli {

/// One that shows progress, or, with --json, a silent one.
std::unique_ptr<runs::Listener> make_listener(base::Clock& clock, bool json);

/// Prints an outcome_view; the exit code that it stands for.
int print_outcome(const base::Json& outcome, bool json);
int exit_of(const base::Json& outcome);

}  // namespace cli
