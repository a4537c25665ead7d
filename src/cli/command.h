// The commands of the program: a table, and what they share. A command parses and prints; what it does is in
// runs/.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/json.h"
#include "cli/arguments.h"
#include "cli/description.h"

namespace cli {

/// Exit codes of every command. A run that is still open is `interrupted`, never `failed`.
enum Exit : int { done = 0, failed = 1, bad_input = 2, interrupted = 130 };

/// The command that has the exit codes of a monitoring plugin in their place (runs::Health), whatever is
/// wrong.
inline constexpr const char* plugin_command = "check";

/// What the command line says for all commands.
struct Options {
  std::string home;                              ///< --home
  std::vector<std::string> commands;             ///< the first words of all commands
  std::function<CommandDescription()> describe;  ///< the whole command line; as long as the program runs
  std::string provider = "local";
  std::string region, profile, role, source_role, quarantine_group, kms_key;  ///< of --provider aws
  std::string state_machine;  ///< whose executions are runs too, "": the usual one
  bool json = false;          ///< --json
};

/// The world that the command line names.
base::Json whereabouts(const Options& options);

/// A command declares its arguments and returns what runs when it was chosen. `options` outlives both.
using Body = std::function<int()>;
struct Command {
  const char* name;
  const char* help;
  Body (*set_up)(Arguments& arguments, const Options& options);
};

std::span<const Command> run_commands();      ///< run
std::span<const Command> file_commands();     ///< validate, convert, schema
std::span<const Command> plan_commands();     ///< plan
std::span<const Command> open_commands();     ///< resume, retry, cancel
std::span<const Command> show_commands();     ///< list, status, ledger, steps
std::span<const Command> history_commands();  ///< history
std::span<const Command> check_commands();    ///< check
std::span<const Command> launch_commands();   ///< launch
std::span<const Command> deploy_commands();   ///< package, deploy
std::span<const Command> shell_commands();    ///< completion, man
std::span<const Command> iam_commands();      ///< iam policy
std::span<const Command> asl_commands();      ///< asl show, asl run
std::span<const Command> create_commands();   ///< local create
std::span<const Command> local_commands();    ///< local list, start, stop, delete
std::span<const Command> session_commands();  ///< local connect, local secret
std::span<const Command> storage_commands();  ///< local init, local snapshot, local backup

/// The whole program. Errors are printed here and become exit codes.
int run_program(int argc, char** argv);

}  // namespace cli
