// Runs as executions of a state machine: looked at, followed, and put back.
#pragma once

#include <stop_token>

#include "executions/machine.h"
#include "runs/amazon_services.h"
#include "runs/driver.h"
#include "runs/view.h"

namespace executions {

/// The executions of one machine of an account. Views are as those of runs (runs/view.h, docs/json.md); a run
/// is named by its execution's name. Not thread-safe.
class Executions {
 public:
  /// `machine` is a name, "" for the usual one, or an ARN. Throws as AmazonAccount does, and AccountRefused.
  Executions(const Json& whereabouts, const std::string& machine, base::Clock& clock);

  Machine& machine() { return machine_; }
  /// As World::place().
  std::string place() const { return account_->number() + "/" + account_->region(); }
  runs::AmazonAccount& account() { return *account_; }

  /// Is there one of this name, or ARN?
  bool has(const std::string& name) { return machine_.find(name).has_value(); }
  /// The newest hundred, oldest first; fewer, as the filter says. A call or two for each.
  Json list_view(const runs::Filter& filter);
  Json status_view(const std::string& name);
  Json history_view(const std::string& name);
  Json outcome_view(const std::string& name);
  /// The states of those of this target (KIND/NAME) that had begun, newest first, of the newest hundred.
  std::vector<Json> states_of(const std::string& target);

  /// Tells what becomes of one until it has ended, or `stop` is asked for.
  void follow(const std::string& name, runs::Listener& listener, const std::stop_token& stop);

  /// Stops one that is under way and starts another one that puts back what it did, after the last call that
  /// it made can have ended; of one that has ended without putting back all, the same. The name of the new
  /// one;
  /// "" where nothing was begun that could be put back. Throws BadInput for one that has ended well, or put
  /// all back, and for none.
  std::string put_back(const std::string& name, const std::string& error, const std::string& cause);

 private:
  Json row(const Json& execution, const Json& state);
  Json state_of(const std::string& name);
  Json state_in_list(const Json& execution);
  static Json standing_of(const Json& view, const Json& state);
  Json must_find(const std::string& name);
  std::string why_not_put_back(const Json& execution, const Json& state);
  Json connection(const Json& execution, const Json& state);

  base::Clock& clock_;
  std::unique_ptr<runs::AmazonAccount> account_;
  Machine machine_;
};

/// What it was started with, an empty object where that is none.
Json input_of(const Json& execution);
/// What the nth execution is called that puts back what another one did.
std::string back_name(const std::string& name, int number);

}  // namespace executions
