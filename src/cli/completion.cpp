#include "cli/completion.h"

#include <fmt/format.h>

#include "base/text.h"

namespace cli {
namespace {

constexpr const char* bash_frame = R"(# Completion of dbrefresh for bash, made by `dbrefresh completion bash`.
_dbrefresh() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} at=dbrefresh option='' words='' each
  for each in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    if [ -n "$option" ]; then
      [ "$each" = '=' ] || option=''
      continue
    fi
    case "$at $each" in
{commands}) at+=" $each" ;;
{valued}) option=$each ;;
    esac
  done
  [ "$cur" != '=' ] || cur=''
  case "$at $option" in
{values}  esac
  if [ -z "$option" ]; then
    case "${{cur:0:1}}$at" in
{words}    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}}
complete -o default -F _dbrefresh dbrefresh
)";

constexpr const char* zsh_group = R"({function}() {{
  local state line
  typeset -A opt_args
  _arguments -C \
{options}    '1: :->command' \
    '*:: :->rest'
  case $state in
    command)
      local -a commands=(
{commands}      )
      _describe command commands
      ;;
    rest) (( $+functions[{function}_$words[1]] )) && {function}_$words[1] ;;
  esac
}}
)";

constexpr const char* fish_frame = R"(# Completion of dbrefresh for fish, made by `dbrefresh completion fish`.
function __dbrefresh_at
    set -l at dbrefresh
    set -l option
    set -l words (commandline -opc)
    set -e words[1]
    for each in $words
        if test -n "$option"
            set option
            continue
        end
        switch "$at $each"
            case {commands}
                set at "$at $each"
            case {valued}
                set option $each
        end
    end
    test "$at" = "$argv"
end
{completions})";

std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char each : text) out += each == '\'' ? std::string("'\\''") : std::string(1, each);
  return out + "'";
}

/// What any command before it is in a pattern: fish wants the star in quotes, bash outside of them.
constexpr const char* any_in_bash = "*'";
constexpr const char* any_in_fish = "'*";

/// As a pattern: that of the program's own options fits every command.
std::string option_pattern(const PlacedCommand& at, const std::string& name, const char* any) {
  return at.path.size() == 1 ? fmt::format("{} {}'", any, name)
                             : fmt::format("'{} {}'", base::join(at.path, " "), name);
}

std::vector<std::string> command_patterns(const std::vector<PlacedCommand>& all) {
  std::vector<std::string> patterns;
  for (const auto& each : all)
    if (each.path.size() > 1) patterns.push_back(in_quotes(base::join(each.path, " ")));
  return patterns;
}

/// Of the options whose value is the next word.
std::vector<std::string> valued_patterns(const std::vector<PlacedCommand>& all, const char* any) {
  std::vector<std::string> patterns;
  for (const auto& at : all)
    for (const auto& each : at.command->arguments)
      if (!each.has_place && !each.value.empty() && !each.value_optional)
        for (const auto& name : each.names) patterns.push_back(option_pattern(at, name, any));
  return patterns;
}

/// What may stand first: the commands in it, or the words that its first argument may be.
std::vector<std::string> first_words(const CommandDescription& command) {
  std::vector<std::string> words;
  for (const auto& each : command.commands) words.push_back(each.name);
  for (const auto& each : command.arguments)
    if (each.has_place && words.empty()) words = each.words;
  return words;
}

/// What a command takes, with what the program takes after it.
std::vector<ArgumentDescription> options_of(const PlacedCommand& at, const CommandDescription& program) {
  auto options = at.command->arguments;
  std::erase_if(options, [](const ArgumentDescription& each) { return each.has_place; });
  if (at.command == &program) return options;
  for (auto& each : shared_options(program)) options.push_back(std::move(each));
  return options;
}

std::string bash_values(const std::vector<PlacedCommand>& all) {
  std::string text;
  for (const auto& at : all)
    for (const auto& each : at.command->arguments)
      if (!each.has_place && !each.words.empty())
        for (const auto& name : each.names)
          text += fmt::format("    {}) words='{}' ;;\n", option_pattern(at, name, any_in_bash),
                              base::join(each.words, " "));
  return text;
}

std::string bash_words(const std::vector<PlacedCommand>& all) {
  std::string text;
  for (const auto& at : all) {
    std::vector<std::string> names;
    for (const auto& each : options_of(at, *all.front().command))
      names.insert(names.end(), each.names.begin(), each.names.end());
    const auto path = in_quotes(base::join(at.path, " "));
    text += fmt::format("      -{}) words='{}' ;;\n", path, base::join(names, " "));
    if (const auto first = first_words(*at.command); !first.empty())
      text += fmt::format("      *{}) words='{}' ;;\n", path, base::join(first, " "));
  }
  return text;
}

