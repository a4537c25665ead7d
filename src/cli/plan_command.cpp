// plan.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "base/error.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/run_output.h"
#include "runs/estimate.h"
#include "runs/extra.h"
#include "runs/rehearsal.h"

namespace cli {
namespace {

using base::Json;

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

/// `2 db.t4g.medium`, `20 GiB of gp3`, `20 GiB of snapshots`.
std::string item_text(const Json& item) {
  const auto kind = item["kind"].get<std::string>();
  const auto name = item["name"].is_null() ? "snapshots" : item["name"].get<std::string>();
  const auto quantity =
      item["quantity"].is_null() ? "an unknown number" : fmt::format("{:g}", item["quantity"].get<double>());
  return quantity + (kind == "instance" ? " " : " GiB of ") + name;
}

void print_extra(const Json& extra) {
  if (extra.is_null()) return;
  std::vector<std::string> items, without;
  for (const Json& each : extra["items"]) {
    items.push_back(item_text(each));
    if (each["perHour"].is_null()) without.push_back(items.back());
  }
  const bool known = !extra["hours"].is_null();
  std::cout << fmt::format("  while both databases exist{}: {} more\n",
                           known ? ", " + seconds_text(extra["hours"].get<double>() * 3600) : "",
                           fmt::join(items, ", "));
  if (extra["currency"].is_null()) return;
  const auto currency = extra["currency"].get<std::string>();
  if (!without.empty())
    std::cout << fmt::format("  costs: not known, no price for {}\n", fmt::join(without, ", "));
  else
    std::cout << fmt::format(
        "  costs: {:.4f} {} an hour{}\n", extra["perHour"].get<double>(), currency,
        known ? fmt::format(", about {:.4f} {}", extra["cost"].get<double>(), currency) : "");
}

/// `1 problem`, `2 problems`.
std::string counted(std::ptrdiff_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

void print_verdict(const std::vector<base::Problem>& problems) {
  const auto warnings = std::ranges::count(problems, true, &base::Problem::warning);
  const auto errors = static_cast<std::ptrdiff_t>(problems.size()) - warnings;
  std::cout << fmt::format(
      "{}{}; nothing was changed\n",
      errors == 0 ? "a run can begin" : fmt::format("a run would be refused: {}", counted(errors, "problem")),
      warnings == 0 ? "" : ", " + counted(warnings, "warning"));
}

std::optional<runs::Prices> prices_of(const std::string& path, const Options& options) {
  if (path.empty()) return std::nullopt;
  if (options.provider != "aws") throw base::Error("BadInput", "--prices is for --provider aws");
  return runs::read_prices(path);
}

int plan(const runs::Request& request, const std::string& prices_path, const Options& options) {
  const auto prices = prices_of(prices_path, options);
  auto planned = runs::read_refresh_file(request.path, base::SystemClock().now());
  if (planned.ok()) {
    const auto world =
        runs::open_world(options.home, whereabouts(options), provider::local::Opening::to_look);
    planned = make_plan(*world, request);
    planned.estimate = runs::estimate(*world, planned.file.names);
    if (planned.ok()) planned.rehearsed = runs::rehearse(*world, planned);
    if (planned.ok())
      std::ranges::copy(world->missing_permissions(planned.file), std::back_inserter(planned.problems));
    planned.extra = runs::extra(*world, planned, prices);
  }
  const Json view = with_home(runs::plan_view(planned), options);
  if (options.json) {
    print_json(view);
  } else {
    if (!view["target"].is_null()) {
      print_plan(view);
      print_calls(view);
      print_estimate(view["estimate"], !view["exists"].is_null());
      print_extra(view["extra"]);
    }
    print_problems(request.path, planned.problems, options);
    print_verdict(planned.problems);
  }
  return planned.ok() ? Exit::done : Exit::bad_input;
}

Body set_up_plan(Arguments& arguments, const Options& options) {
  auto request = std::make_shared<runs::Request>();
  auto prices = std::make_shared<std::string>();
  arguments.add("FILE", request->path, "refresh file").required();
  declare_request(arguments, *request);
  arguments.add("--prices", *prices, "aws: file with prices, for what a refresh costs (docs/aws.md)");
  return [request, prices, &options] { return plan(*request, *prices, options); };
}

}  // namespace

std::span<const Command> plan_commands() {
  static constexpr Command commands[] = {
      {"plan", "show what a refresh would do, and every problem; changes nothing", set_up_plan},
  };
  return commands;
}

}  // namespace cli
