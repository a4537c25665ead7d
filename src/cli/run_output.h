// What run, plan, resume, retry and cancel share: what they are asked for, and what they print of a run.
#pragma once

#include <memory>

#include "cli/command.h"
#include "runs/driver.h"
#include "runs/view.h"

namespace cli {

/// Why a refresh may be made unmasked.
void declare_unmasked(Arguments& arguments, std::string& reason);
/// The same, and what becomes of a failed copy. `request` as for Arguments.
void declare_request(Arguments& arguments, runs::Request& request);

/// One that shows progress, or, with --json, a silent one.
std::unique_ptr<runs::Listener> make_listener(base::Clock& clock, const Options& options);

/// Prints an outcome_view; the exit code that it stands for.
int print_outcome(const base::Json& outcome, const Options& options);
int exit_of(const base::Json& outcome);
/// Prints what became of a run, and sends the world's notices; the exit code. Throws BadInput where nothing
/// is to be looked up: on a full disk a refused one leaves no trace, and its problems were printed.
int tell_outcome(runs::World& world, const std::string& id, const Options& options);

}  // namespace cli
