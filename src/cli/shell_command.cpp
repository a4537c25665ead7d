// completion, man: what the program says of itself to shells and to man(1).
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/man_page.h"
#include "os/files.h"

namespace cli {
namespace {

Body set_up_completion(Arguments& arguments, const Options& options) {
  auto shell = std::make_shared<std::string>();
  arguments.add("SHELL", *shell, "whose completion").required().one_of({"bash", "zsh", "fish"});
  return [shell, &options] {
    const auto program = options.describe();
    std::cout << (*shell == "bash"  ? bash_completion(program)
                  : *shell == "zsh" ? zsh_completion(program)
                                    : fish_completion(program));
    return Exit::done;
  };
}

void print_page(const CommandDescription& program, std::vector<std::string> words) {
  words.insert(words.begin(), program.name);
  const auto all = every_command(program);
  const auto found = std::ranges::find(all, words, &PlacedCommand::path);
  if (found == all.end())
    throw base::Error("BadInput", fmt::format("there is no command '{}'", base::join(words, " ")),
                      "dbrefresh --help lists all");
  std::cout << man_page(*found, program);
}

void write_pages(const CommandDescription& program, const os::fs::path& folder) {
  os::fs::create_directories(folder);
  for (const auto& each : every_command(program))
    os::write_file_atomic(folder / (page_name(each) + ".1"), man_page(each, program), 0644);
}

Body set_up_man(Arguments& arguments, const Options& options) {
  struct Args {
    std::vector<std::string> command;
    std::string into;
  };
  auto args = std::make_shared<Args>();
  const auto command = arguments.add("COMMAND", args->command, "the words of a command; else the program");
  arguments.add("--into", args->into, "folder to write the pages of all commands into").excludes(command);
  return [args, &options] {
    if (args->into.empty())
      print_page(options.describe(), args->command);
    else
      write_pages(options.describe(), args->into);
    return Exit::done;
  };
}

}  // namespace

std::span<const Command> shell_commands() {
  static constexpr Command commands[] = {
      {"completion", "print a script with which a shell completes command lines", set_up_completion},
      {"man", "print the manual page of a command, for man(1): dbrefresh man run | man -l -", set_up_man},
  };
  return commands;
}

}  // namespace cli
