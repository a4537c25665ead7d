// Runs any state machine document to its end, without tasks: `dbrefresh asl run`.
#pragma once

#include "asl/interpreter.h"

namespace runs {

/// What became of an execution: `{status, output | error, cause, events}`, the answer of `dbrefresh asl run`.
/// With a virtual clock, waits take no time. A Task state fails with Dbrefresh.NoTaskHandler.
struct AslOutcome {
  std::string status;
  std::optional<asl::Json> output;  ///< when SUCCEEDED
  std::optional<std::string> error, cause;
  std::vector<std::string> events;  ///< types of the history events, in order
};

AslOutcome run_machine(const asl::Machine& machine, const asl::Json& input, base::Clock& clock,
                       std::uint64_t seed);

asl::Json to_json(const AslOutcome& outcome);

}  // namespace runs
