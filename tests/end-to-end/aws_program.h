// The program on the test bed for Amazon's services, as a user runs it.
#pragma once

#include <gmock/gmock.h>

#include <set>

#include "os/process.h"
#include "tests/aws_bed.h"

namespace tests {

/// What the program needs to work on a bed that says these facts of itself. `addresses`: ours.
inline std::vector<std::string> aws_environment(const base::Json& facts,
                                                const std::string& addresses = "10.0.0.5") {
  std::vector<std::string> environment = {"AWS_REGION=eu-central-1", "DBREFRESH_ADDRESSES=" + addresses};
  const std::pair<const char*, const char*> said[] = {{"AWS_ACCESS_KEY_ID", "access_key_id"},
                                                      {"AWS_SECRET_ACCESS_KEY", "secret_access_key"},
                                                      {"AWS_ENDPOINT_URL", "endpoint"},
                                                      {"DBREFRESH_RDS_CA", "ca"},  // else that of Amazon
                                                      {"LD_PRELOAD", "preload"},
                                                      {"NSS_WRAPPER_HOSTS", "hosts"}};
  if (!facts.contains("ca")) environment.emplace_back("DBREFRESH_RDS_CA=" SOURCE_DIR "/packaging/rds-ca.pem");
  for (const auto& [name, fact] : said)
    if (facts.contains(fact))
      environment.push_back(std::string(name) + "=" + facts.at(fact).get<std::string>());
  return environment;
}

/// Every action that was called is in the policy for the file; but those of others, who have rights of their
/// own.
inline void expect_allowed(const base::Json& policy, const base::Json& calls,
                           const std::set<std::string>& of_others = {}) {
  std::set<std::string> allowed;
  for (const base::Json& statement : policy.at("Statement"))
    for (const base::Json& action : statement.at("Action")) allowed.insert(action);
  EXPECT_GT(calls.size(), 20U);
  for (const base::Json& call : calls) {
    // The plan asks where it may; `list` goes without.
    if (call.at("service") == "iam" || call.at("service") == "states") continue;
    if (of_others.contains(call.at("operation"))) continue;
    const auto action = call.at("service").get<std::string>() + ":" + call.at("operation").get<std::string>();
    EXPECT_TRUE(allowed.contains(action)) << action;
  }
}

/// A member `createsecret` whose secret is rotated every month.
inline base::Json rotated_secret(const std::string& name, const std::string& function) {
  return {{"torun", "true"},
          {"dbservice", "rds"},
          {"dbinstance", "mysqlinstd"},
          {"temppwd", "temppwd123"},
          {"secretname", name},
          {"rotation", "true"},
          {"lambdaarn", "arn:aws:lambda:eu-central-1:123456789012:function:" + function},
          {"rotationdays", 30},
          {"wait_time", 1},
          {"check",
           {{"dbservice", "rds"},
            {"dbinstance", "mysqlinstd"},
            {"checktodo", "checkcreatesecret"},
            {"torun", "true"}}}};
}

/// Production and a development database in an account of the bed, and a file that refreshes one from the
/// other.
class AwsProgram : public testing::Test {
 protected:
  /// `backends` "none": there are no servers, and no refresh can be made. More of the bed's arguments may
  /// follow.
  explicit AwsProgram(const std::string& backends = "real")
      : AwsProgram(backends, document("aws-world.json")) {
    write_usual_file();
  }
  /// Without a file yet.
  AwsProgram(const std::string& backends, const base::Json& world)
      : bed_("--backends " + backends), made_(bed_.post("seed", world)) {}
  static base::Json document(const std::string& name) {
    return base::Json::parse(os::read_file(SOURCE_DIR "/tests/end-to-end/" + name));
  }

  void write_usual_file() {
    base::Json file = document("aws-refresh.json");
    file["restore"]["secgrpids"] = made_.at("security_groups").at("developers");
    file["sendmsg"]["topicarn"] = made_.at("topics").at("refresh");
    write(file);
  }

  /// `by`: a command that runs it.
  os::Finished run(std::vector<std::string> arguments, const std::vector<std::string>& by = {},
                   const std::stop_token& stop = {}) {
    arguments.insert(arguments.begin(),
                     {PROGRAM, "--home", (folder_.path() / "home").string(), "--provider", "aws"});
    arguments.insert(arguments.begin(), by.begin(), by.end());
    base::Json facts = bed_.facts();
    facts.update(told_);
    return os::run({.argv = std::move(arguments), .environment = aws_environment(facts, addresses_)}, clock_,
                   clock_.now() + std::chrono::minutes(10), stop);
  }
  /// In JSON; by way of a file, for it may be longer than what is kept of a process's output.
  base::Json answer(std::vector<std::string> arguments) {
    const auto to = folder_.path() / "answer.json";
    arguments.insert(arguments.begin(), "--json");
    const auto done =
        run(std::move(arguments), {"/bin/sh", "-c", "exec \"$0\" \"$@\" > '" + to.string() + "'"});
    EXPECT_EQ(done.exit_code, 0) << done.output;
    return base::Json::parse(os::read_file(to));
  }
  /// What there is; nobody could reach unmasked data, no secret went astray, and every request was a good
  /// one.
  base::Json state_without_harm() {
    base::Json state = bed_.get("state");
    EXPECT_EQ(state.at("violations"), base::Json::array());
    EXPECT_EQ(state.at("leaks"), base::Json::array());
    EXPECT_EQ(state.at("exposure").at("unmasked"), base::Json::array());
    return state;
  }
  static const base::Json& instances_in(const base::Json& state) {
    return state.at("places").at("123456789012/eu-central-1").at("instances");
  }
  static void expect_rolled_back(const base::Json& state) {
    const base::Json& instances = instances_in(state);
    ASSERT_EQ(instances.size(), 2U) << instances;
    EXPECT_EQ(instances.at("mysqlinstd").at("bed").at("reachable_by_users"), true);
    EXPECT_FALSE(instances.at("mysqlinstd").at("Tags").contains("refresh-run")) << "the old one";
  }
  static void expect_masked(const base::Json& state) {
    const base::Json& instances = instances_in(state);
    ASSERT_EQ(instances.size(), 2U) << instances;
    EXPECT_EQ(instances.at("mysqlinstd").at("bed").at("reachable_by_users"), true);
    EXPECT_EQ(instances.at("mysqlinstd").at("bed").at("unmasked"), false);
    EXPECT_EQ(instances.at("mysqlinstd").at("Tags").at("refresh-masked"), "true");
  }
  std::string file() const { return (folder_.path() / "file.json").string(); }
  base::Json file_document() const { return base::Json::parse(os::read_file(file())); }
  void write(const base::Json& document) { os::write_file_atomic(file(), document.dump(), 0600); }

  std::string addresses_ = "10.0.0.5";      ///< from which databases see us
  base::Json told_ = base::Json::object();  ///< to the program instead of facts of the bed: another key
  base::SystemClock clock_;
  Temporary folder_;
  AwsBed bed_;
  base::Json made_;  ///< what the bed answered to the world: ids and ARNs
};

}  // namespace tests
