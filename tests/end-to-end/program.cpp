#include "tests/end-to-end/program.h"

#include "tests/processes.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>

#include <fstream>
#include <functional>

#include "base/error.h"
#include "base/json.h"
#include "provider/local/home.h"

namespace tests {
namespace {

constexpr const char* program = PROGRAM;

std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// Kills every process of which `ours` says yes, and waits for it.
void end_all(const std::function<bool(int pid)>& ours) {
  base::SystemClock clock;
  for (const auto& entry : os::fs::directory_iterator("/proc")) {
    const int pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0 || !ours(pid)) continue;
    const auto process = os::identify(pid);
    if (!process) continue;
    os::send_signal(*process, SIGCONT);
    os::send_signal(*process, SIGKILL);
    while (os::is_running(*process)) clock.sleep_until(clock.now() + std::chrono::milliseconds(5), {});
  }
}

}  // namespace

Home::~Home() {
  end_all(
      [this](int pid) {  // ourselves first: a run that a failed test left behind would start servers again
        const std::string line = told_by(std::to_string(pid), "cmdline");
        return line.starts_with(program) && line.find(path().string()) != std::string::npos;
      });
  end_all([this](int pid) { return os::working_folder(pid).string().starts_with(path().string()); });
}

/// Tests put files of their own into it before its first command.
void Home::prepare() {
  provider::local::open_home(path());
  std::ofstream(path() / "settings.json") << R"({"allowUnmasked": "the data of tests is made up"})";
  run({"local", "secret"});
}

os::Finished Home::run(std::vector<std::string> arguments) {
  base::SystemClock clock;
  arguments.insert(arguments.begin(), {program, "--home", path().string()});
  return os::run({.argv = std::move(arguments)}, clock, clock.now() + std::chrono::minutes(5), {});
}

std::string Home::must(const std::vector<std::string>& arguments) {
  const auto finished = run(arguments);
  EXPECT_EQ(finished.exit_code, 0) << testing::PrintToString(arguments) << "\n" << finished.output;
  return finished.output;
}

base::Json Home::json(const std::vector<std::string>& arguments) {
  base::SystemClock clock;
  const auto answer_file = path() / ("answer-" + os::random_text(6) + ".json");
  std::string line = quoted(program) + " --json --home " + quoted(path());
  for (const auto& each : arguments) line += " " + quoted(each);
  const auto finished = os::run({.argv = {"/bin/sh", "-c", line + " > " + answer_file.string()}}, clock,
                                clock.now() + std::chrono::minutes(5), {});
  const auto answer = base::Json::parse(os::read_file(answer_file), nullptr, false);
  os::remove_tree(answer_file);
  EXPECT_FALSE(answer.is_discarded()) << finished.output;
  return answer;
}

std::string Home::sql(const std::string& instance, const std::string& statements) {
  base::SystemClock clock;
  const auto input = path() / ("input-" + os::random_text(6) + ".sql");
  std::ofstream(input) << statements;
  const bool postgres = json({"local", "list"}).dump().find("postgres") != std::string::npos;
  const std::string line =
      quoted(program) + " --home " + quoted(path()) + " local connect " + instance + " -- " +
      (postgres ? "--quiet --tuples-only --no-align --set=ON_ERROR_STOP=1" : "--skip-column-names --batch") +
      " < " + quoted(input);
  const auto finished =
      os::run({.argv = {"/bin/sh", "-c", line}}, clock, clock.now() + std::chrono::minutes(5), {});
  os::remove_tree(input);
  return finished.exit_code == 0 ? finished.output : "error: " + finished.output;
}

base::Json Home::named(const std::string& name) {
  for (const base::Json& each : json({"local", "list"}))
    if (each["name"] == name) return each;
  return nullptr;
}

void Home::make_production(const std::string& password, int customers) {
  std::ofstream(path() / "password") << password << "\n";
  must({"local", "create", "mysqlinstp", "--password-file", (path() / "password").string(), "--database",
        "mysqldbp"});
  os::remove_tree(path() / "password");
  std::string statements = os::read_file(SOURCE_DIR "/examples/production.sql");
  statements += "START TRANSACTION;\n";
  for (int i = 3; i < customers; ++i)
    statements += "INSERT INTO customers (name, email, address) VALUES ('c', 'c" + std::to_string(i) +
                  "@customers.example', 'street');\n";
  EXPECT_EQ(sql("mysqlinstp", statements + "COMMIT;\n"), "");
  os::fs::copy(SOURCE_DIR "/examples/buckets", path() / "buckets",
               os::fs::copy_options::recursive | os::fs::copy_options::overwrite_existing);
}

std::string Home::file(const std::string& example,
                       const std::vector<std::pair<std::string, std::string>>& replacements) {
  std::string text = os::read_file(SOURCE_DIR "/examples/" + example);
  auto replace = [&](const std::string& what, const std::string& with) {
    EXPECT_NE(text.find(what), std::string::npos) << what;
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
      text.replace(at, what.size(), with);
  };
  replace("\"wait_time\": 10", "\"wait_time\": 1");
  for (const char* usual : {"3307", "5433"})
    if (text.find("\"port\": " + std::string(usual)) != std::string::npos)
      replace("\"port\": " + std::string(usual), "\"port\": " + std::to_string(port_));
  for (const auto& [what, with] : replacements) replace(what, with);
  const auto to = path() / ("file-" + os::random_text(6) + ".json");
  std::ofstream(to) << text;
  return to;
}

void execute(const os::fs::path& file, const char* sql) {
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
  sqlite3_busy_timeout(db, 60'000);
  EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_close(db);
}

}  // namespace tests
