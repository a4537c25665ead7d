#include "cli/man_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace cli {
namespace {

constexpr const char* exit_status =
    ".SH EXIT STATUS\n"
    ".TP\n0\ndone\n"
    ".TP\n1\nfailed; of a run: and put back, or the output says what is not\n"
    ".TP\n2\nrefused: bad input, or a plan with problems; nothing was changed\n"
    ".TP\n130\ninterrupted: the run is open, and dbrefresh resume goes on with it\n";

constexpr const char* files =
    ".SH FILES\n"
    ".TP\n.I /etc/dbrefresh\nrefresh files for the units dbrefresh@.service and dbrefresh@.timer of systemd\n"
    ".TP\n.I /usr/share/doc/dbrefresh\nhow to operate it, the refresh file, examples\n";

/// What roff would take for its own is none: hyphens are as they are typed, a line's first dot is text.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char each : text) {
    if (out.empty() && (each == '.' || each == '\'')) out += "\\&";
    if (each == '\\')
      out += "\\e";
    else if (each == '-')
      out += "\\-";
    else if (each == '\n')
      out += "\n\\&";
    else
      out += each;
  }
  return out;
}

std::string bold(std::string_view text) {
  return fmt::format("\\fB{}\\fR", escaped(text));
}

std::string italic(std::string_view text) {
  return fmt::format("\\fI{}\\fR", escaped(text));
}

/// What stands for an option's value: `TEXT`, or the words that it may be.
std::string value_of(const ArgumentDescription& argument) {
  const std::string value =
      argument.words.empty() ? italic(argument.value) : escaped(base::join(argument.words, "|"));
  return argument.value_optional ? fmt::format("[{}]", value) : value;
}

std::string heading(const ArgumentDescription& argument) {
  if (argument.has_place) return italic(argument.names.front()) + (argument.repeated ? " ..." : "");
  std::vector<std::string> names;
  for (const auto& each : argument.names) names.push_back(bold(each));
  return base::join(names, ", ") + (argument.value.empty() ? "" : " " + value_of(argument));
}

std::string entry(const ArgumentDescription& argument) {
  std::string text = fmt::format(".TP\n{}\n{}", heading(argument), escaped(argument.help));
  if (argument.has_place && !argument.words.empty())
    text += fmt::format(" ({})", escaped(base::join(argument.words, ", ")));
  if (!argument.has_place && argument.required) text += "; must be given";
  return text + "\n";
}

std::string section(const char* title, const std::vector<ArgumentDescription>& arguments, bool has_place) {
  std::string text;
  for (const auto& each : arguments)
    if (each.has_place == has_place) text += entry(each);
  return text.empty() ? "" : fmt::format(".SH {}\n{}", title, text);
}

std::string synopsis(const PlacedCommand& at) {
  std::string text = fmt::format(".SH SYNOPSIS\n{} [{}]", bold(base::join(at.path, " ")), italic("OPTION"));
  if (!at.command->commands.empty()) text += fmt::format(" {} ...", italic("COMMAND"));
  for (const auto& each : at.command->arguments) {
    if (!each.has_place) continue;
    text += each.required ? " " + heading(each) : fmt::format(" [{}]", heading(each));
  }
  return text + "\n";
}

/// The commands in one, at any depth.
std::string commands_section(const PlacedCommand& at) {
  std::string text;
  for (const auto& each : every_command(*at.command)) {
    if (each.command == at.command || !each.command->commands.empty()) continue;
    auto path = at.path;
    path.insert(path.end(), each.path.begin() + 1, each.path.end());
    text += fmt::format(".TP\n{}\n{}\n", bold(base::join(path, " ")), escaped(each.command->help));
  }
  return text.empty() ? "" : ".SH COMMANDS\n" + text;
}

std::string environment_section(const CommandDescription& program) {
  std::string text;
  for (const auto& each : program.arguments)
    if (!each.variable.empty())
      text += fmt::format(".TP\n{}\nstands in for {}\n", bold(each.variable), bold(each.names.back()));
  return ".SH ENVIRONMENT\n" + text;
}

std::string reference(std::string_view page) {
  return fmt::format("\\fB{}\\fR(1)", escaped(page));
}

/// The page above, and those right below.
std::string see_also(const PlacedCommand& at) {
  std::vector<std::string> pages;
  auto path = at.path;
  for (path.pop_back(); !path.empty(); path.pop_back()) pages.push_back(reference(base::join(path, "-")));
  for (const auto& each : at.command->commands) pages.push_back(reference(page_name(at) + "-" + each.name));
  return fmt::format(".SH SEE ALSO\n{}\n", base::join(pages, ",\n"));
}

}  // namespace

std::string page_name(const PlacedCommand& command) {
  return base::join(command.path, "-");
}

std::string man_page(const PlacedCommand& command, const CommandDescription& program) {
  const bool whole = command.command == &program;
  const auto name = page_name(command);
  std::string upper = name;
  std::ranges::transform(upper, upper.begin(),
                         [](unsigned char each) { return static_cast<char>(std::toupper(each)); });
  std::string text =
      fmt::format(".TH \"{}\" 1 \"\" \"dbrefresh {}\" \"dbrefresh\"\n", escaped(upper), DBREFRESH_VERSION);
  text += fmt::format(
      ".SH NAME\n{} \\- {}\n", escaped(name),
      escaped(whole ? "make development databases out of production ones" : command.command->help));
  text += synopsis(command);
  if (whole) text += fmt::format(".SH DESCRIPTION\n{}\n", escaped(program.help));
  text += section("ARGUMENTS", command.command->arguments, true) + commands_section(command);
  text += section("OPTIONS", command.command->arguments, false);
  if (!whole) text += section("OPTIONS OF EVERY COMMAND", shared_options(program), false);
  text += environment_section(program) + exit_status + files;
  return text + see_also(command);
}

}  // namespace cli
