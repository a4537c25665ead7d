// What is said of runs: refused ones, unmasked ones, those that lost their process, those that are told to
// stop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <map>
#include <thread>

#include "os/files.h"
#include "refresh/launch.h"
#include "tests/end-to-end/program.h"

namespace tests {
namespace {

using base::Json;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr const char* unmasked_file = "db-app1-mysqlinstd.json";
constexpr const char* masked_file = "test-3c/db-app1-mysqlinstd.json";

/// Of all files and folders, but for what servers write and what SQLite's readers share: when they were
/// changed last.
std::map<os::fs::path, os::fs::file_time_type> times_in(const os::fs::path& home) {
  std::map<os::fs::path, os::fs::file_time_type> all;
  for (os::fs::recursive_directory_iterator at(home), end; at != end; ++at) {
    const std::string name = at->path().filename();
    if (name.ends_with(".db-shm") || name.ends_with(".db-wal")) continue;
    all[at->path()] = os::fs::last_write_time(at->path());
    if (at->path().parent_path().filename() == "instances") at.disable_recursion_pending();
  }
  return all;
}

class Runs : public testing::Test {
 protected:
  os::ProcessId start(const std::string& file) {
    return os::start({.argv = {PROGRAM, "--home", home_.path().string(), "run", file},
                      .output = home_.path() / "run.log"});
  }
  /// Waits for something that a process brings about, for as long as it runs.
  void await(const os::ProcessId& process, const std::function<bool()>& come) {
    while (os::is_running(process) && !come())
      clock_.sleep_until(clock_.now() + std::chrono::milliseconds(5), {});
  }
  void await_end(const os::ProcessId& process) {
    await(process, [] { return false; });
  }
  /// tests/fixtures/home-b400914.tar.gz, a home of commit b400914 without its servers: a run that succeeded,
  /// and one that was killed while its copy was made.
  void unpack_old_home() {
    const auto tar = os::run({.argv = {"tar", "-C", home_.path().string(), "-xzf",
                                       SOURCE_DIR "/tests/fixtures/home-b400914.tar.gz"}},
                             clock_, clock_.now() + std::chrono::minutes(5), {});
    ASSERT_EQ(tar.exit_code, 0) << tar.output;
  }
  Json last_run() { return home_.json({"list"}).back(); }
  std::string mail(const Json& run) {
    return os::read_file(home_.path() / "mail" / (run["run"].get<std::string>() + ".txt"));
  }

  Home home_;
  base::SystemClock clock_;
};

TEST_F(Runs, ARefusedOneIsInTheListTheLedgerTheMailAndTheHistory) {
  home_.make_production();
  const auto refused = home_.run(
      {"run", home_.file(masked_file, {{"\"source\": \"mysqlinstp\"", "\"source\": \"nothere\""}})});
  EXPECT_EQ(refused.exit_code, 2);
  const Json run = last_run();
  EXPECT_THAT(refused.output, HasSubstr(run["run"].get<std::string>()));
  EXPECT_EQ(run["status"], "REFUSED");
  EXPECT_EQ(run["error"], "PlanRefused");
  EXPECT_EQ(run["target"], "instance/mysqlinstd");
  EXPECT_FALSE(run["ended"].is_null());
  const Json row = home_.json({"ledger"}).at(0);
  EXPECT_EQ(row["status"], "refused");
  EXPECT_EQ(row["run"], run["run"]);
  EXPECT_EQ(row["dbinstance"], "mysqlinstd");
  EXPECT_THAT(row["reason"].get<std::string>(), HasSubstr("there is no such instance"));
  EXPECT_THAT(mail(run), HasSubstr("Subject: REFUSED: mysqlinstd was not refreshed\n"));
  EXPECT_THAT(mail(run), HasSubstr("there is no such instance"));
  const Json history = home_.json({"history", run["run"]});
  EXPECT_EQ(history["problems"][0]["path"], "$.restore.source");
  EXPECT_GT(history["problems"][0]["line"], 1);
  EXPECT_THAT(home_.must({"history", run["run"]}), HasSubstr("$.restore.source"));
  EXPECT_NE(home_.run({"resume", run["run"]}).exit_code, 0);
  EXPECT_EQ(last_run(), run);
}

TEST_F(Runs, AFileThatBreaksOffIsRefusedWithItsSyntaxAlone) {
  const auto path = home_.path() / "broken.json";
  std::ofstream(path) << "{\"restore\": {\"torun\": \"maybe\", \"target\": \"shop\"},\n\"rename\": {,}}";
  const auto refused = home_.run({"run", path});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("broken.json:2: $: is not valid JSON"));
  EXPECT_THAT(refused.output, Not(HasSubstr("torun")));
  EXPECT_EQ(home_.json({"history", last_run()["run"]})["problems"].size(), 1U);
  EXPECT_EQ(last_run()["error"], "FileInvalid");
  EXPECT_EQ(home_.run({"run", "/nowhere.json"}).exit_code, 2);
  EXPECT_EQ(home_.json({"ledger"}).size(), 2U) << "a nightly file that is gone is not gone in silence";
  EXPECT_TRUE(last_run()["target"].is_null());
}

TEST_F(Runs, OneThatMasksNothingIsRefusedUnlessSomebodySaysWhy) {
  home_.make_production();
  os::remove_tree(home_.path() / "settings.json");
  for (const char* command : {"plan", "run"}) {
    const auto refused = home_.run({command, home_.file(unmasked_file)});
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.output, HasSubstr("$.runscripts.torun: is not true"));
    EXPECT_THAT(refused.output, HasSubstr("--unmasked REASON"));
  }
  EXPECT_EQ(home_.json({"local", "list"}).size(), 1U);

