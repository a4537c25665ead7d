// The step that runs scripts, delivered twice at the same moment to two processes, on real servers.
#include <gmock/gmock.h>

#include <barrier>
#include <fstream>

#include "base/error.h"
#include "refresh/document.h"
#include "refresh/lookup.h"
#include "refresh/marks.h"
#include "runs/world.h"
#include "tests/conformance/with_bank.h"
#include "tests/simulation/world.h"

namespace tests {
namespace {

using base::Json;
using namespace std::chrono_literals;

class LocalScripts : public WithBank {
 protected:
  LocalScripts() {
    os::fs::create_directories(bank_.home.buckets() / "b/p");
    const char* pause = postgres() ? "SELECT pg_sleep(0.3)" : "SELECT SLEEP(0.3)";
    std::ofstream(bank_.home.buckets() / "b/p/1.sql") << "INSERT INTO ran VALUES (1)\n" << pause << "\n";
    std::ofstream(bank_.home.buckets() / "b/p/2.sql") << "INSERT INTO ran VALUES (2)\n";
    databases_.login(bank_.source, bank_password, "")->query("CREATE TABLE ran (script INT)");
  }

  /// A copy that `run` has made, and of which no script has begun.
  void belongs_to(const provider::Database& copy, const std::string& run) {
    provider::Tags tags = refresh::scripts_mark(run, 0);
    tags.merge(provider::Tags{{"refresh", "true"}, {"refresh-run", run}});
    bank_.make_so(copy.id, {.master_password = base::Secret("new'password"), .tags = tags});
    Json kept = {{"changemasterpwd.temppwd", "new'password"}};
    bank_.secrets.put_pending(refresh::run_secret_name(run), base::Secret(kept.dump()));
    bank_.secrets.promote(refresh::run_secret_name(run));
  }

  /// What an attempt at the step is given.
  Json input(const std::string& run) {
    Json text = Json::parse(instance_file());
    text["runscripts"]["engine"] = GetParam();
    text["runscripts"]["access"] = "pwd";
    text["runscripts"]["temppwd"] = "new'password";
    const auto file = refresh::parse_refresh_file(text.dump());
    EXPECT_TRUE(file.ok()) << base::to_string("file", file.problems.at(0));
    Json state = refresh::run_input(run, file, false, clock_.now());
    state["results"]["plan"] = {{"source", bank_.source}};
    return {{"state", "run-scripts-mysql"}, {"run", state}};
  }

  /// The answer of one process that is asked.
  std::string deliver(const std::string& run) {
    runs::LocalWorld world(folder_.path().string());
    const Json given = input(run);
    const std::string state = given["state"];
    try {
      return refresh::make_task(world.services())({.execution = run,
                                                   .state = state,
                                                   .input = given,
                                                   .clock = world.clock,
                                                   .stop = {},
                                                   .cancel = {},
                                                   .tell = [](const base::Note&) {}})
          .at("status");
    } catch (const base::Error& error) {
      return to_string(error);
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, LocalScripts, families, family_name);

TEST_P(LocalScripts, RunOnceThoughTwoAreToldToRunThemAtTheSameMoment) {
  const auto copy = bank_.restore(provider::RestoreType::latest_point, "copy");
  for (int round = 1; round <= 4; ++round) {
    const std::string run = "20260101000000-round" + std::to_string(round);
    belongs_to(copy, run);
    std::barrier together(2);
    std::string answers[2];
    {
      std::vector<std::jthread> calls;
      for (auto& answer : answers)
        calls.emplace_back([&] {
          together.arrive_and_wait();
          answer = deliver(run);
        });
    }
    EXPECT_THAT(answers, testing::Contains("SUCCEEDED"));
    EXPECT_THAT(answers, testing::Each(testing::AnyOf("SUCCEEDED", "PENDING")));
    EXPECT_EQ(deliver(run), "SUCCEEDED")
        << "the lock went with its session, and the mark says that all is done";
    EXPECT_EQ(administrate(copy.id)->scalar("SELECT COUNT(*) FROM ran"), std::to_string(2 * round));
  }
}

/// Whoever is told late, with what was known before, throws nothing away that another one works on.
TEST_P(LocalScripts, NobodyThrowsACopyAwayWhileItsScriptsRun) {
  const auto copy = bank_.restore(provider::RestoreType::latest_point, "copy");
  const std::string run = "20260101000000-abcdef";
  belongs_to(copy, run);
  bank_.make_so(copy.id, {.tags = refresh::scripts_mark(run, 1)});
  {
    const auto holder = databases_.login(copy.id, base::Secret("new'password"), "");
    ASSERT_TRUE(holder->try_lock(refresh::scripts_lock(run), 60s));
    EXPECT_EQ(deliver(run), "PENDING");
    EXPECT_EQ(databases_.get(copy.id)->status, "available");
  }
  const auto deadline = clock_.now() + 60s;
  while (databases_.get(copy.id) && clock_.now() < deadline) deliver(run);
  EXPECT_FALSE(databases_.get(copy.id)) << "nobody knows how far they came on it";
}

}  // namespace
}  // namespace tests
