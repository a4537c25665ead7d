// Runs any state machine document to its end, without tasks: `dbrefresh asl run`.
#pragma once

#include "asl/interpreter.h"

namespace app {

/// What became of an execution: `{status, output | error, cause, events}`, the answer of `dbrefresh asl run`.
/// With a virtual clock, waits take no time. A Task state fails with Dbrefresh.NoTaskHandler.
struct AslOutcome {
  std::string status;
  std::optional<asl::Json> output;  ///< when SUCCEEDED
  std::optional<std::string> error, cause;
  std::vector<std::string> events;  ///< types of the history events, in order
};

AslOutcome run_machine(const asl::Machine& machine, const asl::Json& input, base::Clock& clock, std::uint64_t seed);

asl::Json to_json(const AslOutcome& outcome);

/// A clock whose sleeps only move its hand. Not thread-safe.
class VirtualClock : public base::Clock {
 public:
  explicit VirtualClock(base::Time start) : now_(start) {}
  base::Time now() override { return now_; }
  bool sleep_until(base::Time deadline, std::stop_token) override {
    now_ = std::max(now_, deadline);
    return true;
  }

 private:
  base::Time now_;
};

}  // namespace app
