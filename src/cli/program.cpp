#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <span>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "runs/watch.h"

namespace cli {
namespace {

constexpr const char* footer =
    "dbrefresh COMMAND --help tells about a command. Exit codes: 0 done, 1 failed, 2 bad input, 130 "
    "interrupted (resumable).";

/// Nothing was changed for these: what was asked for cannot be, as it was said.
int exit_of(const std::string& code) {
  static constexpr std::string_view bad_input[] = {"BadInput",
                                                   "FileNotFound",
                                                   "InvalidDefinition",
                                                   "SettingsInvalid",
                                                   "NotAHome",
                                                   "BadHome",
                                                   "PathTooLong",
                                                   "AccountRefused",
                                                   "InvalidConfig",
                                                   "ProfileNotFound",
                                                   "InvalidParameterValue",
                                                   "UnsupportedEngine",
                                                   "PortTaken",
                                                   "UnsupportedOperation",
                                                   "DBInstanceAlreadyExists",
                                                   "DBSnapshotAlreadyExists",
                                                   "DBClusterAlreadyExistsFault",
                                                   "DBInstanceNotFound",
                                                   "DBSnapshotNotFound"};
  if (std::ranges::find(bad_input, code) != std::end(bad_input)) return Exit::bad_input;
  return code == "RunInterrupted" ? Exit::interrupted : Exit::failed;
}

base::Json error_view(const base::Error& error) {
  return {{"error", error.code},
          {"message", error.message},
          {"hint", error.hint.empty() ? base::Json() : base::Json(error.hint)}};
}

int run_body(const Body& body, const Options& options) {
  try {
    return body();
  } catch (const base::Error& error) {
    if (options.json) print_json(with_home(error_view(error), options));
    std::cerr << "dbrefresh: " << with_home(to_string(error), options) << "\n";
    return exit_of(error.code);
  } catch (const std::exception& error) {
    std::cerr << "dbrefresh: " << error.what() << "\n";
    return Exit::failed;
  }
}

void add(CLI::App& parent, std::span<const Command> commands, const Options& options, Body& chosen) {
  for (const Command& each : commands) {
    CLI::App* sub = parent.add_subcommand(each.name, each.help);
    sub->fallthrough();
    Arguments arguments(*sub);
    sub->final_callback([&chosen, body = each.set_up(arguments, options)] { chosen = body; });
  }
}

/// What is on the command line besides options of the whole program and their values, and flags.
std::vector<std::string> words_on(const CLI::App& program, int argc, char** argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto* option = program.get_option_no_throw(word);
    if (option != nullptr && option->get_expected_max() > 0) ++i;  // its value
    if (!word.starts_with("-")) words.push_back(word);
  }
  return words;
}

/// A word that is no command where one is wanted; "" if that is not what is wrong.
std::string no_command(const CLI::App& program, const std::vector<std::string>& words) {
  const CLI::App* at = &program;
  for (const auto& word : words) {
    if (at->get_subcommands({}).empty()) return {};
    const auto all = at->get_subcommands({});
    const auto found = std::ranges::find(all, word, [](const CLI::App* each) { return each->get_name(); });
    if (found == all.end()) return word;
    at = *found;
  }
  return {};
}

std::string suggestion(const std::vector<std::string>& names, int argc, char** argv) {
  const std::vector<std::string_view> views(names.begin(), names.end());
  for (int i = 1; i < argc; ++i)
    if (std::ranges::find(names, argv[i]) == names.end())
      if (auto guess = base::did_you_mean(argv[i], views); !guess.empty()) return guess;
  return {};
}

void declare_options(CLI::App& program, Options& options) {
  program.footer(footer);
  program.require_subcommand(1);
  program.set_version_flag("--version", std::string("dbrefresh ") + DBREFRESH_VERSION);
  program
      .add_option(
          "--home", options.home,
          "folder of servers, journal, secrets and ledger; else DBREFRESH_HOME, or /var/lib/dbrefresh "
          "as root, $XDG_STATE_HOME/dbrefresh for others")
      ->envname("DBREFRESH_HOME");
  program
      .add_option("--provider", options.provider,
                  "where the databases are: local or aws; else DBREFRESH_PROVIDER, or local")
      ->check(CLI::IsMember({"local", "aws"}))
      ->envname("DBREFRESH_PROVIDER");
  program.add_option("--region", options.region, "aws: Region; else AWS_REGION, or the profile's");
  program.add_option("--profile", options.profile, "aws: profile of ~/.aws/config; else AWS_PROFILE");
  program.add_option("--role", options.role, "aws: ARN of a role to do all in, of another account perhaps");
  program.add_option("--source-role", options.source_role,
                     "aws: ARN of a role of the account that the sources are in, which is only looked at");
  program.add_option("--quarantine-group", options.quarantine_group,
                     "aws: security group that closes new databases; else DBREFRESH_QUARANTINE_GROUP, or the "
                     "one of the VPC with the tag refresh-quarantine=true");
  program.add_option("--kms-key", options.kms_key,
                     "aws: key for copies of what other accounts share; else that of the database that is "
                     "replaced");
  program
      .add_option(
          "--state-machine", options.state_machine,
          "aws: name or ARN of the state machine of Step Functions whose executions are runs too; else "
          "DBREFRESH_STATE_MACHINE, or state-machine-awssol")
      ->envname("DBREFRESH_STATE_MACHINE");
  program.add_flag("--json", options.json, "answer in JSON, where a machine may read it (docs/json.md)");
}

void declare_commands(CLI::App& program, Options& options, Body& chosen) {
  for (const auto& commands :
       {run_commands(), file_commands(), plan_commands(), open_commands(), show_commands(),
        history_commands(), check_commands(), launch_commands(), deploy_commands(), shell_commands()})
    add(program, commands, options, chosen);
  CLI::App* asl = program.add_subcommand("asl", "state machine documents")->require_subcommand(1);
  asl->fallthrough();
  add(*asl, asl_commands(), options, chosen);
  CLI::App* iam = program.add_subcommand("iam", "permissions on Amazon RDS")->require_subcommand(1);
  iam->fallthrough();
  add(*iam, iam_commands(), options, chosen);
  CLI::App* local = program.add_subcommand("local", "the servers of this host")->require_subcommand(1);
  local->fallthrough();
  for (const auto& commands : {create_commands(), local_commands(), session_commands(), storage_commands()})
    add(*local, commands, options, chosen);
  for (const auto* each : program.get_subcommands({})) options.commands.push_back(each->get_name());
}

/// Nothing if the command line is good; else the exit code.
std::optional<int> parse(CLI::App& program, const std::vector<std::string>& commands, int argc, char** argv) {
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      program.exit(error);
      return Exit::done;
    }
    const auto words = words_on(program, argc, argv);
    const auto word = no_command(program, words);
    const auto guess = suggestion(commands, argc, argv);
    const base::Error said(
        "BadInput", word.empty() ? error.what() : fmt::format("there is no command '{}'", word),
        guess.empty() ? "dbrefresh --help lists all; dbrefresh COMMAND --help tells more" : guess);
    // A command line that is wrong may not have been read as far as --json.
    const bool json =
        std::ranges::any_of(std::span(argv, argc), [](std::string_view each) { return each == "--json"; });
    if (json) print_json(error_view(said));
    std::cerr << to_string(said) << "\n";
    if (words.empty() || words[0] != plugin_command) return Exit::bad_input;
    if (!json)
      std::cout << fmt::format("DBREFRESH {} - {}\n", to_string(runs::Health::unknown), said.message);
    return static_cast<int>(runs::Health::unknown);
  }
  return std::nullopt;
}

}  // namespace

base::Json whereabouts(const Options& options) {
  base::Json said = {{"provider", options.provider}};
  const std::pair<const char*, const std::string&> all[] = {{"region", options.region},
                                                            {"profile", options.profile},
                                                            {"role", options.role},
                                                            {"sourceRole", options.source_role},
                                                            {"quarantineGroup", options.quarantine_group},
                                                            {"kmsKey", options.kms_key}};
  for (const auto& [name, value] : all) {
    if (value.empty()) continue;
    if (options.provider != "aws")
      throw base::Error("BadInput", fmt::format("{} is for --provider aws", name));
    said[name] = value;
  }
  return said;
}

int run_program(int argc, char** argv) {
  CLI::App program(
      "dbrefresh makes development and test databases out of production ones: restored, masked, given new "
      "credentials, put under their usual name.");
  Options options;
  Body chosen;
  declare_options(program, options);
  declare_commands(program, options, chosen);
  options.describe = [&program] { return describe(program); };
  if (const auto code = parse(program, options.commands, argc, argv)) return *code;
  return run_body(chosen, options);
}

}  // namespace cli