  EXPECT_THAT(home_.must({"run", "--unmasked", "made up data", home_.file(unmasked_file)}),
              HasSubstr("UNMASKED: made up data"));
  EXPECT_EQ(last_run()["masked"], false);
  EXPECT_EQ(last_run()["unmaskedReason"], "made up data");
  EXPECT_THAT(mail(last_run()), HasSubstr("Masked:   NO: made up data"));
  EXPECT_EQ(home_.json({"ledger"}).back()["masked"], "no: made up data");
  EXPECT_EQ(home_.named("mysqlinstd")["tags"]["refresh-masked"], "false");
  EXPECT_THAT(home_.must({"list"}), HasSubstr("MASKED"));

  home_.must({"run", home_.file(masked_file)});
  EXPECT_EQ(last_run()["masked"], true);
  EXPECT_THAT(mail(last_run()), HasSubstr("Masked:   2 scripts"));
  EXPECT_EQ(home_.named("mysqlinstd")["tags"]["refresh-masked"], "true");

  std::ofstream(home_.path() / "settings.json") << R"({"allowUnmasked": "a home of tests"})";
  EXPECT_EQ(home_.json({"plan", home_.file(unmasked_file)})["unmaskedReason"], "a home of tests");

  execute(home_.path() / "journal.db", "UPDATE execution SET snapshot = 'no JSON'");
  EXPECT_EQ(last_run()["masked"], true) << "a list reads no snapshot";
  execute(home_.path() / "journal.db", "UPDATE execution SET status = 'FAILED'");
  EXPECT_EQ(last_run()["masked"], true) << "but of the newest that failed, and needs none";
  execute(home_.path() / "journal.db", "DELETE FROM attempt WHERE state = 'verify'");
  EXPECT_EQ(last_run()["masked"], false) << "its scripts did not end";
  home_.must({"resume", "--all"});
}

TEST_F(Runs, SecretsOfOneThatIsNotOpenAreSweptAway) {
  std::ofstream(home_.path() / "secret.json") << R"({"password": "temppwd123"})";
  home_.must({"local", "secret", "dbrefresh/run/20260101000000-abcdef", "--set",
              (home_.path() / "secret.json").string()});
  const std::string young = "dbrefresh/run/" + refresh::run_stamp(clock_.now()) + "-abcdef";
  for (const auto& name : {std::string("mine"), young})
    home_.must({"local", "secret", name, "--set", (home_.path() / "secret.json").string()});
  home_.must({"resume", "--all"});
  EXPECT_EQ(home_.json({"local", "secret"}), Json({young, "mine"})) << "a run may be about to begin";
}

