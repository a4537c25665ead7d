// run, plan, validate.
#include <fmt/format.h>

#include <iostream>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/run_output.h"
#include "cli/signals.h"
#include "runs/account_refusal.h"
#include "runs/estimate.h"
#include "runs/rehearsal.h"

namespace cli {
namespace {

using base::Json;

/// An account that cannot be used refuses the run; the home keeps what is to be known of it.
int refuse(const runs::Request& request, int keep_days, const Options& options, const base::Error& why,
           std::stop_token stop) {
  runs::LocalWorld home(options.home);
  const auto listener = make_listener(home.clock, options.json);
  const std::string id = runs::Driver(home, *listener, std::move(stop), keep_days).refuse(request, why);
  return print_outcome(runs::outcome_view(home, id), options.json);
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
  const auto listener = make_listener(world->clock, options.json);
  const std::string id = runs::Driver(*world, *listener, signals.token(), keep_days).start(request);
  return print_outcome(runs::outcome_view(*world, id), options.json);
}

void declare_request(Arguments& arguments, runs::Request& request) {
  arguments.add("FILE", request.path, "refresh file").required();
  arguments.add("--unmasked", request.unmasked,
                "why a refresh that masks nothing is made all the same; ledger, message and list say so");
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

/// What a plan says, for people.
void print_plan(const Json& plan) {
  const auto target = plan["target"].get<std::string>();
  std::cout << fmt::format("{} {} -> {}, made as {}\n", plan["kind"].get<std::string>(),
                           plan["source"].get<std::string>(), target, plan["temporary"].get<std::string>());
  if (plan["exists"].is_null())
    std::cout << fmt::format("  {} does not exist yet\n", target);
  else
    std::cout << fmt::format("  {} exists ({}) and keeps its name until the new one is proven\n", target,
                             plan["exists"].get<std::string>());
  for (const Json& note : plan["notes"]) std::cout << "  note: " << note.get<std::string>() << "\n";
  int number = 0;
  for (const Json& step : plan["steps"]) {
    const bool runs = step["runs"];
    std::cout << fmt::format("  {:>3}  {:<22} {}\n", runs ? fmt::format("{}.", ++number) : "-",
                             step["state"].get<std::string>(),
                             runs ? step["summary"].get<std::string>() : "left out");
  }
}

/// A text as it is, where it is one word.
std::string argument(const Json& value) {
  const bool word =
      value.is_string() && value.get<std::string>().find_first_of(" \"\n\t") == std::string::npos;
  return word ? value.get<std::string>() : base::dump_valid(value);
}

void print_calls(const Json& plan) {
  if (plan["calls"].is_null()) return;
  std::cout << fmt::format("  what a run would ask of the account ({} stands for the end of its id):\n",
                           runs::rehearsed_run_end);
  for (const Json& call : plan["calls"]) {
    std::cout << fmt::format("    {} {} ", call["service"].get<std::string>(),
                             call["operation"].get<std::string>());
    for (const auto& [name, value] : call["input"].items())
      std::cout << fmt::format(" {}={}", name, argument(value));
    std::cout << "\n";
  }
  for (const Json& gap : plan["gaps"])
    std::cout << fmt::format("  could not be rehearsed: {}\n", gap.get<std::string>());
}

std::string known(const Json& seconds) {
  return seconds.is_null() ? "not known yet" : "about " + seconds_text(seconds);
}

void print_estimate(const Json& estimate, bool replaces) {
  if (estimate.is_null()) return;
  std::cout << fmt::format("  takes: {} ({} runs before)\n", known(estimate["seconds"]),
                           estimate["runs"].dump());
  if (replaces)
    std::cout << fmt::format("  nothing serves from {} to {}: {}\n",
                             estimate["downtimeFrom"].get<std::string>(),
                             estimate["downtimeTo"].get<std::string>(), known(estimate["downtimeSeconds"]));
}

int plan(const runs::Request& request, const Options& options) {
  auto planned = runs::read_refresh_file(request.path);
  if (planned.ok()) {
    const auto world =
        runs::open_world(options.home, whereabouts(options), provider::local::Opening::to_look);
    planned = make_plan(*world, request);
    planned.estimate = runs::estimate(*world, planned.file.names);
    if (planned.ok()) planned.rehearsed = runs::rehearse(*world, planned);
  }
  const Json view = runs::plan_view(planned);
  if (options.json) {
    print_json(view);
  } else {
    if (!view["target"].is_null()) {
      print_plan(view);
      print_calls(view);
      print_estimate(view["estimate"], !view["exists"].is_null());
    }
    print_problems(request.path, planned.problems);
  }
  return planned.ok() ? Exit::done : Exit::bad_input;
}

Body set_up_plan(Arguments& arguments, const Options& options) {
  auto request = std::make_shared<runs::Request>();
  declare_request(arguments, *request);
  return [request, &options] { return plan(*request, options); };
}

int validate(const std::vector<std::string>& paths, bool json) {
  std::size_t good = 0;
  Json all = Json::array();
  for (const auto& path : paths) {
    const auto file = runs::read_refresh_file(path);
    good += file.ok() ? 1 : 0;
    for (auto& each : runs::problems_view(path, file.problems)) all.push_back(std::move(each));
    if (!json) print_problems(path, file.problems);
  }
  if (json)
    print_json({{"valid", good}, {"files", paths.size()}, {"problems", all}});
  else
    std::cout << fmt::format("{} of {} refresh files are valid\n", good, paths.size());
  return good == paths.size() ? Exit::done : Exit::bad_input;
}

Body set_up_validate(Arguments& arguments, const Options& options) {
  auto paths = std::make_shared<std::vector<std::string>>();
  arguments.add("FILE", *paths, "refresh files").required();
  return [paths, &options] { return validate(*paths, options.json); };
}

}  // namespace

std::span<const Command> run_commands() {
  static constexpr Command commands[] = {
      {"run", "refresh a database, as a refresh file says", set_up_run},
      {"plan", "show what a refresh would do, and every problem; changes nothing", set_up_plan},
      {"validate", "check refresh files alone", set_up_validate},
  };
  return commands;
}

}  // namespace cli
