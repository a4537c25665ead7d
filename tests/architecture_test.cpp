// The house rules that a compiler does not know: an include only ever points down the list of rooms, and each
// third-party C header is included in exactly one file.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "os/files.h"
#include "refresh/workflow.h"

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> rooms = {"base", "os",         "store",    "asl",     "engine",
                                        "sql",  "aws",        "provider", "refresh", "shortfile",
                                        "runs", "executions", "lambda",   "deploy",  "cli"};

std::size_t rank(const std::string& room) {
  return static_cast<std::size_t>(std::ranges::find(rooms, room) - rooms.begin());
}

std::vector<std::string> includes(const fs::path& file) {
  std::vector<std::string> out;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("#include ")) out.push_back(line.substr(10, line.find_last_of(">\"") - 10));
  return out;
}

TEST(Architecture, IncludesPointDownward) {
  const fs::path src = SOURCE_DIR "/src";
  std::map<std::string, std::set<std::string>> users;
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(src)) {
    if (!entry.is_regular_file()) continue;
    ++files;
    const auto relative = fs::relative(entry.path(), src);
    const std::string room = *relative.begin();
    ASSERT_LT(rank(room), rooms.size()) << relative;
    for (const auto& included : includes(entry.path())) {
      users[included].insert(relative);
      const std::string other = *fs::path(included).begin();
      if (rank(other) == rooms.size()) continue;
      EXPECT_LE(rank(other), rank(room)) << relative << " includes " << included;
      EXPECT_FALSE(room == "engine" && other == "refresh") << relative;
      EXPECT_FALSE(room == "refresh" && other == "aws") << relative;
      EXPECT_FALSE(room == "refresh" && included.starts_with("provider/") &&
                   included != "provider/provider.h")
          << relative << " includes " << included;
    }
  }
  EXPECT_GT(files, 60U);
  for (const char* header : {"sqlite3.h", "mysql.h", "libpq-fe.h", "pugixml.hpp", "yaml.h", "date/tz.h"})
    EXPECT_EQ(users[header].size(), 1U) << header;
  EXPECT_EQ(users["curl/curl.h"], (std::set<std::string>{"os/http.cpp", "os/mail.cpp"}));
  EXPECT_EQ(users["CLI/CLI.hpp"],
            (std::set<std::string>{"cli/arguments.cpp", "cli/description.cpp", "cli/program.cpp"}));
  for (const auto& user : users["iostream"]) EXPECT_FALSE(user.starts_with("runs/")) << user << " prints";
}

/// Keys that are words of other rooms too: commands, and what a refused file, which has no steps, is asked
/// for.
bool word_elsewhere(std::string_view key) {
  constexpr std::string_view words[] = {"restore", "delete", "rename", "updatedynamodb", "sendmsg"};
  return std::ranges::find(words, key) != std::end(words);
}

/// Clocks and randomness come through base/ and os/: that is what makes simulation possible.
TEST(Architecture, NobodyElseReadsAClockOrRandomness) {
  for (const auto& entry : fs::recursive_directory_iterator(SOURCE_DIR "/src")) {
    if (!entry.is_regular_file() || entry.path().filename() == "clock.cpp") continue;
    const std::string text = os::read_file(entry.path());
    for (const char* word :
         {"_clock::now", "gettimeofday", "std::random_device", "std::mt19937", "time(nullptr)"})
      EXPECT_EQ(text.find(word), std::string::npos) << entry.path() << " uses " << word;
  }
}

/// A step is known to its own file and to workflow.cpp: what the others need of it, it gives them.
TEST(Architecture, NobodyElseNamesAStep) {
  std::set<std::string_view> keys;
  for (const refresh::Step* step : refresh::sequence())
    if (step->key != refresh::planning_step().key) keys.insert(step->key);  // "plan" is a word of its own
  std::map<std::string, std::set<fs::path>> named;
  for (const auto& entry : fs::recursive_directory_iterator(SOURCE_DIR "/src")) {
    if (!entry.is_regular_file() || entry.path().filename() == "workflow.cpp") continue;
    const std::string text = os::read_file(entry.path());
    const bool in_refresh = entry.path().parent_path().filename() == "refresh";
    for (const auto key : keys)
      for (const auto& use : {fmt::format("\"{}\"", key), fmt::format("$.{}.", key)})
        if (text.find(use) != std::string::npos && (in_refresh || !word_elsewhere(key)))
          named[std::string(key)].insert(entry.path().filename());
  }
  for (const auto& [key, files] : named)
    EXPECT_EQ(files.size(), 1U) << key << ": " << testing::PrintToString(files);
}

/// Who makes a real clock is who puts a program together; all others are given one. A volume is mounted
/// before there is anything to give it, a session of sql/ measures what its peer does, and a tool of the
/// system that is asked one question has a limit of its own.
TEST(Architecture, AClockIsMadeWhereAProgramIsPutTogether) {
  const std::set<std::string> makers = {"base/clock.h",
                                        "base/clock.cpp",
                                        "runs/world.h",
                                        "cli/asl_command.cpp",
                                        "cli/batch_command.cpp",
                                        "cli/check_command.cpp",
                                        "cli/deploy_command.cpp",
                                        "cli/execution_output.h",
                                        "cli/launch_command.cpp",
                                        "cli/plan_command.cpp",
                                        "cli/file_command.cpp",
                                        "lambda/main.cpp",
                                        "provider/local/volume.cpp",
                                        "provider/local/mariadb_source.cpp",
                                        "os/service_account.cpp"};
  const fs::path src = SOURCE_DIR "/src";
  for (const auto& entry : fs::recursive_directory_iterator(src)) {
    if (!entry.is_regular_file() || makers.contains(fs::relative(entry.path(), src).string()) ||
        entry.path().parent_path().filename() == "sql")
      continue;
    EXPECT_EQ(os::read_file(entry.path()).find("SystemClock"), std::string::npos) << entry.path();
  }
}

}  // namespace
