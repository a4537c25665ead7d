// Which scripts earlier runs show to be too long for a function of Lambda.
#include "refresh/script_times.h"

#include <gmock/gmock.h>

#include "refresh/file.h"
#include "runs/view.h"
#include "tests/simulation/world.h"

namespace tests {
namespace {

using base::Json;
using refresh::scripts_too_long;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A file that masks the initial database with 1.sql and 2.sql.
Json members(const char* method = "lambda") {
  Json text = Json::parse(instance_file());
  text["runscripts"]["method"] = method;
  return refresh::parse_refresh_file(text.dump()).members;
}

Json state_with(const std::string& run, const Json& scripts) {
  return {{"run", run}, {"results", {{"runscripts", {{"scripts", scripts}}}}}};
}

std::vector<std::string> named(const std::vector<Json>& states, const Json& of = members()) {
  std::vector<std::string> all;
  for (const auto& each : scripts_too_long(of, states))
    all.push_back(each.field + " " + each.script + " " + each.why);
  return all;
}

TEST(ScriptTimes, TheNewestRunThatSaysAnythingStands) {
  const auto slow = state_with("r1", {{{"script", "1.sql"}, {"ms", 1'200'000}}}),
             quick = state_with("r2", {{{"script", "1.sql"}, {"ms", 800'000}}}),
             other = state_with("r3", {{{"script", "old.sql"}, {"ms", 9'000'000}}});
  EXPECT_THAT(named({other, slow}), ElementsAre("keys 1.sql took 20 min 00 s in run r1"));
  EXPECT_THAT(named({quick, slow}), IsEmpty());
  EXPECT_THAT(named({slow, quick}), ElementsAre("keys 1.sql took 20 min 00 s in run r1"));
  EXPECT_THAT(named({slow}, members("ec2")), IsEmpty()) << "no function runs it";
}

TEST(ScriptTimes, RunsOfOlderVersionsHaveTheTimesOfStatements) {
  Json of = {{"script", "2.sql"},
             {"count", 2},
             {"statements", {{{"number", 1}, {"ms", 500'000}}, {{"number", 2}, {"ms", 400'000}}}}};
  EXPECT_THAT(named({state_with("r", Json::array({of}))}),
              ElementsAre("keys 2.sql took 15 min 00 s in run r"));
  of["count"] = 3;
  EXPECT_THAT(named({state_with("r", Json::array({of}))}), IsEmpty())
      << "what the third one took is not known";
}

TEST(ScriptTimes, AScriptThatACallHadNoTimeForIsNamed) {
  Json cut = state_with("r", Json::array());
  cut["failure"] = {{"Error", "DeadlineExceeded"},
                    {"Cause", "DeadlineExceeded: 2.sql:7: statement 3 of 9 failed: the time for it is over"}};
  EXPECT_THAT(named({cut}), ElementsAre("keys 2.sql was cut off in run r, whose call had no more time"));
  cut["failure"]["Error"] = "SqlError";
  EXPECT_THAT(named({cut}), IsEmpty());
}

TEST(ScriptTimes, WhatIsLikeNoStateSaysNothing) {
  for (const char* odd : {"null", "5", "{}", R"({"run": 1, "results": 2, "failure": "x"})",
                          R"({"results": {"runscripts": {"scripts": [1, {"script": "1.sql"}]}}})",
                          R"({"results": {"runscripts": {"scripts": [{"script": "1.sql", "ms": "x"}]}}})"})
    EXPECT_THAT(named({Json::parse(odd)}), IsEmpty()) << odd;
}

TEST(ScriptTimes, ARunRecordsWhatItsScriptsTook) {
  SimulatedWorld w(instance_file(), false, {.statement_takes = std::chrono::minutes(7)},
                   {.times = {.heavy = std::chrono::hours(2)}});
  w.scripts.objects["b/p/1.sql"] = "UPDATE a SET b = 1\nUPDATE a SET c = 1\n";
  w.scripts.objects["b/p/2.sql"] = "UPDATE c SET d = 1\n";
  w.run();
  ASSERT_TRUE(w.completed()) << w.cause();
  const auto found = scripts_too_long(members(), {runs::state_of(*w.journal.find(w.run_id))});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(to_string(found[0]), HasSubstr("'1.sql' took 14 min 00 s in run " + w.run_id));
  EXPECT_THAT(to_string(found[0]), HasSubstr("method ec2"));
}

}  // namespace
}  // namespace tests
