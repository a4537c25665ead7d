// A state machine document, parsed and checked.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace asl {

using base::Json;

enum class Type { task, pass, wait, choice, succeed, fail, parallel, map };

std::string_view to_string(Type type);  ///< "Task", "Pass", …

struct Retrier {
  std::vector<std::string> errors;
  double interval_seconds = 1;
  int max_attempts = 3;
  double backoff_rate = 2;
  double max_delay_seconds = 0;  ///< 0: no limit
  bool full_jitter = false;
};

struct Catcher {
  std::vector<std::string> errors;
  std::string next;
  Json definition;  ///< for ResultPath and Assign
};

struct Machine;

/// One state. What is common to all types is parsed; the rest stays in `definition`.
struct State {
  std::string name;
  Type type = Type::pass;
  std::string next;  ///< "" if it ends the machine
  Json definition;
  std::vector<Retrier> retriers;
  std::vector<Catcher> catchers;
  bool uses_context = false;      ///< some path of it begins with $$
  std::vector<Machine> branches;  ///< Parallel: its branches; Map: its one item processor
};

/// A machine or sub-machine. Immutable once parsed; executions refer to states by name.
struct Machine {
  std::string start_at;
  std::map<std::string, State, std::less<>> states;
  double timeout_seconds = 0;  ///< 0: none

  /// Throws base::Error{"InvalidDefinition"} if there is none: an execution of another document.
  const State& state(std::string_view name) const;
};

/// Every problem of a document (specification, and what AWS refuses to create), with lines. Empty: it can be
/// parsed.
std::vector<base::Problem> lint(const base::LocatedJson& document);

/// Parses a document. Throws base::Error{"InvalidDefinition"} listing what lint() finds.
Machine parse_machine(const base::LocatedJson& document);
Machine parse_machine(const Json& document);

}  // namespace asl
