#include "refresh/file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "asl/intrinsics.h"
#include "asl/machine.h"
#include "refresh/document.h"
#include "refresh/workflow.h"
#include "tests/simulation/world.h"

namespace refresh {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string example(const std::string& name) {
  return os::read_file(std::string(SOURCE_DIR "/examples/") + name);
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  for (const auto& each : parse_refresh_file(text).problems) out.push_back(base::to_string("f", each));
  return out;
}

TEST(RefreshFile, TheExamplesAreValid) {
  for (const char* name :
       {"db-app1-mysqlinstd.json", "test-2b/db-app1-mysqlinstd.json", "test-3c/db-app1-mysqlinstd.json",
        "from-snapshot/db-app1-mysqlinstd.json", "point-in-time/db-app1-mysqlinstd.json",
        "scripts-on-ec2/db-app1-mysqlinstd.json", "db-app2-auposinstd.json"})
    EXPECT_THAT(lines(example(name)), IsEmpty()) << name;
}

TEST(RefreshFile, TakesValuesAndKeepsSecretsApart) {
  const auto file = parse_refresh_file(example("test-3c/db-app1-mysqlinstd.json"));
  EXPECT_EQ(
      to_json(file.names),
      Json::parse(
          R"({"kind": "instance", "source": "mysqlinstp", "target": "mysqlinstd", "temp": "mysqlinstdtemp", "instance": "mysqlinstd", "instance_temp": "mysqlinstdtemp"})"));
  EXPECT_EQ(file.members["restore"]["multiaz"], false);
  EXPECT_EQ(file.members["restore"]["copytagstosnap"], true);
  EXPECT_EQ(file.members["runscripts"]["keys"], Json({"01script.sql", "02script.sql"}));
  EXPECT_FALSE(file.members.contains("createreplicas"));
  EXPECT_EQ(file.secrets.at("changemasterpwd.temppwd").reveal(), "temppwd123");
  EXPECT_THAT(file.members.dump(), Not(HasSubstr("temppwd123")));
}

/// Without changemasterpwd the master gets a password that is made up, whatever others say.
TEST(RefreshFile, WarnsOfPasswordsThatNothingSets) {
  auto file = Json::parse(example("test-3c/db-app1-mysqlinstd.json"));
  file["createsecret"] = {{"torun", true},           {"dbservice", "rds"}, {"dbinstance", "mysqlinstd"},
                          {"temppwd", "temppwd123"}, {"secretname", "s"},  {"rotation", false}};
  file["runscripts"]["access"] = "pwd";
  file["runscripts"]["temppwd"] = "temppwd123";
  EXPECT_THAT(lines(file.dump()), Not(Contains(HasSubstr("is not used: no step"))));
  file["changemasterpwd"] = {{"torun", false}};
  EXPECT_THAT(lines(file.dump()),
              testing::IsSupersetOf({HasSubstr("$.createsecret.temppwd: warning: is not used: no step"),
                                     HasSubstr("$.runscripts.temppwd: warning: is not used: no step")}));
  file["runscripts"]["access"] = "secret";
  file["runscripts"]["secretname"] = "s";
  EXPECT_THAT(lines(file.dump()), Not(Contains(HasSubstr("$.runscripts.temppwd: warning: is not used"))));
}

/// Whoever may write such a file is not to read files of this host by it.
TEST(RefreshFile, HasNoScriptsThatAreFilesOfThisHost) {
  auto file = Json::parse(example("test-3c/db-app1-mysqlinstd.json"));
  file["runscripts"]["bucketname"] = "file:";
  file["runscripts"]["prefix"] = "/etc";
  EXPECT_THAT(lines(file.dump()), Contains(HasSubstr("$.runscripts.bucketname: is no name of a bucket")));
}

TEST(RefreshFile, ReadsTheDialectWithNewNames) {
  auto text = replaced(example("db-app1-mysqlinstd.json"), "\"target\": \"mysqlinstd\"",
                       "\"target\": \"mysqlinstnew\"");
  text = replaced(text, "\"dbinstance\": \"mysqlinstdtemp\",\n       \"checktodo\": \"checkrestore\"",
                  "\"dbinstance\": \"mysqlinstnewtemp\",\n       \"checktodo\": \"checkrestore\"");
  text = replaced(text, "\"dbinstance\": \"mysqlinstdtemp\",",
                  "\"dbinstance\": \"mysqlinstnew\", \"dbinstance_newname\": \"mysqlinstd\",");
  EXPECT_THAT(lines(text), IsEmpty());
  const auto file = parse_refresh_file(text);
  EXPECT_EQ(file.names.temp, "mysqlinstnew");
  EXPECT_EQ(file.names.target, "mysqlinstd");
}

TEST(RefreshFile, AcceptsBooleansAndNumbersInEverySpelling) {
  auto text = replaced(example("db-app1-mysqlinstd.json"), "\"multiaz\": \"False\"", "\"multiaz\": false");
  text = replaced(text, "\"iamdbauth\": \"False\"", "\"iamdbauth\": \"fAlSe\"");
  text = replaced(text, "\"port\": 3307", "\"port\": \"3307\"");
  EXPECT_THAT(lines(text), IsEmpty());
}

struct Fault {
  const char* what;
  const char* with;
  const char* expected;
};

TEST(RefreshFile, NamesEveryFaultWithLineAndPath) {
  const Fault faults[] = {
      {"\"secgrpids\": \"sg-0a1b2c3d\"", "\"secgrpids\": \"CHANGE_ME\"",
       "f:36: $.restore.secgrpids: still says CHANGE_ME"},
      {"\"port\": 3307", "\"port\": \"33o7\"",
       "$.restore.port: must be an integer of at least 1, got '33o7'"},
      {"\"port\": 3307", "\"port\": 99999", "$.restore.port: must be at most 65535, got 99999"},
      {"\"source\": \"mysqlinstp\"", "\"source\": \"mysqlinstd\"",
       "$.restore.target: 'mysqlinstd' is the source"},
      {"\"restoretype\": \"latestpoint\"", "\"restoretype\": \"lastpoint\"",
       "got 'lastpoint'; did you mean 'latestpoint'?"},
      {"\"restoretype\": \"latestpoint\"", "\"restoretype\": \"restorepoint\"",
       "$.restore.restoretime: is required when restoretype is restorepoint"},
      {"\"restoretype\": \"latestpoint\"", "\"restoretype\": \"fastcloning\"",
       "$.restore.restoretype: 'fastcloning' is for dbservice aurora"},
      {"\"storagetype\": \"gp2\"", "\"storagetype\": \"io1\"",
       "$.restore.iops: is required when storagetype is io1|io2"},
      {"\"dbclass\": \"db.t3.micro\",", "", "$.restore.dbclass: is required"},
      {"\"dbclass\": \"db.t3.micro\"", "\"dbclass\": 5", "$.restore.dbclass: must be text, got '5'"},
      {"\"cwalogs\": \"audit,error,general,slowquery\"", "\"cwalogs\": \"audit,slow\"",
       "$.restore.cwalogs: has 'slow'"},
      {"\"multiaz\": \"False\"", "\"multiaz\": \"no\"", "$.restore.multiaz: must be true or false, got 'no'"},
      {"\"source\": \"mysqlinstp\"", "\"source\": \"mysql--p\"", "$.restore.source: must be an identifier"},
      {"\"checktodo\": \"checkrestore\"", "\"checktodo\": \"checkpwd\"",
       "$.restore.check.checktodo: says \"checkpwd\" and contradicts"},
      {"\"dbinstance\": \"mysqlinstdtemp\",\n       \"checktodo\": \"checkrestore\"",
       "\"dbinstance\": \"other\",\n       \"checktodo\": \"checkrestore\"",
       "$.restore.check.dbinstance: says \"other\" and contradicts"},
      {"\"torun\": \"true\"\n    },\n    \"torun\": \"true\"",
       "\"torun\": \"false\"\n    },\n    \"torun\": \"true\"",
       "$.restore.check.torun: is false while $.restore runs"},
      {"\"arn:aws:rds:CHANGE_ME:CHANGE_ME:db:mysqlinstd\"", "\"arn:aws:rds:eu-west-1:1:db:production\"",
       "$.fixtags.dbarn: 'arn:aws:rds:eu-west-1:1:db:production' names something else"},
      {"\"temppwd\": \"temppwd123\"", "\"temppwd\": \"\"", "$.changemasterpwd.temppwd: must not be empty"},
      {"\"engine\": \"mysql\",", "", "$.runscripts.engine: is required even when the step is skipped"},
      {"\"multiaz\"", "\"multiazz\"", "warning: is not a field of restore; did you mean 'multiaz'?"},
      {"\"runscripts\": {", "\"runscript\": {",
       "$.runscript: warning: is not a member of a refresh file; did you mean 'runscripts'?"},
      {"\"dbservice\": \"rds\",\n    \"source\"", "\"dbservice\": \"mysql\",\n    \"source\"",
       "$.restore.dbservice: must be rds or aurora, got 'mysql'"},
      {"\"comment\": \"Input for the State Machine\",", "\"comment\": 1,,", "is not valid JSON"},
  };
  const std::string good = example("db-app1-mysqlinstd.json");
  for (const Fault& fault : faults)
    EXPECT_THAT(lines(replaced(good, fault.what, fault.with)), Contains(HasSubstr(fault.expected)))
        << fault.with;
}

TEST(RefreshFile, NamesAllThatEnhancedMonitoringLacks) {
  const std::string good = example("db-app2-auposinstd.json");
  const auto faults = lines(replaced(good, "\"enhancedmon\": \"False\"", "\"enhancedmon\": \"True\""));
  EXPECT_THAT(faults, Contains(HasSubstr("$.createinstance.enhancedmoninterval: is required when "
                                         "enhancedmon is true")));
  EXPECT_THAT(faults, Contains(HasSubstr("$.createinstance.enhancedmonrolearn: is required when "
                                         "enhancedmon is true")));
  EXPECT_THAT(lines(replaced(good, "\"enhancedmon\": \"False\"",
                             "\"enhancedmon\": \"True\", \"enhancedmoninterval\": 30, "
                             "\"enhancedmonrolearn\": \"arn:aws:iam::1:role/monitoring\"")),
              IsEmpty());
}

TEST(RefreshFile, SaysWhichIopsAreNotUsed) {
  const std::string good = example("db-app1-mysqlinstd.json");
  for (const char* type : {"gp2", "gp3"})
    EXPECT_THAT(
        lines(replaced(good, "\"storagetype\": \"gp2\"",
                       fmt::format("\"storagetype\": \"{}\", \"iops\": 3000", type))),
        Contains(HasSubstr(fmt::format("$.restore.iops: warning: is not used with storagetype {}", type))));
  EXPECT_THAT(lines(replaced(good, "\"storagetype\": \"gp2\"", "\"storagetype\": \"io1\", \"iops\": 3000")),
              IsEmpty());
}

TEST(RefreshFile, TakesWhatBecomesOfEachDatabase) {
  const std::string text = example("test-3c/db-app1-mysqlinstd.json");
  auto with = [&](const std::string& databases) {
    return replaced(text, "\"keys\":", "\"databases\": " + databases + ", \"keys\":");
  };
  const auto file = parse_refresh_file(with(R"({"a": "1.sql, 2.sql", "b": "clean", "c": "drop"})"));
  EXPECT_EQ(file.members["runscripts"]["databases"],
            Json({{"a", {"1.sql", "2.sql"}}, {"b", "clean"}, {"c", "drop"}}));
  EXPECT_THAT(lines(with("[]")), Contains(HasSubstr("$.runscripts.databases: must be an object")));
  for (const char* wrong : {"5", "\"\"", "[\"1.sql\"]"})
    EXPECT_THAT(lines(with(std::string("{\"a\": ") + wrong + "}")),
                Contains(HasSubstr("$.runscripts.databases: must say for 'a' the scripts")));
}

TEST(RefreshFile, RefusesPortsOfReplicasThatAreNone) {
  const std::string text = tests::instance_file();
  for (const char* port : {"70000", "99999999999", "0", "x", "-1"})
    EXPECT_THAT(lines(replaced(text, "dev-r_c_3308", std::string("dev-r_c_") + port)),
                Contains(HasSubstr("$.createreplicas.replicas: 'dev-r_c_")));
}

TEST(RefreshFile, ListsAllProblemsAtOnce) {
  auto text = replaced(example("db-app1-mysqlinstd.json"), "\"port\": 3307", "\"port\": -1");
  text = replaced(text, "\"dbclass\": \"db.t3.micro\",", "");
  text = replaced(text, "\"temppwd\": \"temppwd123\"", "\"temppwd\": 7");
  EXPECT_EQ(lines(text).size(), 3U);
}

TEST(RefreshFile, NeverShowsASecret) {
  auto text = replaced(example("db-app1-mysqlinstd.json"), "\"temppwd\": \"temppwd123\"",
                       "\"temppwd\": [\"hunter2\"]");
  EXPECT_THAT(lines(text),
              Contains(HasSubstr("$.changemasterpwd.temppwd: must be text, got the given value")));
  EXPECT_THAT(testing::PrintToString(lines(text)), Not(HasSubstr("hunter2")));
}

TEST(RefreshFile, RefusesWhatIsNoFile) {
  EXPECT_THAT(lines(""), Not(IsEmpty()));
  EXPECT_THAT(lines("[]"), Contains(HasSubstr("must be an object")));
  EXPECT_THAT(lines("{}"), Contains(HasSubstr("$.restore.torun: must be true")));
  EXPECT_THAT(lines("{\"restore\": 5}"), Contains(HasSubstr("$.restore: must be an object")));
}

TEST(RefreshFile, SurvivesMutations) {
  asl::Entropy entropy{7};
  const std::string seeds[] = {example("test-3c/db-app1-mysqlinstd.json"), example("db-app2-auposinstd.json"),
                               tests::instance_file(), tests::cluster_file()};
  int good = 0;
  for (int i = 0; i < 5'000; ++i) {
    std::string text = seeds[entropy.next() % 4];
    for (std::uint64_t n = entropy.next() % 4 + 1; n > 0; --n) {
      const auto at = entropy.next() % text.size();
      if (entropy.next() % 2 == 0)
        text[at] = static_cast<char>(entropy.next() % 256);
      else
        text.erase(at, entropy.next() % 10);
    }
    const auto file = parse_refresh_file(text);
    for (const auto& problem : file.problems) ASSERT_GE(problem.line, 1);
    good += file.ok() ? 1 : 0;
  }
  EXPECT_GT(good, 50);
}

/// For Step Functions: limits of a definition are 1 MiB, and a rename of a function is nobody's to forget.
TEST(Document, OfStepFunctionsGivesEachTaskToAFunctionOfItsRights) {
  const auto document = step_functions_machine();
  EXPECT_THAT(asl::lint(base::LocatedJson::parse(document.dump(2))), IsEmpty());
  EXPECT_LT(document.dump().size(), 1U << 20U);
  std::map<std::string, std::set<std::string>> tasks;
  for (const auto& [name, state] : document["States"].items())
    if (state["Type"] == "Task") {
      tasks[state["Resource"]].insert(name);
      EXPECT_GT(state["TimeoutSeconds"], 0) << name;
      EXPECT_EQ(state["Retry"].size(), 2U) << name;
      EXPECT_EQ(state["Catch"].back()["ErrorEquals"][0], "States.ALL") << name;
    }
  EXPECT_THAT(tasks["${PlanFunction}"], ElementsAre("plan"));
  EXPECT_THAT(tasks["${ReportFunction}"],
              ElementsAre("send-msg", "send-msg-failure", "update-dynamodb", "update-dynamodb-failure"));
  EXPECT_THAT(tasks["${SqlFunction}"],
              ElementsAre("change-master-pwd", "check-pwd", "check-rotate-pwd", "check-run-scripts",
                          "check-status-rename", "check-status-rename-cluster", "rename-cluster",
                          "rename-database", "rotate-master-pwd", "run-scripts-mysql", "verify"));
  EXPECT_EQ(tasks.size(), 4U);
}

TEST(Document, IsAValidStateMachineWithTheKnownNames) {
  const auto document = state_machine();
  EXPECT_THAT(asl::lint(base::LocatedJson::parse(document.dump(2))), IsEmpty());
  for (const char* name : {"PRE-RESTORE",
                           "delete-replicas",
                           "wait-delete-replicas",
                           "check-status-deletereplicas",
                           "outcome-delete-replicas",
                           "stop-old-database",
                           "wait-shutdown",
                           "check-status-shutdown",
                           "outcome-shutdown",
                           "RESTORE",
                           "perform-restore",
                           "wait-restore",
                           "check-status-restore",
                           "outcome-restore",
                           "create-instance",
                           "POST-RESTORE",
                           "delete-old-database",
                           "wait-delete",
                           "delete-old-cluster",
                           "rename-cluster",
                           "rename-database",
                           "fix-tags",
                           "wait-tags",
                           "create-read-replicas",
                           "wait-replicas",
                           "create-secret",
                           "check-secret",
                           "change-master-pwd",
                           "check-pwd",
                           "rotate-master-pwd",
                           "check-rotate-pwd",
                           "engine-choice",
                           "run-scripts-mysql",
                           "update-dynamodb",
                           "send-msg",
                           "RESTORE-COMPLETE",
                           "update-dynamodb-failure",
                           "send-msg-failure",
                           "RESTORE-FAILED"})
    EXPECT_TRUE(document["States"].contains(name)) << name;
}

TEST(Reference, TellsOfEveryField) {
  const std::string all = reference("");
  for (const Step* step : sequence())
    for (const Field& field : step->fields)
      EXPECT_THAT(all, HasSubstr("| `" + std::string(field.name) + "` |")) << step->key;
  EXPECT_EQ(reference("nope"), "");
  EXPECT_NE(os::read_file(SOURCE_DIR "/docs/refresh-file.md").find(all), std::string::npos) << "make docs";
}

}  // namespace
}  // namespace refresh
