// A stack that is deployed on the bed, for a test: CloudFormation, Step Functions and Lambda are an
// emulator's.
#pragma once

#include "tests/end-to-end/aws_program.h"

namespace tests {

inline constexpr const char* stack_machine =
    "arn:aws:states:eu-central-1:123456789012:stateMachine:state-machine-awssol";

/// What lets in a host is the stack's to make; ledger and topic are too.
inline base::Json world_before_stack() {
  base::Json world = base::Json::parse(os::read_file(SOURCE_DIR "/tests/end-to-end/aws-world.json"));
  world["buckets"].push_back({{"name", "awssol-bucket"}});
  world["tables"] = base::Json::array();
  return world;
}

class AwsStack : public AwsProgram {
 protected:
  /// Waits are a fiftieth of what they are: the bed's statuses last for looks, not for seconds.
  explicit AwsStack(const std::string& more = "", const base::Json& world = world_before_stack(),
                    bool with_usual_file = true)
      : AwsProgram("real --with-functions --wait-scale 0.02 " + more, world) {
    if (with_usual_file) write_usual_file();
    zip_function();
  }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  os::Finished done_well(std::vector<std::string> arguments) {
    auto done = run(std::move(arguments));
    EXPECT_EQ(done.exit_code, 0) << done.output;
    return done;
  }
  /// This host has the libraries that the function wants.
  void zip_function() {
    os::fs::create_directories(path("functions"));
    os::fs::copy_file(BOOTSTRAP, path("bootstrap"));
    const auto done = os::run({.argv = {"/bin/sh", "-c",
                                        "cd \"$0\" && strip bootstrap && python3 -m zipfile -c "
                                        "functions/dbrefresh-x86_64.zip bootstrap",
                                        folder_.path().string()}},
                              clock_, clock_.now() + std::chrono::minutes(1), {});
    ASSERT_EQ(done.exit_code, 0) << done.output;
  }
  std::vector<std::string> deployment(const std::vector<std::string>& more) {
    std::vector<std::string> all = {
        "deploy",
        "--bucket",
        "awssol-bucket",
        "--functions",
        path("functions"),
        "--parameter",
        "TemplatesUrl=" + bed_.facts().at("endpoint").get<std::string>() + "/awssol-bucket/templates",
        "--parameter",
        "Network=nat",
        "--parameter",
        "SecretNames=dev/*,/development/*",
        "--parameter",
        "TopicArns=" + made_.at("topics").at("refresh").get<std::string>(),
        "--parameter",
        "ScriptArns=arn:aws:s3:::scripts,arn:aws:s3:::scripts/*"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  static std::vector<std::string> with_home(std::vector<std::string> environment) {
    const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): no test sets any
    environment.push_back(std::string("HOME=") + (home == nullptr ? "/" : home));
    return environment;
  }
  /// As the original's launcher wants it.
  void put_file(const base::Json& file, const std::string& target = "mysqlinstd",
                const std::string& application = "app1") {
    os::fs::create_directories(path("db-json/eu-central-1"));
    os::write_file_atomic(path("db-json/eu-central-1/db-" + application + "-" + target + ".json"),
                          file.dump(), 0600);
  }
  os::Finished launch(std::vector<std::string> more, const std::string& target = "mysqlinstd",
                      const std::string& application = "app1") {
    more.insert(more.begin(), {"launch", target, application, stack_machine, "eu-central-1", "--folder",
                               folder_.path().string()});
    return run(std::move(more));
  }
  /// Service, operation and input as boto3 has them; the answer.
  base::Json call(const std::string& service, const std::string& operation, const base::Json& input) {
    os::write_file_atomic(path("input.json"), input.dump(), 0600);
    const auto done =
        os::run({.argv = {SOURCE_DIR "/tests/deploy/call", service, operation, path("input.json")},
                 .environment = with_home(aws_environment(bed_.facts()))},
                clock_, clock_.now() + std::chrono::minutes(2), {});
    EXPECT_EQ(done.exit_code, 0) << done.output;
    return base::Json::parse(done.output);
  }
  /// What of its calls the roles did not allow.
  base::Json refused() {
    base::Json all = base::Json::array();
    for (const base::Json& call : bed_.get("journal").at("calls"))
      if (call.contains("refused")) all.push_back(call);
    return all;
  }
};

}  // namespace tests
