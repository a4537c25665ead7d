// run, validate.
#include <fmt/format.h>

#include <iostream>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/run_output.h"
#include "cli/signals.h"
#include "runs/account_refusal.h"
#include "runs/housekeeping.h"

namespace cli {
namespace {

using base::Json;

/// What became of a run. On a full disk a refused one leaves nothing to be looked up: its problems were
/// printed.
int tell_outcome(runs::World& world, const std::string& id, const Options& options) {
  if (!world.journal.find(id))
    throw base::Error("BadInput", fmt::format("run {} was refused, and no trace of it could be kept", id),
                      "what was wrong with it, and with keeping it, is said above");
  const int code = print_outcome(runs::outcome_view(world, id), options);
  runs::send_notices(world);
  return code;
}

/// An account that cannot be used refuses the run; the home keeps what is to be known of it.
int refuse(const runs::Request& request, int keep_days, const Options& options, const base::Error& why,
           std::stop_token stop) {
  runs::LocalWorld home(options.home);
  const auto listener = make_listener(home.clock, options);
  const std::string id = runs::Driver(home, *listener, std::move(stop), keep_days).refuse(request, why);
  return tell_outcome(home, id, options);
}

int run(const runs::Request& request, int keep_days, const Options& options) {
  Signals signals;
  std::unique_ptr<runs::World> world;
  try {
    world = runs::open_world(options.home, whereabouts(options));
  } catch (const base::Error& error) {
    if (error.code != runs::account_refused) throw;
    return refuse(request, keep_days, options, error, signals.token());
  }
  const auto listener = make_listener(world->clock, options);
  const std::string id = runs::Driver(*world, *listener, signals.token(), keep_days).start(request);
  return tell_outcome(*world, id, options);
}

Body set_up_run(Arguments& arguments, const Options& options) {
  auto request = std::make_shared<runs::Request>();
  auto keep_days = std::make_shared<int>(runs::default_keep_days);
  declare_request(arguments, *request);
  arguments
      .add("--keep-days", *keep_days,
           "runs that ended longer ago are forgotten (default: 400); the ledger keeps its rows")
      .between(1, 36'500);
  arguments.flag("--keep-failed", request->keep_failed,
                 "if the run fails, keep its copy, closed, as <target>-failed-<run>");
  return [request, keep_days, &options] { return run(*request, *keep_days, options); };
}

int validate(const std::vector<std::string>& paths, const Options& options) {
  std::size_t good = 0;
  Json all = Json::array();
  for (const auto& path : paths) {
    const auto file = runs::read_refresh_file(path);
    good += file.ok() ? 1 : 0;
    for (auto& each : runs::problems_view(path, file.problems)) all.push_back(std::move(each));
    if (!options.json) print_problems(path, file.problems, options);
  }
  if (options.json)
    print_json({{"valid", good}, {"files", paths.size()}, {"problems", all}});
  else
    std::cout << fmt::format("{} of {} refresh files are valid\n", good, paths.size());
  return good == paths.size() ? Exit::done : Exit::bad_input;
}

Body set_up_validate(Arguments& arguments, const Options& options) {
  auto paths = std::make_shared<std::vector<std::string>>();
  arguments.add("FILE", *paths, "refresh files").required();
  return [paths, &options] { return validate(*paths, options); };
}

}  // namespace

std::span<const Command> run_commands() {
  static constexpr Command commands[] = {
      {"run", "refresh a database, as a refresh file says", set_up_run},
      {"validate", "check refresh files alone", set_up_validate},
  };
  return commands;
}

}  // namespace cli
