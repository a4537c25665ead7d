// Manual pages and completion against what --help tells, as man(1) and the shells themselves take them.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "base/text.h"
#include "os/files.h"
#include "os/process.h"
#include "tests/temporary.h"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::UnorderedElementsAreArray;

using Words = std::vector<std::string>;

os::Finished run_it(const Words& argv) {
  base::SystemClock clock;
  return os::run({.argv = argv, .environment = {"HOME=/tmp"}}, clock, clock.now() + std::chrono::minutes(2),
                 {});
}

/// What the program prints, to a file: it may be longer than what run() keeps.
std::string printed(Words words, const os::fs::path& file) {
  words.insert(words.begin(),
               {"sh", "-c", R"(file=$1; shift; exec "$@" >"$file")", "sh", file.string(), PROGRAM});
  const auto done = run_it(words);
  EXPECT_EQ(done.exit_code, 0) << done.output;
  return os::read_file(file);
}

/// A command as --help tells of it.
struct Told {
  Words path;  ///< its words, without the program
  Words options, commands;
};

Told told_by_help(const Words& path, const os::fs::path& file) {
  Told told{.path = path};
  auto words = path;
  words.emplace_back("--help");
  std::istringstream text(printed(words, file));
  std::string part;
  for (std::string line; std::getline(text, line);) {
    if (line.ends_with(":")) part = line;
    if (!line.starts_with("  ") || line[2] == ' ') continue;
    const auto first = line.substr(2, line.find(' ', 2) - 2);
    if (part == "Options:")
      for (auto& each : base::split_list(first)) told.options.push_back(std::move(each));
    if (part == "Subcommands:") told.commands.push_back(first);
  }
  EXPECT_THAT(told.options, testing::Contains("--help")) << base::join(path, " ");
  return told;
}

void add_told(std::vector<Told>& all, const Words& path, const os::fs::path& file) {
  const Told told = told_by_help(path, file);
  all.push_back(told);
  for (const auto& each : told.commands) {
    auto below = path;
    below.push_back(each);
    add_told(all, below, file);
  }
}

class ShellTest : public testing::Test {
 protected:
  void SetUp() override { add_told(all_, {}, folder_.path() / "out"); }