TEST_F(Runs, AllThatLostTheirProcessAreTakenUpBetweenTheHalvesOfTheSwap) {
  home_.make_production();
  home_.must({"run", home_.file(unmasked_file)});
  const auto process = start(home_.file(masked_file));
  await(process, [&] { return home_.must({"local", "list"}).find("mysqlinstd-old-") != std::string::npos; });
  os::send_signal(process, SIGKILL);
  await_end(process);
  const Json run = last_run();
  if (run["status"] == "RUNNING") {
    EXPECT_THAT(home_.must({"status", run["run"]}), HasSubstr("no process drives it"));
  }
  {  // the one that is faster drives it, the others have nothing to do
    std::vector<std::jthread> all;
    for (int i = 0; i < 4; ++i) all.emplace_back([&] { home_.must({"resume", "--all"}); });
  }
  EXPECT_EQ(last_run()["status"], "SUCCEEDED");
  EXPECT_EQ(home_.sql("mysqlinstd", "SELECT DISTINCT email FROM customers;"), "masked@example.invalid\n");
  EXPECT_EQ(home_.json({"resume", "--all"}), Json::array());
}

/// The old database does not start: nobody serves until a person has mended that, and then the next one puts
/// it back.
TEST_F(Runs, OneThatCouldNotBeRolledBackIsTakenUpAgain) {
  home_.make_production();
  home_.must({"run", home_.file(unmasked_file)});
  const Json before = home_.named("mysqlinstd");
  const auto process = start(home_.file(masked_file));
  await(process, [&] { return home_.must({"local", "list"}).find("mysqlinstd-old-") != std::string::npos; });
  os::send_signal(process, SIGKILL);
  await_end(process);
  const std::string run = last_run()["run"];
  if (last_run()["status"] != "RUNNING") GTEST_SKIP() << "it was too fast to be killed between the halves";
  for (const auto& each : home_.json({"local", "list"}))
    if (each["id"] == before["id"]) home_.must({"local", "stop", each["name"]});
  const auto data = home_.path() / "instances" / before["id"].get<std::string>() / "data";
  os::fs::rename(data, data.string() + ".away");

  const auto cancelled = home_.run({"cancel", run});
  EXPECT_EQ(cancelled.exit_code, 1) << cancelled.output;
  EXPECT_THAT(cancelled.output, HasSubstr("rolling back failed: "));
  EXPECT_THAT(cancelled.output, HasSubstr("resume " + run));
  EXPECT_THAT(mail(last_run()), HasSubstr("Then:     mend that, and: dbrefresh resume " + run));
  for (const std::vector<std::string>& looks : {std::vector<std::string>{"list"}, {"history", run}})
    EXPECT_THAT(home_.must(looks), HasSubstr("NOT PUT BACK: ")) << looks[0];
  EXPECT_THAT(home_.must({"status", run}), ContainsRegex("notPutBack +[A-Z]"));
  EXPECT_TRUE(home_.json({"history", run})["notPutBack"].is_string());
  execute(home_.path() / "journal.db", "UPDATE execution SET ended_us = 1 WHERE status = 'FAILED'");
  const auto refused = home_.run({"run", home_.file(masked_file)});
  EXPECT_EQ(refused.exit_code, 2) << refused.output;
  EXPECT_THAT(refused.output, HasSubstr("run " + run + " of the same target could not be rolled back: "));

  os::fs::rename(data.string() + ".away", data);
  EXPECT_EQ(home_.run({"resume", run}).exit_code, 1) << "it is a run that failed";
  EXPECT_EQ(home_.named("mysqlinstd")["id"], before["id"]);
  EXPECT_TRUE(home_.json({"status", run})["notPutBack"].is_null());
  EXPECT_THAT(home_.sql("mysqlinstd", "SELECT COUNT(*) FROM customers;"), HasSubstr("3"));
  EXPECT_THAT(os::read_file(home_.path() / "mail" / (run + "-3.txt")), HasSubstr("everything was put back"));
  home_.must({"run", home_.file(masked_file)});
  EXPECT_EQ(home_.sql("mysqlinstd", "SELECT DISTINCT email FROM customers;"), "masked@example.invalid\n");
}

