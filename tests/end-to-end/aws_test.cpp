// The program on the test bed for Amazon's services, as a user runs it, with real servers behind the
// endpoints.
#include <gmock/gmock.h>

#include "os/process.h"
#include "tests/aws_bed.h"

namespace tests {
namespace {

using base::Json;
using testing::HasSubstr;

class AwsProgram : public testing::Test {
 protected:
  AwsProgram() {
    const Json made =
        bed_.post("seed", Json::parse(os::read_file(SOURCE_DIR "/tests/end-to-end/aws-world.json")));
    Json file = Json::parse(os::read_file(SOURCE_DIR "/tests/end-to-end/aws-refresh.json"));
    file["restore"]["secgrpids"] = made.at("security_groups").at("developers");
    file["sendmsg"]["topicarn"] = made.at("topics").at("refresh");
    os::write_file_atomic(folder_.path() / "file.json", file.dump(), 0600);
  }

  os::Finished run(std::vector<std::string> arguments) {
    const Json& facts = bed_.facts();
    auto said = [&](const char* name) { return facts.at(name).get<std::string>(); };
    arguments.insert(arguments.begin(),
                     {PROGRAM, "--home", (folder_.path() / "home").string(), "--provider", "aws"});
    return os::run({.argv = std::move(arguments),
                    .environment = {"AWS_ACCESS_KEY_ID=" + said("access_key_id"),
                                    "AWS_SECRET_ACCESS_KEY=" + said("secret_access_key"),
                                    "AWS_ENDPOINT_URL=" + said("endpoint"), "AWS_REGION=eu-central-1",
                                    "DBREFRESH_RDS_CA=" + said("ca"), "DBREFRESH_ADDRESSES=10.0.0.5",
                                    "LD_PRELOAD=" + said("preload"), "NSS_WRAPPER_HOSTS=" + said("hosts")}},
                   clock_, clock_.now() + std::chrono::minutes(10), {});
  }
  /// What there is; nobody could reach unmasked data, no secret went astray, and every request was a good
  /// one.
  Json state_without_harm() {
    Json state = bed_.get("state");
    EXPECT_EQ(state.at("violations"), Json::array());
    EXPECT_EQ(state.at("leaks"), Json::array());
    EXPECT_EQ(state.at("exposure").at("unmasked"), Json::array());
    return state;
  }
  std::string file() const { return (folder_.path() / "file.json").string(); }

  base::SystemClock clock_;
  Temporary folder_;
  AwsBed bed_{"--backends real"};
};

TEST_F(AwsProgram, ReplacesADevelopmentDatabaseByAMaskedCopyOfProduction) {
  const auto planned = run({"plan", file()});
  ASSERT_EQ(planned.exit_code, 0) << planned.output;
  const auto done = run({"run", file()});
  ASSERT_EQ(done.exit_code, 0) << done.output;
  EXPECT_THAT(done.output, HasSubstr("done: mysqlinstd is refreshed"));

  const Json state = state_without_harm();
  const Json& instances = state.at("places").at("123456789012/eu-central-1").at("instances");
  ASSERT_EQ(instances.size(), 2U) << instances;
  const Json& made = instances.at("mysqlinstd");
  EXPECT_EQ(made.at("bed").at("reachable_by_users"), true);
  EXPECT_EQ(made.at("bed").at("unmasked"), false);
  EXPECT_EQ(made.at("Tags").at("refresh-masked"), "true");
  EXPECT_EQ(made.at("Tags").at("owner"), "team-a") << "the old database's own tag";
  EXPECT_EQ(instances.at("mysqlinstp").at("bed").at("unmasked"), true) << "production is as it was";
  ASSERT_EQ(state.at("messages").size(), 1U);
  EXPECT_THAT(state["messages"][0].at("subject").get<std::string>(), HasSubstr("[COMPLETED]"));
  const auto ledger = run({"--json", "ledger"});
  EXPECT_EQ(Json::parse(ledger.output).at(0).at("status"), "completed") << ledger.output;
}

TEST_F(AwsProgram, PutsAllBackWhereAScriptFails) {
  bed_.post("fault",
            {{"service", "s3"}, {"op", "GetObject"}, {"nth", 2}, {"times", 50}, {"fault", "access-denied"}});
  const auto failed = run({"run", file()});
  EXPECT_EQ(failed.exit_code, 1) << failed.output;
  const Json state = state_without_harm();
  const Json& instances = state.at("places").at("123456789012/eu-central-1").at("instances");
  ASSERT_EQ(instances.size(), 2U) << instances;
  EXPECT_EQ(instances.at("mysqlinstd").at("bed").at("reachable_by_users"), true);
  EXPECT_FALSE(instances.at("mysqlinstd").at("Tags").contains("refresh-run")) << "the old one";
  ASSERT_EQ(state.at("messages").size(), 1U);
  EXPECT_THAT(state["messages"][0].at("subject").get<std::string>(), HasSubstr("[FAILED]"));
}

}  // namespace
}  // namespace tests