  std::string script(const std::string& shell) {
    return printed({"completion", shell}, folder_.path() / ("dbrefresh." + shell));
  }
  os::fs::path script_file(const std::string& shell) {
    script(shell);
    return folder_.path() / ("dbrefresh." + shell);
  }
  /// What a shell offers for each of `lines`, by a program for that shell which reads them from a file.
  std::vector<Words> offers(const Words& shell, const Words& lines) {
    const auto asked = folder_.path() / "lines", answered = folder_.path() / "answers";
    std::ofstream(asked) << base::join(lines, "\n") << "\n";
    auto argv = shell;
    for (const auto& each : {script_file(shell.front()), asked, answered}) argv.push_back(each.string());
    const auto done = run_it(argv);
    EXPECT_EQ(done.exit_code, 0) << done.output;
    EXPECT_EQ(done.output, "");
    std::vector<Words> all;
    std::istringstream text(os::read_file(answered));
    for (std::string line; std::getline(text, line);) all.push_back(base::split_list(line, ' '));
    all.resize(lines.size());
    return all;
  }
  std::vector<Words> bash_offers(const Words& lines) {
    return offers({"bash", "-c", R"(. "$1" || exit
while read -r line; do
  COMP_WORDS=(${line//_/}); [ "${line%_}" = "$line" ] || COMP_WORDS+=("")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=(); _dbrefresh; echo "${COMPREPLY[@]}"
done <"$2" >"$3")",
                   "bash"},
                  lines);
  }
  std::vector<Words> fish_offers(const Words& lines) {
    return offers({"fish", "--no-config", "-c", R"(source $argv[1]
while read line
  echo (complete -C (string replace _ '' -- $line) | string split -f 1 \t)
end <$argv[2] >$argv[3])"},
                  lines);
  }
  static std::string line_of(const Told& told, const std::string& rest) {
    return "dbrefresh " + base::join(told.path, " ") + (told.path.empty() ? "" : " ") + rest;
  }
  /// All options that a command takes, --version aside, which is the program's alone.
  Words options_of(const Told& told) const {
    Words options = told.options;
    if (told.path.empty()) return options;
    for (const auto& each : all_.front().options)
      if (each != "-h" && each != "--help" && each != "--version") options.push_back(each);
    return options;
  }

  Temporary folder_;
  std::vector<Told> all_;
};

TEST_F(ShellTest, TheManualHasEveryCommandAndOption) {
  EXPECT_GT(all_.size(), 30U);
  const auto pages = folder_.path() / "pages";
  ASSERT_EQ(run_it({PROGRAM, "man", "--into", pages.string()}).exit_code, 0);
  for (const auto& told : all_) {
    auto name = told.path;
    name.insert(name.begin(), "dbrefresh");
    const auto file = pages / (base::join(name, "-") + ".1");
    const std::string page = os::read_file(file);
    auto words = told.path;
    words.insert(words.begin(), "man");
    EXPECT_EQ(printed(words, folder_.path() / "out"), page) << file;
    for (std::string option : options_of(told)) {
      for (std::size_t at = 0; (at = option.find('-', at)) != std::string::npos; at += 2)
        option.insert(at, "\\");
      EXPECT_THAT(page, HasSubstr("\\fB" + option + "\\fR")) << file;
    }
    name.emplace_back();
    for (const auto& each : told.commands)
      EXPECT_THAT(page, HasSubstr("\\fB" + base::join(name, " ") + each)) << file;
    const auto read = run_it({"man", "--warnings=w", "-E", "UTF-8", "-Z", "-l", file.string()});
    EXPECT_EQ(read.output.find("warning"), std::string::npos) << file << ": " << read.output;
    EXPECT_EQ(read.exit_code, 0) << file << ": " << read.output;
  }
  const auto wrong = run_it({PROGRAM, "man", "local", "cre"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.output, HasSubstr("there is no command 'dbrefresh local cre'"));
}

TEST_F(ShellTest, BashAndFishOfferEveryCommandAndOption) {
  Words lines;
  for (const auto& told : all_)
    for (const auto* rest : {"-", "_"}) lines.push_back(line_of(told, rest));
  const auto in_bash = bash_offers(lines), in_fish = fish_offers(lines);
  for (std::size_t i = 0; i < all_.size(); ++i) {
    EXPECT_THAT(in_bash[2 * i], UnorderedElementsAreArray(options_of(all_[i]))) << lines[2 * i];
    EXPECT_THAT(in_fish[2 * i], IsSupersetOf(options_of(all_[i]))) << lines[2 * i];
    if (all_[i].commands.empty()) continue;
    EXPECT_THAT(in_bash[2 * i + 1], UnorderedElementsAreArray(all_[i].commands)) << lines[2 * i + 1];
    EXPECT_THAT(in_fish[2 * i + 1], UnorderedElementsAreArray(all_[i].commands)) << lines[2 * i + 1];
  }
}

TEST_F(ShellTest, BashAndFishOfferTheWordsOfAValue) {
  const std::vector<std::pair<std::string, Words>> expected = {
      {"dbrefresh local sna", {"snapshot"}},
      {"dbrefresh --home run local snapshot _", {"create", "list", "delete"}},
      {"dbrefresh local list --provider _", {"local", "aws"}},
      {"dbrefresh --provider a", {"aws"}},
      {"dbrefresh completion z", {"zsh"}},
      {"dbrefresh --json asl show --for _", {"engine", "aws"}}};
  Words lines;
  for (const auto& [line, offer] : expected) lines.push_back(line);
  const auto in_bash = bash_offers(lines), in_fish = fish_offers(lines);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_THAT(in_bash[i], UnorderedElementsAreArray(expected[i].second)) << lines[i];
    EXPECT_THAT(in_fish[i], UnorderedElementsAreArray(expected[i].second)) << lines[i];
  }
}

TEST_F(ShellTest, ZshHasEveryCommandAndOption) {
  const auto file = script_file("zsh");
  const auto read = run_it({"zsh", "-n", file.string()});
  EXPECT_EQ(read.exit_code, 0);
  EXPECT_EQ(read.output, "");
  const std::string text = os::read_file(file);
  for (const auto& told : all_) {
    auto name = told.path;
    name.insert(name.begin(), "_dbrefresh");
    const auto at = text.find("\n" + base::join(name, "_") + "() {\n");
    ASSERT_NE(at, std::string::npos) << base::join(name, " ");
    const auto body = text.substr(at, text.find("\n}\n", at) - at);
    for (const auto& option : options_of(told))
      EXPECT_TRUE(body.find("'" + option + "[") != std::string::npos ||
                  body.find("'" + option + "=[") != std::string::npos ||
                  body.find("'*" + option + "=[") != std::string::npos)
          << base::join(name, " ") << " " << option;
    for (const auto& each : told.commands) EXPECT_THAT(body, HasSubstr("'" + each + ":"));
  }
}

}  // namespace
}  // namespace tests
