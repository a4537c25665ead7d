// A whole refresh by the real program of the functions: the published state machine, run by our own
// interpreter, calls a process for each right.
#include "engine/engine.h"
#include "refresh/document.h"
#include "refresh/launch.h"
#include "refresh/lookup.h"
#include "refresh/passwords.h"
#include "tests/end-to-end/aws_program.h"
#include "tests/lambda/lambda.h"

namespace tests {
namespace {

using base::Json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* run_id = "20260131120000-lambda";

/// The quarantine group lets in who is in the functions' group, as the stack's does.
Json world_of_stack() {
  Json world = Json::parse(os::read_file(SOURCE_DIR "/tests/end-to-end/aws-world.json"));
  Json& groups = world["security_groups"];
  for (Json& each : groups)
    if (each.at("name") == "quarantine") {
      each.erase("cidr");
      each["from"] = {"functions"};
    }
  groups.insert(groups.begin(), Json{{"name", "functions"}});
  return world;
}

/// One function of the stack: its service, and its process.
struct FunctionProcess {
  LambdaService service;
  std::optional<os::ProcessId> process;
};

class Lambda : public AwsProgram {
 protected:
  Lambda() : AwsProgram("real", world_of_stack()) { write_usual_file(); }
  ~Lambda() override {
    for (const auto& [name, each] : functions_)
      if (each->process) os::send_signal(*each->process, SIGKILL);
  }

  /// Only that for SQL is in the network that databases are in: the others find none of their addresses.
  std::vector<std::string> environment_of(const std::string& name) {
    auto all = aws_environment(bed_.facts());
    std::erase_if(all, [&](const std::string& each) {
      return each.starts_with("DBREFRESH_ADDRESSES") ||
             (name != "${SqlFunction}" &&
              (each.starts_with("NSS_WRAPPER") || each.starts_with("LD_PRELOAD")));
    });
    all.push_back("DBREFRESH_GROUPS=" + made_.at("security_groups").at("functions").get<std::string>());
    all.push_back("AWS_LAMBDA_RUNTIME_API=" + functions_.at(name)->service.endpoint());
    all.insert(all.end(), environment_.begin(), environment_.end());
    return all;
  }
  LambdaService& function(const std::string& name) {
    auto& one = functions_[name];
    if (one == nullptr) {
      one = std::make_unique<FunctionProcess>();
      one->process = os::start({.argv = {BOOTSTRAP},
                                .environment = environment_of(name),
                                .output = folder_.path() / "bootstrap.log"});
    }
    return one->service;
  }

  /// Runs an execution that is started with this to its end; its status.
  std::string execute(const Json& input, const std::string& name = "execution") {
    const Json machine = refresh::step_functions_machine();
    const engine::Task task = [&](const engine::Attempt& attempt) {
      return function(machine.at("States").at(attempt.state).at("Resource")).invoke(attempt.input.dump());
    };
    store::Journal journal(folder_.path() / "machine.db");
    engine::Ownership ownership(folder_.path() / "engines");
    engine::Observer observer;
    engine::Engine engine(journal, clock_, ownership, task, observer, {.workers = 0, .seed = 7});
    engine.start(name, "target", machine.dump(), input);
    engine.run({});
    const auto row = journal.find(name);
    cause_ = row->cause;
    return row->status;
  }
  std::string log() { return os::read_file(folder_.path() / "bootstrap.log"); }

