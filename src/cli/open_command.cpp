// resume, retry, cancel: what is done with a run that is open, or has failed.
#include <fmt/format.h>

#include <iostream>

#include "base/error.h"
#include "cli/command.h"
#include "cli/execution_output.h"
#include "cli/output.h"
#include "cli/run_output.h"
#include "cli/signals.h"
#include "runs/housekeeping.h"
#include "runs/left.h"
#include "runs/retry.h"

namespace cli {
namespace {

using base::Error;
using base::Json;

/// A world, and somebody who drives its runs.
struct Opened {
  Opened(const Json& whereabouts, const Options& options)
      : world(runs::open_world(options.home, whereabouts)),
        listener(make_listener(world->clock, options)),
        driver(*world, *listener, signals.token()) {}

  Signals signals;  // first: all threads that come later block what it listens for
  std::unique_ptr<runs::World> world;
  std::unique_ptr<runs::Listener> listener;
  runs::Driver driver;
};

/// The world that a run was begun in.
Json world_of(const std::string& run, const Options& options) {
  runs::Books books(options.home);
  return runs::whereabouts_of(must_find_run(books, run));
}

/// All that was there before the run is there again.
bool is_put_back(const Json& outcome) {
  return outcome["error"] == "RefreshCancelled" && outcome["notPutBack"].is_null() &&
         !outcome["results"].value("roll_back", Json::object()).contains("state");
}

/// What an execution did that was stopped, or could not put all back, is put back by another one.
int put_back(const std::string& name, const char* why, bool wait, const Options& options) {
  Followed followed(options);
  const auto back = followed.executions.put_back(name, "RefreshCancelled", why);
  if (back.empty()) {
    const Json outcome = followed.executions.outcome_view(name);
    if (options.json)
      print_json(outcome);
    else
      std::cout << fmt::format("stopped: run {}: nothing was begun, and nothing was changed\n", name);
    return Exit::done;
  }
  if (!options.json) std::cout << fmt::format("run {} is put back by execution {}\n", name, back);
  if (wait) followed.executions.follow(back, *followed.listener, followed.signals.token());
  const Json outcome = followed.executions.outcome_view(back);
  if (options.json || (wait && outcome["status"] != "FAILED")) return print_outcome(outcome, options);
  if (!wait) return Exit::done;
  std::cout << fmt::format("state: {}\n", outcome["state"].get<std::string>());
  return is_put_back(outcome) ? Exit::done : Exit::failed;
}

int resume(const std::string& id, const Options& options) {
  if (is_execution(id, options))
    return put_back(id, "the execution ended, and had not put all back", true, options);
  Opened opened(world_of(id, options), options);
  const auto row = must_find_run(*opened.world, id);
  if (runs::can_be_taken_up(*opened.world, row))
    opened.driver.resume(id);
  else if (!options.json)
    std::cout << fmt::format("run {} has ended: {}\n", id, row.status);
  return tell_outcome(*opened.world, id, options);
}

/// The exit code is that of the worst: interrupted, failed, done.
int resume_all(const Options& options) {
  Json outcomes = Json::array();
  int code = Exit::done;
  for (const Json& whereabouts : runs::open_worlds(options.home)) {
    Opened opened(whereabouts, options);
    for (const auto& id : opened.driver.resume_all()) {
      outcomes.push_back(runs::outcome_view(*opened.world, id));
      code =
          std::max(code, options.json ? exit_of(outcomes.back()) : print_outcome(outcomes.back(), options));
    }
    runs::send_notices(*opened.world);
  }
  if (options.json) print_json(with_home(outcomes, options));
  return code;
}

Body set_up_resume(Arguments& arguments, const Options& options) {
  struct Args {
    std::string run;
    bool all = false;
  };
  auto args = std::make_shared<Args>();
  const auto run = arguments.add("RUN", args->run, "run to take up again");
  arguments.flag("--all", args->all, "every run that lost its process, as after a reboot").excludes(run);
  return [args, &options] {
    if (args->all) return resume_all(options);
    if (args->run.empty()) throw Error("BadInput", "resume needs a RUN or --all");
    return resume(args->run, options);
  };
}

int retry(const runs::RetryAsked& asked, const Options& options) {
  if (is_execution(asked.run, options))
    throw Error("BadInput", fmt::format("'{}' is an execution: retry is for runs of this home", asked.run),
                "dbrefresh launch begins another one");
  Opened opened(world_of(asked.run, options), options);
  const std::string id = opened.driver.start(runs::retry_request(*opened.world, asked));
  return tell_outcome(*opened.world, id, options);
}

Body set_up_retry(Arguments& arguments, const Options& options) {
  auto asked = std::make_shared<runs::RetryAsked>();
  arguments.add("RUN", asked->run, "failed run that kept its copy (--keep-failed)").required();
  arguments.add("--from", asked->from,
                "step from which on all is done anew, as runscripts; without it, it goes on where the run "
                "failed, and no statement runs again");
  arguments.add("--file", asked->path, "refresh file; without it, the one of the run, as it is now");
  declare_unmasked(arguments, asked->unmasked);
  return [asked, &options] { return retry(*asked, options); };
}

struct CancelArgs {
  std::string run;
  bool no_wait = false;
};

Error has_ended(runs::World& world, const store::ExecutionRow& row) {
  const Json outcome = runs::outcome_view(world, row.id);
  if (outcome["notPutBack"].is_null())
    return {"BadInput", fmt::format("run {} has ended: {}", row.id, row.status)};
  return {"BadInput",
          fmt::format("run {} has ended: {}, and is not put back: {}", row.id, row.status,
                      outcome["notPutBack"].get<std::string>()),
          "mend that, and: dbrefresh resume " + row.id};
}

/// Put back is what was asked for: no failure.
int cancel(const CancelArgs& args, const Options& options) {
  if (is_execution(args.run, options)) return put_back(args.run, "dbrefresh cancel", !args.no_wait, options);
  Opened opened(world_of(args.run, options), options);
  const auto row = must_find_run(*opened.world, args.run);
  if (row.status != "RUNNING") throw has_ended(*opened.world, row);
  opened.driver.cancel(args.run, !args.no_wait);
  const Json outcome = runs::outcome_view(*opened.world, args.run);
  if (args.no_wait && outcome["status"] == "RUNNING") {
    if (options.json)
      print_json(with_home(outcome, options));
    else
      std::cout << fmt::format("run {} is told to stop and to roll back\n", args.run);
    return Exit::done;
  }
  if (!is_put_back(outcome)) {
    if (outcome["status"] == "SUCCEEDED" && !options.json)
      std::cout << "too late to cancel: the old database was being removed\n";
    return std::max<int>(print_outcome(outcome, options), Exit::failed);
  }
  if (options.json)
    print_json(with_home(outcome, options));
  else
    std::cout << fmt::format("cancelled: run {}\nstate: {}\n", args.run, outcome["state"].get<std::string>());
  return Exit::done;
}

Body set_up_cancel(Arguments& arguments, const Options& options) {
  auto args = std::make_shared<CancelArgs>();
  arguments.add("RUN", args->run, "run to cancel: it is rolled back").required();
  arguments.flag("--no-wait", args->no_wait, "return once it is told, if another process drives it");
  return [args, &options] { return cancel(*args, options); };
}

}  // namespace

std::span<const Command> open_commands() {
  static constexpr Command commands[] = {
      {"resume", "take up a run that was interrupted, or could not be rolled back", set_up_resume},
      {"retry", "go on with the copy that a failed run has kept", set_up_retry},
      {"cancel", "stop a run and put everything back", set_up_cancel},
  };
  return commands;
}

}  // namespace cli