std::string in_brackets(std::string_view text) {
  std::string out;
  for (const char each : text)
    out += each == '[' || each == ']' ? fmt::format("\\{}", each) : std::string(1, each);
  return out;
}

/// What _arguments is told about a value.
std::string zsh_value(const ArgumentDescription& argument, const std::string& name) {
  return fmt::format(
      "{}:{}", name,
      argument.words.empty() ? "_files" : fmt::format("({})", base::join(argument.words, " ")));
}

std::string zsh_option(const ArgumentDescription& option, const std::string& name) {
  const std::string flag = fmt::format("{}{}", option.repeated ? "*" : "", name);
  if (option.value.empty()) return fmt::format("{}[{}]", flag, in_brackets(option.help));
  return fmt::format("{}=[{}]{}{}", flag, in_brackets(option.help), option.value_optional ? "::" : ":",
                     zsh_value(option, option.value));
}

std::string zsh_options(const PlacedCommand& at, const CommandDescription& program) {
  std::string text;
  for (const auto& each : options_of(at, program))
    for (const auto& name : each.names) text += fmt::format("    {} \\\n", in_quotes(zsh_option(each, name)));
  return text;
}

std::string zsh_places(const CommandDescription& command) {
  std::string text;
  int place = 0;
  for (const auto& each : command.arguments) {
    if (!each.has_place) continue;
    const std::string at = each.repeated ? "*" : std::to_string(++place);
    text +=
        fmt::format("    {} \\\n", in_quotes(fmt::format("{}:{}", at, zsh_value(each, each.names.front()))));
  }
  return text;
}

std::string zsh_function(const PlacedCommand& at, const CommandDescription& program) {
  const auto function = "_" + base::join(at.path, "_");
  const auto options = zsh_options(at, program);
  if (at.command->commands.empty())
    return fmt::format("{}() {{\n  _arguments \\\n{}{}    && return\n}}\n", function, options,
                       zsh_places(*at.command));
  std::string commands;
  for (const auto& each : at.command->commands)
    commands += fmt::format("        {}\n", in_quotes(each.name + ":" + each.help));
  return fmt::format(zsh_group, fmt::arg("function", function), fmt::arg("options", options),
                     fmt::arg("commands", commands));
}

/// In single quotes of fish.
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char each : text) {
    if (each == '\'' || each == '\\') out += '\\';
    out += each;
  }
  return out + "'";
}

std::string fish_option(const std::string& condition, const ArgumentDescription& option) {
  std::string line = "complete -c dbrefresh" + condition;
  for (const auto& name : option.names)
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (!option.words.empty())
    line += fmt::format(" -x -a {}", fish_quoted(base::join(option.words, " ")));
  else if (!option.value.empty() && !option.value_optional)
    line += " -r";
  return line + fmt::format(" -d {}\n", fish_quoted(option.help));
}

std::string fish_completions(const PlacedCommand& at) {
  const auto here = fmt::format(" -n {}", fish_quoted("__dbrefresh_at " + base::join(at.path, " ")));
  std::string text;
  for (const auto& each : at.command->commands)
    text += fmt::format("complete -c dbrefresh -f{} -a {} -d {}\n", here, each.name, fish_quoted(each.help));
  for (const auto& each : at.command->arguments)
    if (!each.has_place)
      text += fish_option(at.path.size() == 1 ? "" : here, each);
    else if (!each.words.empty())
      text +=
          fmt::format("complete -c dbrefresh -f{} -a {}\n", here, fish_quoted(base::join(each.words, " ")));
  return text;
}

}  // namespace

std::string bash_completion(const CommandDescription& program) {
  const auto all = every_command(program);
  return fmt::format(bash_frame, fmt::arg("commands", "      " + base::join(command_patterns(all), " | ")),
                     fmt::arg("valued", "      " + base::join(valued_patterns(all, any_in_bash), " | ")),
                     fmt::arg("values", bash_values(all)), fmt::arg("words", bash_words(all)));
}

std::string zsh_completion(const CommandDescription& program) {
  std::string text =
      "#compdef dbrefresh\n# Completion of dbrefresh for zsh, made by `dbrefresh completion zsh`.\n";
  for (const auto& each : every_command(program)) text += zsh_function(each, program);
  return text + "_dbrefresh \"$@\"\n";
}

std::string fish_completion(const CommandDescription& program) {
  const auto all = every_command(program);
  std::string completions;
  for (const auto& each : all) completions += fish_completions(each);
  return fmt::format(fish_frame, fmt::arg("commands", base::join(command_patterns(all), " ")),
                     fmt::arg("valued", base::join(valued_patterns(all, any_in_fish), " ")),
                     fmt::arg("completions", completions));
}

}  // namespace cli