/// Somebody has thrown away the log that a backup needs: people are told, once.
TEST_F(Runs, AWindowThatHasBecomeSmallerIsTold) {
  std::ofstream(home_.path() / "pw") << "master pw";
  home_.must({"local", "create", "app", "--engine", "mariadb", "--retention-days", "7", "--password-file",
              (home_.path() / "pw").string(), "--database", "app"});
  home_.must({"local", "backup", "app"});
  const auto id = home_.named("app")["id"].get<std::string>();
  const auto notices = [&] {
    std::vector<std::string> all;
    for (const auto& each : os::fs::directory_iterator(home_.path() / "mail"))
      if (each.path().filename().string().starts_with("log-" + id)) all.push_back(os::read_file(each.path()));
    return all;
  };
  EXPECT_THAT(notices(), testing::IsEmpty());
  const auto first = home_.json({"local", "snapshot", "list"})[0]["name"].get<std::string>();
  home_.sql("app", "RESET MASTER;");
  home_.must({"resume", "--all"});
  ASSERT_EQ(notices().size(), 1U);
  EXPECT_THAT(notices()[0], AllOf(HasSubstr("instance app: its log has a gap: "),
                                  HasSubstr("begins any more with " + first)));
  EXPECT_THAT(notices()[0], HasSubstr("it cannot be restored to any"));
  home_.must({"local", "backup", "app"});
  home_.must({"resume", "--all"});
  EXPECT_EQ(notices().size(), 1U);
}

/// As a monitoring plugin: one line with the worst and the numbers, and its exit codes.
TEST_F(Runs, AreWatchedByAPlugin) {
  const auto code = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "check");
    return home_.run(words).exit_code;
  };
  EXPECT_EQ(code({}), 3) << "nothing was ever made";
  home_.make_production();
  home_.must({"run", home_.file(masked_file)});
  EXPECT_THAT(home_.must({"check", "mysqlinstd", "--max-age", "3d"}),
              AllOf(ContainsRegex("^DBREFRESH OK - 1 database, the oldest data is [0-9a-z ]+ old \\| "
                                  "'mysqlinstd'=[0-9]+s;;259200;0\n"),
                    HasSubstr("\nOK       mysqlinstd is ")));
  const auto deadline = clock_.now() + std::chrono::minutes(1);
  while (code({"--max-age", "1s"}) != 2 && clock_.now() < deadline)
    clock_.sleep_until(clock_.now() + std::chrono::milliseconds(100), {});
  const auto old = home_.run({"check", "--max-age", "1s"});
  EXPECT_EQ(old.exit_code, 2);
  EXPECT_THAT(old.output,
              ContainsRegex("^DBREFRESH CRITICAL - mysqlinstd is [0-9a-z ]+ old \\(at most 1 s\\) \\|"));
  const auto short_file = home_.path() / "dev.yaml";
  std::ofstream(short_file) << "refresh: mysqlinstd\nfrom: mysqlinstp\nmax_age: 1s\n";
  EXPECT_EQ(code({short_file}), 2);
  EXPECT_EQ(code({short_file, "--max-age", "1d"}), 0);
  // A nightly file that somebody broke: its target is told apart from others all the same.
  std::ofstream(short_file) << "refresh: mysqlinstd\nform: mysqlinstp\n";
  EXPECT_EQ(code({short_file}), 3);
  ASSERT_EQ(home_.run({"run", short_file}).exit_code, 2);
  EXPECT_EQ(last_run()["target"], "instance/mysqlinstd");
  EXPECT_EQ(code({"mysqlinstd", "--max-age", "1d"}), 1);
  EXPECT_EQ(code({"nobody"}), 3);
  EXPECT_EQ(code({"mysqlinstd", "--max-age", "soon"}), 3);
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--nonsense"}, {"--max-age"}}) {
    EXPECT_EQ(code(wrong), 3);
  }
  EXPECT_THAT(home_.run({"check", "--nonsense"}).output, HasSubstr("DBREFRESH UNKNOWN - "));
  os::fs::permissions(home_.path(), os::fs::perms::others_write, os::fs::perm_options::add);
  const auto unsafe = home_.run({"check"});
  EXPECT_EQ(unsafe.exit_code, 3);
  EXPECT_THAT(unsafe.output, HasSubstr("DBREFRESH UNKNOWN - others may write to the home folder"));
  os::fs::permissions(home_.path(), os::fs::perms::others_write, os::fs::perm_options::remove);
}