  std::vector<std::string> environment_;  ///< of all functions, besides what they need
  std::map<std::string, std::unique_ptr<FunctionProcess>> functions_;
  std::string cause_;
};

TEST_F(Lambda, RefreshesByAFileAsTheOriginalsLauncherSendsIt) {
  ASSERT_EQ(execute(file_document()), "SUCCEEDED") << cause_ << log();
  const Json state = state_without_harm();
  expect_masked(state);
  ASSERT_EQ(state.at("messages").size(), 1U);
  const Json message = state["messages"][0];
  EXPECT_THAT(message.at("subject").get<std::string>(), HasSubstr("[COMPLETED]"));
  EXPECT_THAT(message.at("message").get<std::string>(),
              HasSubstr("Leaked:   $.changemasterpwd.temppwd, $.rotatemasterpwd.check.temppwd, "
                        "$.runscripts.temppwd stood in the input of the execution"));
  EXPECT_THAT(state.at("places").dump(), Not(HasSubstr(refresh::run_secret_name(""))));
}

TEST_F(Lambda, KnowsThePasswordsThatTheLauncherHasKept) {
  const auto parsed = refresh::parse_refresh_file(os::read_file(file()));
  ASSERT_TRUE(parsed.ok());
  Json kept = Json::object();
  for (const auto& [name, value] : parsed.secrets) kept[name] = value.reveal();
  bed_.post("seed", {{"region", "eu-central-1"},
                     {"secrets", {{{"name", refresh::run_secret_name(run_id)}, {"value", kept}}}}});
  Json input = file_document();
  EXPECT_THAT(
      refresh::take_passwords(input),
      ElementsAre("$.changemasterpwd.temppwd", "$.rotatemasterpwd.check.temppwd", "$.runscripts.temppwd"));
  input[refresh::launch_member] = refresh::to_json(refresh::Launch{.run = run_id, .unmasked = ""});

  EXPECT_EQ(execute(input, "20260131120000-anyone"), "FAILED") << "it has another one's run";
  EXPECT_THAT(cause_, HasSubstr("not the name of the execution"));
  ASSERT_EQ(execute(input, run_id), "SUCCEEDED") << cause_ << log();
  const Json state = state_without_harm();
  expect_masked(state);
  ASSERT_EQ(state.at("messages").size(), 1U);
  EXPECT_THAT(state["messages"][0].at("message").get<std::string>(), Not(HasSubstr("Leaked")));
  EXPECT_THAT(os::read_file(folder_.path() / "machine.db"), Not(HasSubstr("temppwd123")));
}

TEST_F(Lambda, PutsAllBackWhereAScriptFails) {
  bed_.post("fault",
            {{"service", "s3"}, {"op", "GetObject"}, {"nth", 2}, {"times", 50}, {"fault", "access-denied"}});
  EXPECT_EQ(execute(file_document()), "FAILED");
  EXPECT_THAT(cause_, HasSubstr("s3 GetObject"));
  EXPECT_THAT(cause_, Not(HasSubstr("PlanRefused"))) << "the copy was made by then";
  const Json state = state_without_harm();
  expect_rolled_back(state);
  EXPECT_THAT(state["messages"][0].at("subject").get<std::string>(), HasSubstr("[FAILED]"));
}

TEST_F(Lambda, RefusesAFileThatMasksNothingUnlessTheStackAllowsIt) {
  Json input = file_document();
  input["runscripts"]["torun"] = input["runscripts"]["check"]["torun"] = "false";
  EXPECT_EQ(execute(input), "FAILED");
  EXPECT_THAT(cause_, HasSubstr("$.runscripts.torun: is not true"));
  EXPECT_THAT(cause_, HasSubstr("AllowUnmasked"));
  EXPECT_EQ(instances_in(state_without_harm()).size(), 2U);
}

TEST_F(Lambda, ABadEventEndsNothing) {
  auto& service = function("${ChangeFunction}");
  const auto code_of = [&](const char* event) {
    try {
      service.invoke(event);
    } catch (const base::Error& error) {
      return error.code;
    }
    return std::string();
  };
  for (const char* event :
       {"5", "no JSON", "{}", R"({"state": "plan"})", R"({"state": 5, "run": {"run": "r"}})",
        R"({"state": "prepare"})", R"({"state": "prepare", "execution": "e", "started": "now", "file": {}})"})
    EXPECT_EQ(code_of(event), "BadEvent") << event;
  EXPECT_EQ(code_of(R"({"state": "no-such-state", "run": {"run": "r", "members": {}}})"), "UnknownState");
  for (const char* file : {"5", "{}", R"({"dbrefresh": 5})", R"({"restore": {"torun": "true"}})"})
    EXPECT_EQ(
        code_of((R"({"state": "prepare", "execution": "e", "started": "2026-01-31T12:00:00.000Z", "file": )" +
                 std::string(file) + "}")
                    .c_str()),
        "BadInput")
        << file;
}

}  // namespace
}  // namespace tests
