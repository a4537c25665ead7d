// The command line as plain values, for what is generated from it: man pages and completion by shells.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cli {

struct ArgumentDescription {
  std::vector<std::string> names;  ///< `-h`, `--help`; of one that has its place: `FILE` alone
  std::string help;
  std::string value;               ///< what it takes: `TEXT`, `INT`; "" for a flag
  std::vector<std::string> words;  ///< if its value is one of these
  std::string variable;            ///< of the environment, which stands in for it; ""
  bool has_place = false, required = false, repeated = false;
  bool value_optional = false;
};

struct CommandDescription {
  std::string name, help;
  std::vector<ArgumentDescription> arguments;
  std::vector<CommandDescription> commands;
};

/// A command with those in it, as they were declared. The program itself is named `dbrefresh`.
CommandDescription describe(const CLI::App& app);

/// The options of the program that all commands in it take; not those that end it, --help and --version.
std::vector<ArgumentDescription> shared_options(const CommandDescription& program);

/// A command of `all`, and where it stands.
struct PlacedCommand {
  std::vector<std::string> path;  ///< its words: `dbrefresh`, `local`, `create`
  const CommandDescription* command;
};

/// `all` and every command in it, the outer ones first. Points into `all`.
std::vector<PlacedCommand> every_command(const CommandDescription& all);

}  // namespace cli