TEST_F(Runs, OneThatAnotherProcessDrivesIsCancelledAndAwaited) {
  home_.make_production("pw", 20'000);
  home_.must({"run", home_.file(unmasked_file)});
  const Json before = home_.named("mysqlinstd");
  const auto process = start(home_.file(masked_file));
  await(process, [&] { return home_.json({"list"}).size() > 1; });
  const Json run = last_run();
  const auto cancelled = home_.run({"cancel", run["run"]});
  const Json after = home_.json({"status", run["run"]});
  EXPECT_NE(after["status"], "RUNNING") << "it was not awaited";
  if (after["error"] == "RefreshCancelled") {
    EXPECT_EQ(cancelled.exit_code, 0) << cancelled.output;
    EXPECT_THAT(cancelled.output, HasSubstr("is told to stop; waiting"));
    EXPECT_THAT(cancelled.output, HasSubstr("cancelled: run "));
    EXPECT_THAT(cancelled.output, Not(HasSubstr("interrupted")));
    EXPECT_EQ(home_.named("mysqlinstd")["id"], before["id"]);
  }
  await_end(process);
  EXPECT_TRUE(after["progress"].is_null());
}

TEST_F(Runs, AreLookedAtWithoutChangingAnything) {
  ASSERT_EQ(home_.run({"run", "/nowhere.json"}).exit_code, 2);
  const std::string id = last_run()["run"];
  os::remove_tree(home_.path() / "locks");
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"list"}, {"status", id}, {"history", id}, {"ledger"}, {"steps"}})
    home_.must(command);
  EXPECT_FALSE(os::fs::exists(home_.path() / "locks")) << "a command that looks has made a folder";
}

TEST_F(Runs, APlanAndTheListsOfDatabasesChangeNothing) {
  home_.make_production();
  home_.must({"local", "snapshot", "create", "put-by", "--of", "mysqlinstp"});
  const std::string file = home_.file(masked_file);
  const std::vector<std::vector<std::string>> commands = {
      {"plan", file}, {"local", "list"}, {"local", "snapshot", "list"}, {"list"}};
  const auto before = times_in(home_.path());
  for (const auto& command : commands) home_.must(command);
  EXPECT_EQ(times_in(home_.path()), before);

  if (::geteuid() != 0) GTEST_SKIP() << "a read-only mount needs root";
  for (const auto& command : commands) {
    std::vector<std::string> line = {
        "unshare",
        "-m",
        "/bin/sh",
        "-c",
        "mount --bind $1 $1 && mount -o remount,bind,ro $1 && ! touch $1/new 2>&- && shift && exec $@",
        "sh",
        home_.path().string(),
        PROGRAM,
        "--home",
        home_.path().string()};
    line.insert(line.end(), command.begin(), command.end());
    const auto looked = os::run({.argv = line}, clock_, clock_.now() + std::chrono::minutes(1), {});
    EXPECT_EQ(looked.exit_code, 0) << command[0] << ": " << looked.output;
  }
  EXPECT_EQ(times_in(home_.path()), before);
}

TEST_F(Runs, OfAnotherUserAreRefusedWithTheReason) {
  if (::geteuid() != 0) GTEST_SKIP() << "becoming another user needs root";
  home_.run({"run", "/nowhere.json"});
  const std::string file = SOURCE_DIR "/examples/" + std::string(masked_file);
  for (const unsigned mode : {0711U, 0700U}) {
    os::fs::permissions(home_.path(), os::fs::perms(mode));
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"list"}, {"plan", file}, {"local", "list"}}) {
      std::vector<std::string> line = {PROGRAM, "--home", home_.path().string()};
      line.insert(line.end(), command.begin(), command.end());
      const auto refused = os::run({.argv = line, .user = os::find_user("nobody")}, clock_,
                                   clock_.now() + std::chrono::minutes(1), {});
      EXPECT_EQ(refused.exit_code, 2) << command[0];
      EXPECT_THAT(refused.output, HasSubstr("belongs to root, and you are nobody")) << command[0];
      EXPECT_THAT(refused.output, HasSubstr("hint: run as its owner")) << command[0];
    }
  }
}

