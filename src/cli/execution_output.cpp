#include "cli/execution_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "aws/refusal.h"
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

namespace {

/// Those of the home that are of an account (ACCOUNT/REGION/KIND/NAME). No home: nothing was ever begun from
/// here.
base::Json runs_of_home(const runs::Filter& filter, const Options& options) {
  base::Json all = base::Json::array();
  try {
    runs::Books books(options.home);
    for (const base::Json& each : runs::list_view(books, filter))
      if (each["target"].is_string() && std::ranges::count(each["target"].get<std::string>(), '/') == 3)
        all.push_back(each);
  } catch (const base::Error& error) {
    if (error.code != "NotAHome") throw;
  }
  return all;
}

}  // namespace

base::Json executions_and_runs(const runs::Filter& filter, const Options& options) {
  base::Json all = runs_of_home(filter, options);
  try {
    for (auto& each : Followed(options).executions.list_view(filter)) all.push_back(std::move(each));
  } catch (const base::Error& error) {
    // Whoever runs refreshes from a host may have no right to look at those of Step Functions; and where the
    // account cannot be asked, what the home knows is wanted all the more.
    if (all.empty() && aws::class_of(error.code, 0, "") != aws::Class::permission) throw;
    std::cerr << "executions of Step Functions are not listed: " << error.message << "\n";
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
