// The commands of the program: a table, and what they share.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>
#include <string>

#include "base/json.h"

namespace app {

/// Exit codes of every command.
enum Exit : int { done = 0, failed = 1, bad_input = 2, interrupted = 130 };

/// What the command line says for all commands.
struct Options {
  std::string home;  ///< --home
  std::string provider = "local";
  bool json = false;  ///< --json
};

/// A command sets up its arguments and returns what runs when it was chosen. `options` outlives both.
using Body = std::function<int()>;
struct Command {
  const char* name;
  const char* help;
  Body (*set_up)(CLI::App& command, const Options& options);
};

std::span<const Command> run_commands();      ///< run, plan, validate, resume, cancel
std::span<const Command> show_commands();     ///< list, status, history, ledger, steps
std::span<const Command> asl_commands();      ///< asl show, asl run
std::span<const Command> create_commands();   ///< local create
std::span<const Command> local_commands();    ///< local list, start, stop, delete
std::span<const Command> session_commands();  ///< local connect, local secret
std::span<const Command> storage_commands();  ///< local init, local snapshot, local backup

/// The whole program. Errors are printed here and become exit codes.
int run_program(int argc, char** argv);

/// Columns padded to their widest cell; the first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// Prints problems as `file:line: path: message` to standard error, or to standard output as JSON.
void print_problems(const std::string& file, const std::vector<base::Problem>& problems, bool json);

}  // namespace app