TEST_F(Runs, OneWhoseJournalCannotBeWrittenIsStillOpen) {
  home_.make_production("pw", 20'000);
  const std::string file = home_.file(unmasked_file);
  auto running = std::async(std::launch::async, [&] { return home_.run({"run", file}); });
  while (home_.json({"list"}).empty() &&
         running.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready) {
  }
  execute(home_.path() / "journal.db",
          "CREATE TRIGGER stuck BEFORE UPDATE ON execution BEGIN SELECT RAISE(FAIL, 'stuck'); END");
  const auto ended = running.get();
  EXPECT_EQ(ended.exit_code, 130) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("is still open"));
  EXPECT_THAT(ended.output, HasSubstr("dbrefresh --home " + home_.path().string() + " resume "));
  EXPECT_EQ(last_run()["status"], "RUNNING");
  execute(home_.path() / "journal.db", "DROP TRIGGER stuck");
  home_.must({"resume", "--all"});
  EXPECT_EQ(last_run()["status"], "SUCCEEDED");
}

TEST_F(Runs, NothingIsLeftWhenAllIsDeleted) {
  home_.make_production();
  home_.must({"run", home_.file(masked_file)});
  home_.must({"local", "snapshot", "create", "put-by", "--of", "mysqlinstp"});
  ASSERT_FALSE(home_.json({"local", "secret"}).empty());
  EXPECT_EQ(home_.run({"local", "delete", "--all"}).exit_code, 2) << "it needs --force";
  EXPECT_EQ(home_.json({"local", "list"}).size(), 2U);
  home_.must({"local", "delete", "--all", "--force"});
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"local", "list"}, {"local", "snapshot", "list"}, {"local", "secret"}})
    EXPECT_EQ(home_.json(command), Json::array()) << command[1];
  for (const char* folder : {"instances", "snapshots", "archive"})
    EXPECT_TRUE(os::fs::is_empty(home_.path() / folder)) << folder;
  EXPECT_EQ(last_run()["status"], "SUCCEEDED") << "runs stay";
  EXPECT_EQ(home_.json({"ledger"}).size(), 1U);
}

TEST_F(Runs, OfAHomeWithSettingsThatNobodyKnowsAreRefused) {
  std::ofstream(home_.path() / "settings.json")
      << R"({"allowUnmaskd": "x", "smtp": {"url": 1}, "accounts": {"firstUidd": 58000}})";
  for (const std::vector<std::string>& command : {std::vector<std::string>{"run", home_.file(unmasked_file)},
                                                  {"plan", home_.file(unmasked_file)},
                                                  {"local", "list"}}) {
    const auto refused = home_.run(command);
    EXPECT_EQ(refused.exit_code, 2) << command[0];
    for (const char* each : {"settings.json", "'allowUnmaskd' is no setting", "'smtp.url' has another type",
                             "'smtp.from' is missing", "'accounts.firstUidd' is no setting"})
      EXPECT_THAT(refused.output, HasSubstr(each)) << command[0];
  }
  std::ofstream(home_.path() / "settings.json")
      << R"({"accounts": {"firstUid": 58000, "lastUid": 59899}, "strictChecks": false})";
  home_.must({"local", "list"});
}

TEST_F(Runs, AreListedByTargetAndStatus) {
  home_.run({"run", "/nowhere.json"});
  home_.run({"run", home_.file(unmasked_file)});
  EXPECT_EQ(home_.json({"list", "--target", "mysqlinstd"}).size(), 1U);
  EXPECT_EQ(home_.json({"list", "--status", "refused"}).size(), 2U);
  EXPECT_EQ(home_.json({"list", "--status", "succeeded"}).size(), 0U);
  EXPECT_EQ(home_.json({"list", "--last", "1"}).at(0)["target"], "instance/mysqlinstd");
  EXPECT_EQ(home_.run({"list", "--status", "nonsense"}).exit_code, 2);
}

