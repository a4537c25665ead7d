// Real answers of the program against docs/json.md: the members, and their types.
#include <gmock/gmock.h>

#include "base/text.h"
#include "tests/end-to-end/contract.h"
#include "tests/end-to-end/program.h"

namespace tests {
namespace {

using base::Json;

TEST(JsonAnswers, AreAsTheirPageSays) {
  const Contract contract;
  Home home;
  home.make_production();
  auto expect = [&](const std::vector<std::string>& command, const std::string& type) {
    SCOPED_TRACE(base::join(command, " "));
    const Json answer = home.json(command);
    contract.expect(answer, type, "$");
    return answer;
  };
  const std::string masked = home.file("test-3c/db-app1-mysqlinstd.json");
  const std::string wrong = home.file("test-3c/db-app1-mysqlinstd.json",
                                      {{"\"source\": \"mysqlinstp\"", "\"source\": \"nothere\""}});
  std::ofstream(home.path() / "empty.json") << "";

  expect({"plan", masked}, "plan");
  expect({"plan", (home.path() / "empty.json").string()}, "plan");
  expect({"validate", masked, wrong}, "validation");
  const Json refused = expect({"run", wrong}, "outcome");
  EXPECT_EQ(refused["problems"].size(), 1U);
  const Json made = expect({"run", masked}, "outcome");
  EXPECT_EQ(made["status"], "SUCCEEDED");
  const Json estimate = expect({"plan", masked}, "plan")["estimate"];
  EXPECT_EQ(estimate["runs"], 1);
  EXPECT_GT(estimate["seconds"].get<double>(), 0);
  EXPECT_TRUE(estimate["downtimeSeconds"].is_null()) << "it replaced nothing";
  expect({"run", "/nowhere.json"}, "outcome");
  expect({"resume", made["run"]}, "outcome");
  expect({"resume", "--all"}, "array of outcome");
  expect({"cancel", made["run"]}, "error");
  expect({"status", "nothing"}, "error");
  expect({"statsu"}, "error");
  expect({"run"}, "error");
  EXPECT_EQ(expect({"list"}, "array of run").size(), 3U);
  for (const auto& run : {made, refused}) {
    expect({"status", run["run"]}, "status");
    expect({"history", run["run"]}, "history");
  }
  expect({"ledger"}, "array of ledger row");
  expect({"check"}, "check");
  expect({"check", "mysqlinstd", "nobody", "--max-age", "1h"}, "check");
  expect({"check", "--max-age", "soon"}, "check");
  expect({"steps"}, "array of step");
  expect({"steps", "restore"}, "array of step");
  expect({"local", "list"}, "array of database");
  expect({"local", "connect", "mysqlinstd", "--print"}, "clients");
  expect({"local", "secret"}, "array of string");
  expect({"local", "snapshot", "create", "put-by", "--of", "mysqlinstd"}, "snapshot");
  EXPECT_EQ(home.run({"local", "snapshot", "create", "put-by", "--of", "mysqlinstd"}).exit_code, 2);
  expect({"local", "snapshot", "list"}, "array of snapshot");
  expect({"local", "snapshot", "delete", "put-by"}, "array of string");
  expect({"local", "backup", "--all"}, "array of done");
  expect({"local", "stop", "mysqlinstd"}, "database");
  expect({"local", "start", "mysqlinstd"}, "database");
  expect({"local", "start", "--all"}, "array of done");
  expect({"local", "delete", "mysqlinstd"}, "array of string");
  std::ofstream(home.path() / "password") << "of a new one";
  EXPECT_EQ(expect({"local", "create", "another", "--password-file", (home.path() / "password").string()},
                   "database")["status"],
            "available");
  EXPECT_EQ(home.json({"asl", "show"})["StartAt"], "PRE-RESTORE");
  std::ofstream(home.path() / "machine.json")
      << R"({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 5, "End": true}}})";
  std::ofstream(home.path() / "failing.json")
      << R"({"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "E", "Cause": "c"}}})";
  const Json passed = home.json({"asl", "run", "--definition", (home.path() / "machine.json").string()});
  EXPECT_EQ(passed["output"], 5);
  EXPECT_EQ(passed["status"], "SUCCEEDED");
  EXPECT_EQ(home.json({"asl", "run", "--definition", (home.path() / "failing.json").string()})["cause"], "c");
}

}  // namespace
}  // namespace tests
