// A whole refresh by the real program of the functions: a state machine that remembers all calls it for each
// task.
#include "engine/engine.h"
#include "refresh/document.h"
#include "refresh/lookup.h"
#include "tests/end-to-end/aws_program.h"
#include "tests/lambda/lambda.h"

namespace tests {
namespace {

using base::Json;
using testing::HasSubstr;

constexpr const char* run_id = "20260131120000-lambda";

/// The run's passwords are in the account before it begins.
Json world_with_secrets() {
  Json world = Json::parse(os::read_file(SOURCE_DIR "/tests/end-to-end/aws-world.json"));
  Json kept = Json::object();
  const auto file =
      refresh::parse_refresh_file(os::read_file(SOURCE_DIR "/tests/end-to-end/aws-refresh.json"));
  for (const auto& [name, value] : file.secrets) kept[name] = value.reveal();
  world["secrets"].push_back({{"name", refresh::run_secret_name(run_id)}, {"value", kept}});
  return world;
}

class Lambda : public AwsProgram {
 protected:
  Lambda() : AwsProgram("real", world_with_secrets()) { write_usual_file(); }
  ~Lambda() override {
    if (process_) os::send_signal(*process_, SIGKILL);
  }
  void start() {
    auto environment = aws_environment(bed_.facts(), addresses_);
    environment.push_back("AWS_LAMBDA_RUNTIME_API=" + service_.endpoint());
    process_ = os::start({.argv = {BOOTSTRAP},
                          .environment = std::move(environment),
                          .output = folder_.path() / "bootstrap.log"});
  }
  /// Runs the file's refresh to its end; its status.
  std::string refresh() {
    const auto file = refresh::parse_refresh_file(os::read_file(this->file()));
    EXPECT_TRUE(file.ok());
    const engine::Task task = [&](const engine::Attempt& attempt) {
      return service_.invoke(attempt.input.dump());
    };
    store::Journal journal(folder_.path() / "machine.db");
    engine::Ownership ownership(folder_.path() / "engines");
    engine::Observer observer;
    engine::Engine engine(journal, clock_, ownership, task, observer, {.workers = 0, .seed = 7});
    engine.start(run_id, "target", refresh::state_machine().dump(),
                 refresh::run_input(run_id, file, false, clock_.now()));
    engine.run({});
    const auto row = journal.find(run_id);
    cause_ = row->cause;
    return row->status;
  }

  LambdaService service_;
  std::optional<os::ProcessId> process_;
  std::string cause_;
};

TEST_F(Lambda, ReplacesADevelopmentDatabaseByAMaskedCopyOfProduction) {
  start();
  ASSERT_EQ(refresh(), "SUCCEEDED") << cause_ << os::read_file(folder_.path() / "bootstrap.log");
  const Json state = state_without_harm();
  expect_masked(state);
  ASSERT_EQ(state.at("messages").size(), 1U);
  EXPECT_THAT(state["messages"][0].at("subject").get<std::string>(), HasSubstr("[COMPLETED]"));
  EXPECT_THAT(state.at("places").dump(), testing::Not(HasSubstr(refresh::run_secret_name(run_id))));
}

TEST_F(Lambda, PutsAllBackWhereAScriptFails) {
  bed_.post("fault",
            {{"service", "s3"}, {"op", "GetObject"}, {"nth", 2}, {"times", 50}, {"fault", "access-denied"}});
  start();
  EXPECT_EQ(refresh(), "FAILED");
  EXPECT_THAT(cause_, HasSubstr("s3 GetObject"));
  EXPECT_THAT(cause_, testing::Not(HasSubstr("PlanRefused"))) << "the copy was made by then";
  const Json state = state_without_harm();
  expect_rolled_back(state);
  EXPECT_THAT(state["messages"][0].at("subject").get<std::string>(), HasSubstr("[FAILED]"));
}

TEST_F(Lambda, ABadEventEndsNothing) {
  start();
  const auto code_of = [&](const char* event) {
    try {
      service_.invoke(event);
    } catch (const base::Error& error) {
      return error.code;
    }
    return std::string();
  };
  for (const char* event :
       {"5", "no JSON", "{}", R"({"state": "plan"})", R"({"state": 5, "run": {"run": "r"}})"})
    EXPECT_EQ(code_of(event), "BadEvent") << event;
  EXPECT_EQ(code_of(R"({"state": "no-such-state", "run": {"run": "r", "members": {}}})"), "UnknownState");
}

}  // namespace
}  // namespace tests
