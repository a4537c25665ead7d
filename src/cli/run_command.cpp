// run, plan, validate.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "base/error.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/run_output.h"
#include "cli/signals.h"

namespace cli {
namespace {

using base::Error;
using base::Json;

int run(const runs::Request& request, const Options& options) {
  Signals signals;
  runs::World world(options.home);
  const auto listener = make_listener(world.clock, options.json, request.path);
  runs::Driver driver(world, *listener, signals.token());
  const std::string id = driver.start(request);
  if (!id.empty()) return print_outcome(runs::outcome_view(world, id), options.json);
  if (options.json)
    print_json({{"problems", runs::problems_view(request.path, make_plan(world, request).problems)}});
  return Exit::bad_input;
}

Body set_up_run(Arguments& arguments, const Options& options) {
  auto request = std::make_shared<runs::Request>();
  arguments.add("FILE", request->path, "refresh file").required();
  arguments.flag("--keep-failed", request->keep_failed,
                 "if the run fails, keep its copy, closed, as <target>-failed-<run>");
  return [request, &options] { return run(*request, options); };
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

int plan(const runs::Request& request, const Options& options) {
  runs::Planned planned{.file = runs::read_refresh_file(request.path)};
  planned.problems = planned.file.problems;
  if (planned.file.ok()) {
    runs::World world(options.home);
    planned = make_plan(world, request);
  }
  if (options.json) {
    print_json(runs::plan_view(request.path, planned));
  } else {
    if (planned.file.ok()) print_plan(runs::plan_view(request.path, planned));
    print_problems(request.path, planned.problems);
  }
  return planned.ok() ? Exit::done : Exit::bad_input;
}

Body set_up_plan(Arguments& arguments, const Options& options) {
  auto request = std::make_shared<runs::Request>();
  arguments.add("FILE", request->path, "refresh file").required();
  return [request, &options] { return plan(*request, options); };
}

std::vector<base::Problem> problems_of(const std::string& path) {
  try {
    return runs::read_refresh_file(path).problems;
  } catch (const Error& error) {
    return {{0, "$", error.message}};
  }
}

int validate(const std::vector<std::string>& paths, bool json) {
  std::size_t good = 0;
  Json all = Json::array();
  for (const auto& path : paths) {
    const auto problems = problems_of(path);
    good += std::ranges::all_of(problems, &base::Problem::warning) ? 1 : 0;
    if (json)
      for (auto& each : runs::problems_view(path, problems)) all.push_back(std::move(each));
    else
      print_problems(path, problems);
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
