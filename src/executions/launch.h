// A refresh begun as an execution of Step Functions, as the original's launcher did.
#pragma once

#include "executions/executions.h"
#include "refresh/launch.h"
#include "runs/plan.h"

namespace executions {

/// What the original's launcher was told, and where it found the file:
/// db-json/REGION/db-APPLICATION-TARGET.json; or a short one there, .yaml.
struct Order {
  std::string target, application, region;
  std::string folder = ".";  ///< that has db-json
  refresh::Launch launch;    ///< without its run
};

/// The file of an order, which is there or not.
std::string file_of(const Order& order);
/// The file read and checked; a problem where it is of another target, or has scripts that no function
/// reaches.
runs::Planned read(const Order& order, base::Time now);

/// What an execution is started with: the file without its passwords.
Json input_of(const runs::Planned& planned, const refresh::Launch& launch);

/// Warnings of scripts that took longer in earlier runs than a function has: executions, and runs of the home
/// (`root`), if it is one.
std::vector<base::Problem> long_scripts(Executions& executions, const std::string& root,
                                        const runs::Planned& planned);

/// Keeps the file's passwords in the account for the run, and starts it. The name of the execution is the
/// run's. Where that fails the passwords are removed again.
void begin(Executions& executions, const runs::Planned& planned, const refresh::Launch& launch);

}  // namespace executions
