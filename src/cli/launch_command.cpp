// launch.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "base/error.h"
#include "cli/command.h"
#include "cli/execution_output.h"
#include "cli/output.h"
#include "executions/launch.h"
#include "refresh/lookup.h"

namespace cli {
namespace {

using base::Json;

struct LaunchArgs {
  executions::Order order;
  std::string machine;
  bool wait = false, dry_run = false;
};

/// What would be done, with the input as it would be sent.
int show(const LaunchArgs& args, const runs::Planned& planned, const refresh::Launch& launch,
         const Options& options) {
  const Json input = executions::input_of(planned, launch);
  Json passwords = Json::array();
  for (const auto& [name, value] : planned.file.secrets) passwords.push_back(name);
  if (options.json) {
    print_json({{"file", planned.path},
                {"stateMachine", args.machine},
                {"run", launch.run},
                {"secret", passwords.empty() ? Json() : Json(refresh::run_secret_name(launch.run))},
                {"passwords", passwords},
                {"input", input},
                {"problems", runs::problems_view(planned.path, planned.problems)}});
    return Exit::done;
  }
  if (!passwords.empty())
    std::cout << fmt::format("secretsmanager CreateSecret {}: {}\n", refresh::run_secret_name(launch.run),
                             passwords.dump());
  std::cout << fmt::format("stepfunctions StartExecution {} of {}:\n{}\n", launch.run, args.machine,
                           input.dump(2));
  return Exit::done;
}

/// What earlier runs say of how long it takes; where nobody may be asked, nothing is known.
void look_back(const Options& chosen, runs::Planned& planned) {
  base::SystemClock clock;
  try {
    executions::Executions executions(whereabouts(chosen), chosen.state_machine, clock);
    std::ranges::copy(executions::long_scripts(executions, chosen.home, planned),
                      std::back_inserter(planned.problems));
  } catch (const base::Error& error) {
    std::cerr << "note: how long the scripts took before is not known: " << error.message << "\n";
  }
}

int launch(const LaunchArgs& args, const Options& options) {
  base::SystemClock clock;
  auto planned = executions::read(args.order, clock.now());
  auto chosen = options;
  chosen.provider = "aws";
  chosen.region = args.order.region;
  chosen.state_machine = args.machine;
  if (args.dry_run && planned.ok()) look_back(chosen, planned);
  if (!planned.ok() || !options.json) print_problems(planned.path, planned.problems, options);
  if (!planned.ok()) {
    if (options.json)
      print_json({{"error", "BadInput"}, {"problems", runs::problems_view(planned.path, planned.problems)}});
    return Exit::bad_input;
  }
  auto launch = args.order.launch;
  launch.run = runs::new_run_id(clock);
  if (args.dry_run) return show(args, planned, launch, options);
  Followed followed(chosen);
  executions::begin(followed.executions, planned, launch);
  if (args.wait) return follow(followed, launch.run, chosen);
  if (options.json)
    print_json(followed.executions.outcome_view(launch.run));
  else
    std::cout << fmt::format(
        "begun: run {}: {} -> {}\nhint: dbrefresh --provider aws --region {} status {}\n", launch.run,
        planned.file.names.source, planned.file.names.target, args.order.region, launch.run);
  return Exit::done;
}

Body set_up_launch(Arguments& arguments, const Options& options) {
  auto args = std::make_shared<LaunchArgs>();
  arguments.add("TARGET", args->order.target, "database to be refreshed").required();
  arguments.add("APPLICATION", args->order.application, "application that it belongs to").required();
  arguments.add("STATE_MACHINE_ARN", args->machine, "state machine: output StateMachineArn of the stack")
      .required();
  arguments.add("REGION", args->order.region, "Region").required();
  arguments.add("--folder", args->order.folder,
                "where db-json/REGION/db-APPLICATION-TARGET.json is (default: here)");
  arguments.add("--unmasked", args->order.launch.unmasked,
                "why a refresh that masks nothing is made all the same, if the stack allows it");
  arguments.flag("--keep-failed", args->order.launch.keep_failed,
                 "if the run fails, keep its copy, closed, as <target>-failed-<run>");
  arguments.flag("--wait", args->wait, "show how it goes until it has ended; exit codes as run");
  arguments.flag("--dry-run", args->dry_run, "show what would be sent, and send nothing");
  return [args, &options] { return launch(*args, options); };
}

}  // namespace

std::span<const Command> launch_commands() {
  static constexpr Command commands[] = {
      {"launch", "refresh a database by the state machine of Step Functions", set_up_launch},
  };
  return commands;
}

}  // namespace cli
