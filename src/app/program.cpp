#include <fmt/format.h>

#include <iostream>

#include "app/command.h"
#include "base/error.h"
#include "base/text.h"

namespace app {
namespace {

constexpr const char* footer =
    "dbrefresh COMMAND --help tells about a command. Exit codes: 0 done, 1 failed, 2 bad input, 130 "
    "interrupted (resumable).";

int run_body(const Body& body, bool json) {
  try {
    return body();
  } catch (const base::Error& error) {
    if (json)
      std::cout << base::Json{{"error", error.code}, {"message", error.message}, {"hint", error.hint}}.dump()
                << "\n";
    std::cerr << "dbrefresh: " << to_string(error) << "\n";
    const bool input =
        error.code == "BadInput" || error.code == "FileNotFound" || error.code == "InvalidDefinition";
    return input ? Exit::bad_input : Exit::failed;
  } catch (const std::exception& error) {
    std::cerr << "dbrefresh: " << error.what() << "\n";
    return Exit::failed;
  }
}

void add(CLI::App& parent, std::span<const Command> commands, const Options& options, Body& chosen) {
  for (const Command& each : commands) {
    CLI::App* sub = parent.add_subcommand(each.name, each.help);
    sub->fallthrough();
    sub->final_callback([&chosen, body = each.set_up(*sub, options)] { chosen = body; });
  }
}

std::string suggestion(const CLI::App& program, int argc, char** argv) {
  std::vector<std::string> names;
  for (const auto* each : program.get_subcommands({})) names.push_back(each->get_name());
  const std::vector<std::string_view> views(names.begin(), names.end());
  for (int i = 1; i < argc; ++i)
    if (std::ranges::find(names, argv[i]) == names.end())
      if (auto guess = base::did_you_mean(argv[i], views); !guess.empty()) return guess;
  return {};
}

}  // namespace

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    out += std::string(line.substr(0, line.find_last_not_of(' ') + 1)) + "\n";
  }
  return out;
}

void print_problems(const std::string& file, const std::vector<base::Problem>& problems, bool json) {
  if (json) {
    base::Json list = base::Json::array();
    for (const auto& each : problems)
      list.push_back({{"file", file},
                      {"line", each.line},
                      {"path", each.path},
                      {"message", each.message},
                      {"severity", each.warning ? "warning" : "error"}});
    std::cout << base::Json{{"problems", list}}.dump() << "\n";
    return;
  }
  for (const auto& each : problems) std::cerr << base::to_string(file, each) << "\n";
}

int run_program(int argc, char** argv) {
  CLI::App program(
      "dbrefresh makes development and test databases out of production ones: restored, masked, given new "
      "credentials, put under their usual name.");
  program.footer(footer);
  program.require_subcommand(1);
  program.set_version_flag("--version", std::string("dbrefresh ") + DBREFRESH_VERSION);
  Options options;
  program.add_option("--home", options.home,
                     "folder of servers, journal, secrets and ledger (default: /var/lib/dbrefresh as root, "
                     "else $XDG_STATE_HOME/dbrefresh)");
  program.add_option("--provider", options.provider, "where the databases are: local or aws");
  program.add_flag("--json", options.json, "answer in JSON, where a machine may read it");
  Body chosen;
  add(program, run_commands(), options, chosen);
  add(program, show_commands(), options, chosen);
  CLI::App* asl = program.add_subcommand("asl", "state machine documents")->require_subcommand(1);
  asl->fallthrough();
  add(*asl, asl_commands(), options, chosen);
  CLI::App* local = program.add_subcommand("local", "the servers of this host")->require_subcommand(1);
  local->fallthrough();
  add(*local, create_commands(), options, chosen);
  add(*local, local_commands(), options, chosen);
  add(*local, session_commands(), options, chosen);
  add(*local, storage_commands(), options, chosen);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = program.exit(error);
    if (code == 0) return Exit::done;
    if (const auto guess = suggestion(program, argc, argv); !guess.empty())
      std::cerr << "hint: " << guess << "\n";
    return Exit::bad_input;
  }
  if (options.provider != "local") {
    std::cerr << fmt::format("dbrefresh: the provider '{}' is not served yet\nhint: use --provider local\n",
                             options.provider);
    return Exit::bad_input;
  }
  return run_body(chosen, options.json);
}

}  // namespace app
