#include "cli/execution_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "base/error.h"
#include "cli/command.h"

namespace cli {

Followed::Followed(const Options& options)
    : executions(whereabouts(options), options.state_machine, clock),
      listener(make_listener(clock, options)) {}

int follow(Followed& followed, const std::string& name, const Options& options) {
  followed.executions.follow(name, *followed.listener, followed.signals.token());
  const auto outcome = followed.executions.outcome_view(name);
  if (outcome["status"] != "RUNNING") return print_outcome(outcome, options);
  std::cerr << fmt::format("run {} goes on by itself\nhint: dbrefresh --provider aws status {}\n", name,
                           name);
  return Exit::interrupted;
}

base::Json executions_and_runs(executions::Executions& executions, const runs::Filter& filter,
                               const Options& options) {
  base::Json all = executions.list_view(filter);
  const auto place = executions.place() + "/";
  try {
    runs::Books books(options.home);
    for (const base::Json& each : runs::list_view(books, filter))
      if (each["target"].is_string() && each["target"].get<std::string>().starts_with(place))
        all.push_back(each);
  } catch (const base::Error& error) {
    if (error.code != "NotAHome") throw;  // nothing was ever begun from here
  }
  std::ranges::stable_sort(all.get_ref<base::Json::array_t&>(), {},
                           [](const base::Json& each) { return each["created"].get<std::string>(); });
  return all;
}

bool is_execution(const std::string& run, const Options& options) {
  if (options.provider != "aws") return false;
  try {
    if (runs::Books(options.home).journal.find(run)) return false;
  } catch (const base::Error&) {
    // No home: then it is no run of one.
  }
  return true;
}

}  // namespace cli