TEST_F(Runs, OfAHomeOfAnOlderVersionAreListedAndPutBack) {
  unpack_old_home();
  const Json before = home_.json({"list"});
  ASSERT_EQ(before.size(), 2U);
  EXPECT_EQ(before[0]["status"], "SUCCEEDED");
  EXPECT_TRUE(before[0]["masked"].is_null()) << "nobody was asked then";
  EXPECT_EQ(before[1]["status"], "RUNNING");
  EXPECT_FALSE(home_.json({"history", before[0]["run"]})["attempts"].empty());
  EXPECT_EQ(home_.json({"status", before[1]["run"]})["step"], "perform-restore");
  EXPECT_EQ(home_.json({"ledger"}).size(), 1U);

  // The old database, which has no data here, cannot be started again: that is no success, and is said.
  const auto cancelled = home_.run({"cancel", before[1]["run"]});
  EXPECT_EQ(cancelled.exit_code, 1);
  EXPECT_THAT(cancelled.output, HasSubstr("rolling back failed"));
  EXPECT_EQ(last_run()["status"], "FAILED");
  EXPECT_EQ(last_run()["error"], "RefreshCancelled");
  EXPECT_EQ(home_.json({"ledger"}).size(), 2U);
}

TEST_F(Runs, ThatEndedLongAgoAreForgottenAndTheLedgerIsNot) {
  unpack_old_home();
  execute(home_.path() / "journal.db", "UPDATE execution SET ended_us = 1 WHERE status = 'SUCCEEDED'");
  const auto refused = home_.run({"run", "/nowhere.json"});
  ASSERT_EQ(refused.exit_code, 2) << refused.output;
  EXPECT_EQ(home_.json({"list", "--status", "succeeded"}).size(), 0U);
  EXPECT_EQ(home_.json({"ledger"}).size(), 2U);
}

TEST_F(Runs, TheirSecretsAreRevealedToWhoeverSaysSo) {
  std::ofstream(home_.path() / "secret.json") << R"({"password": "temppwd123"})";
  home_.must({"local", "secret", "mine", "--set", (home_.path() / "secret.json").string()});
  EXPECT_EQ(home_.json({"local", "secret", "mine"})["password"], "(hidden)");
  EXPECT_EQ(home_.run({"local", "secret", "mine", "--reveal"}).exit_code, 2);
  EXPECT_EQ(home_.json({"local", "secret", "mine", "--reveal", "--yes"})["password"], "temppwd123");
}

TEST_F(Runs, TheJsonOfOneThatFollowsAnInterruptedOneIsOneDocument) {
  home_.make_production();
  const auto process = start(home_.file(unmasked_file));
  await(process, [&] { return !home_.json({"list"}).empty(); });
  os::send_signal(process, SIGKILL);
  await_end(process);
  const Json answer = home_.json({"run", home_.file(unmasked_file)});
  ASSERT_TRUE(answer.is_object());
  EXPECT_EQ(answer["run"], last_run()["run"]);
  EXPECT_EQ(answer["connect"]["port"], home_.port());
}

TEST_F(Runs, APlanAsJsonIsThePlan) {
  home_.make_production();
  const Json plan = home_.json({"plan", home_.file(masked_file)});
  EXPECT_EQ(plan["target"], "mysqlinstd");
  EXPECT_EQ(plan["masked"], true);
  EXPECT_THAT(plan["notes"].dump(), Not(HasSubstr("is kept")));
  EXPECT_THAT(home_.json({"plan", "--keep-failed", home_.file(masked_file)})["notes"].dump(),
              HasSubstr("kept, closed to users, as 'mysqlinstd-failed-xxxxxx'"));
  EXPECT_TRUE(plan["exists"].is_null());
  EXPECT_EQ(plan["steps"][0]["state"], "plan");
  EXPECT_EQ(home_.json({"steps", "restore"}).size(), 1U);
}

}  // namespace
}  // namespace tests
