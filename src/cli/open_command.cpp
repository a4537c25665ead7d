// resume, cancel: what is done with a run that is open.
#include <fmt/format.h>

#include <iostream>

#include "base/error.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/run_output.h"
#include "cli/signals.h"

namespace cli {
namespace {

using base::Error;

int resume(const std::string& id, const Options& options) {
  Signals signals;
  runs::World world(options.home);
  const auto listener = make_listener(world.clock, options.json);
  const auto row = must_find_run(world, id);
  if (row.status == "RUNNING")
    runs::Driver(world, *listener, signals.token()).resume(id);
  else if (!options.json)
    std::cout << fmt::format("run {} has ended: {}\n", id, row.status);
  return print_outcome(runs::outcome_view(world, id), options.json);
}

Body set_up_resume(Arguments& arguments, const Options& options) {
  auto id = std::make_shared<std::string>();
  arguments.add("RUN", *id, "run to take up again").required();
  return [id, &options] { return resume(*id, options); };
}

int cancel(const std::string& id, const Options& options) {
  Signals signals;
  runs::World world(options.home);
  const auto listener = make_listener(world.clock, options.json);
  const auto row = must_find_run(world, id);
  if (row.status != "RUNNING") throw Error("BadInput", fmt::format("run {} has ended: {}", id, row.status));
  if (!runs::Driver(world, *listener, signals.token()).cancel(id)) {
    std::cout << fmt::format("run {} is told to stop and to roll back\n", id);
    return Exit::done;
  }
  const int code = print_outcome(runs::outcome_view(world, id), options.json);
  return code == Exit::failed ? static_cast<int>(Exit::done) : code;
}

Body set_up_cancel(Arguments& arguments, const Options& options) {
  auto id = std::make_shared<std::string>();
  arguments.add("RUN", *id, "run to cancel: it is rolled back").required();
  return [id, &options] { return cancel(*id, options); };
}

}  // namespace

std::span<const Command> open_commands() {
  static constexpr Command commands[] = {
      {"resume", "take up a run that was interrupted", set_up_resume},
      {"cancel", "stop a run and put everything back", set_up_cancel},
  };
  return commands;
}

}  // namespace cli
