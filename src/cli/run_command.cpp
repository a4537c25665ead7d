// run.
#include <fmt/format.h>

#include <iostream>

#include "cli/batch_command.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/run_output.h"
#include "cli/signals.h"
#include "runs/account_refusal.h"

namespace cli {
namespace {

using base::Json;

/// An account that cannot be used refuses the run; the home keeps what is to be known of it.
int refuse(const runs::Request& request, int keep_days, const Options& options, const base::Error& why,
           std::stop_token stop) {
  runs::LocalWorld home(options.home);
  const auto listener = make_listener(home.clock, options);
  const std::string id = runs::Driver(home, *listener, std::move(stop), keep_days)
                             .refuse(request, why, runs::presumed_place(whereabouts(options)));
  return tell_outcome(home, id, options);
}

int run_one(const runs::Request& request, int keep_days, const Options& options) {
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

/// What the command line says.
struct Said {
  std::vector<std::string> paths;
  runs::Request request;
  int jobs = 0, per_source = 2, keep_days = runs::default_keep_days;
};

int run(Said said, const Options& options) {
  const bool several = said.paths.size() > 1 || said.jobs > 0 || os::fs::is_directory(said.paths[0]);
  if (several)
    return run_batch(said.paths, said.request,
                     {.jobs = static_cast<std::size_t>(std::max(said.jobs, 1)),
                      .per_source = static_cast<std::size_t>(said.per_source)},
                     said.keep_days, options);
  said.request.path = said.paths[0];
  return run_one(said.request, said.keep_days, options);
}

Body set_up_run(Arguments& arguments, const Options& options) {
  auto said = std::make_shared<Said>();
  arguments.add("FILE", said->paths, "refresh files, or folders of such").required();
  declare_request(arguments, said->request);
  arguments.add("--jobs", said->jobs, "of several files, how many are made at once (default: 1)")
      .between(1, 100);
  arguments.add("--per-source", said->per_source, "of these, how many of one source (default: 2)")
      .between(1, 100);
  arguments
      .add("--keep-days", said->keep_days,
           "runs that ended longer ago are forgotten (default: 400); the ledger keeps its rows")
      .between(1, 36'500);
  return [said, &options] { return run(*said, options); };
}

}  // namespace

std::span<const Command> run_commands() {
  static constexpr Command commands[] = {
      {"run", "refresh databases, as refresh files say", set_up_run},
  };
  return commands;
}

}  // namespace cli
