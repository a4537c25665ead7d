#include "cli/description.h"

#include <CLI/CLI.hpp>

#include <algorithm>

#include "base/text.h"

namespace cli {
namespace {

constexpr const char* program_name = "dbrefresh";

/// CLI11 tells a set of words as `TEXT:{local,aws}`.
std::vector<std::string> words_in(const std::string& type) {
  const auto open = type.find('{'), close = type.find('}');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  return base::split_list(std::string_view(type).substr(open + 1, close - open - 1));
}

ArgumentDescription describe(const CLI::Option& option) {
  ArgumentDescription said;
  said.has_place = option.get_positional();
  if (said.has_place) said.names = {option.get_name(true)};
  for (const auto& each : option.get_snames()) said.names.push_back("-" + each);
  for (const auto& each : option.get_lnames()) said.names.push_back("--" + each);
  said.help = option.get_description();
  const bool flag = option.get_type_size_max() == 0;
  if (!flag) said.value = option.get_type_name();
  said.words = words_in(said.value);
  said.value.resize(std::min(said.value.size(), said.value.find(':')));
  said.variable = option.get_envname();
  said.required = option.get_required();
  said.repeated = option.get_items_expected_max() > 1;
  said.value_optional = !flag && option.get_items_expected_min() == 0;
  return said;
}

void place(std::vector<std::string> path, const CommandDescription& command,
           std::vector<PlacedCommand>& out) {
  path.push_back(command.name);
  out.push_back({path, &command});
  for (const auto& each : command.commands) place(path, each, out);
}

}  // namespace

CommandDescription describe(const CLI::App& app) {
  CommandDescription said;
  said.name = app.get_parent() == nullptr ? program_name : app.get_name();
  said.help = app.get_description();
  for (const CLI::Option* each : app.get_options({})) said.arguments.push_back(describe(*each));
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; }))
    said.commands.push_back(describe(*each));
  return said;
}

std::vector<ArgumentDescription> shared_options(const CommandDescription& program) {
  auto options = program.arguments;
  std::erase_if(options, [](const ArgumentDescription& each) {
    return each.has_place || each.names.back() == "--help" || each.names.back() == "--version";
  });
  return options;
}

std::vector<PlacedCommand> every_command(const CommandDescription& all) {
  std::vector<PlacedCommand> out;
  place({}, all, out);
  return out;
}

}  // namespace cli
