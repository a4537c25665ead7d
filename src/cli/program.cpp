#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"

namespace cli {
namespace {

constexpr const char* footer =
    "dbrefresh COMMAND --help tells about a command. Exit codes: 0 done, 1 failed, 2 bad input, 130 "
    "interrupted (resumable).";

int exit_of(const std::string& code) {
  static constexpr std::string_view bad_input[] = {"BadInput",        "FileNotFound",  "InvalidDefinition",
                                                   "SettingsInvalid", "NotAHome",      "BadHome",
                                                   "PathTooLong",     "AccountRefused"};
  if (std::ranges::find(bad_input, code) != std::end(bad_input)) return Exit::bad_input;
  return code == "RunInterrupted" ? Exit::interrupted : Exit::failed;
}

int run_body(const Body& body, bool json) {
  try {
    return body();
  } catch (const base::Error& error) {
    if (json)
      print_json({{"error", error.code},
                  {"message", error.message},
                  {"hint", error.hint.empty() ? base::Json() : base::Json(error.hint)}});
    std::cerr << "dbrefresh: " << to_string(error) << "\n";
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

std::string suggestion(const CLI::App& program, int argc, char** argv) {
  std::vector<std::string> names;
  for (const auto* each : program.get_subcommands({})) names.push_back(each->get_name());
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
  program.add_option("--home", options.home,
                     "folder of servers, journal, secrets and ledger (default: /var/lib/dbrefresh as root, "
                     "else $XDG_STATE_HOME/dbrefresh)");
  program.add_option("--provider", options.provider, "where the databases are: local or aws")
      ->check(CLI::IsMember({"local", "aws"}));
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
  program.add_flag("--json", options.json, "answer in JSON, where a machine may read it (docs/json.md)");
}

void declare_commands(CLI::App& program, const Options& options, Body& chosen) {
  for (const auto& commands :
       {run_commands(), plan_commands(), open_commands(), show_commands(), history_commands()})
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
}

/// Nothing if the command line is good; else the exit code.
std::optional<int> parse(CLI::App& program, int argc, char** argv) {
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (program.exit(error) == 0) return Exit::done;
    if (const auto guess = suggestion(program, argc, argv); !guess.empty())
      std::cerr << "hint: " << guess << "\n";
    return Exit::bad_input;
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
  if (const auto code = parse(program, argc, argv)) return *code;
  return run_body(chosen, options.json);
}

}  // namespace cli
