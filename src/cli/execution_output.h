// Runs that are executions of Step Functions, for the commands that show and end runs of both kinds.
#pragma once

#include "cli/run_output.h"
#include "cli/signals.h"
#include "executions/executions.h"

namespace cli {

/// The executions of the account that the command line names, and whoever is shown how they go.
struct Followed {
  explicit Followed(const Options& options);

  Signals signals;  // first: all threads that come later block what it listens for
  base::SystemClock clock;
  executions::Executions executions;
  std::unique_ptr<runs::Listener> listener;
};

/// Shows how one goes until it has ended, and what came of it; the exit code. It goes on when nobody looks.
int follow(Followed& followed, const std::string& name, const Options& options);

/// The executions, and the runs of the home that are of an account, oldest first. What cannot be asked for is
/// said on standard error.
base::Json executions_and_runs(const runs::Filter& filter, const Options& options);

/// Is this a run of the account, and of no home? Asks the account only where the command line says so.
bool is_execution(const std::string& run, const Options& options);

}  // namespace cli
