// Whoever is not let into the account: what is said, and what a refused run leaves behind.
#include <gmock/gmock.h>

#include "os/process.h"
#include "runs/account_refusal.h"
#include "tests/aws_bed.h"

namespace tests {
namespace {

using base::Json;
using testing::HasSubstr;
using testing::StartsWith;

class AwsRefusal : public testing::Test {
 protected:
  os::Finished run(std::vector<std::string> arguments, std::vector<std::string> environment) {
    arguments.insert(arguments.begin(),
                     {PROGRAM, "--home", (folder_.path() / "home").string(), "--provider", "aws"});
    environment.push_back("HOME=" + folder_.path().string());
    environment.push_back("AWS_REGION=eu-central-1");
    environment.push_back("AWS_EC2_METADATA_DISABLED=true");
    return os::run({.argv = std::move(arguments), .environment = std::move(environment)}, clock_,
                   clock_.now() + std::chrono::minutes(2), {});
  }
  static std::vector<std::string> keys_of(const AwsBed& bed) {
    const auto said = [&](const char* name) { return bed.facts().at(name).get<std::string>(); };
    return {"AWS_ACCESS_KEY_ID=" + said("access_key_id"),
            "AWS_SECRET_ACCESS_KEY=" + said("secret_access_key"), "AWS_ENDPOINT_URL=" + said("endpoint")};
  }
  /// From now on, whatever is asked.
  static void always(AwsBed& bed, const char* service, const char* operation, const char* fault) {
    bed.post("fault", {{"service", service}, {"op", operation}, {"nth", 1}, {"times", 50}, {"fault", fault}});
  }
  /// The one run that the home knows, and its row in the home's ledger.
  void expect_trace(const std::string& cause, const std::string& place = "?/eu-central-1") {
    const auto list =
        os::run({.argv = {PROGRAM, "--home", (folder_.path() / "home").string(), "--json", "list"}}, clock_,
                clock_.now() + std::chrono::minutes(1), {});
    const Json runs = Json::parse(list.output);
    ASSERT_EQ(runs.size(), 1U) << list.output;
    EXPECT_EQ(runs[0].at("status"), "REFUSED");
    EXPECT_EQ(runs[0].at("error"), "AccountRefused");
    EXPECT_EQ(runs[0].at("target"), place + "/instance/mysqlinstd");
    EXPECT_THAT(runs[0].at("cause").get<std::string>(), HasSubstr(cause));
    const auto ledger =
        os::run({.argv = {PROGRAM, "--home", (folder_.path() / "home").string(), "--json", "ledger"}}, clock_,
                clock_.now() + std::chrono::minutes(1), {});
    const Json rows = Json::parse(ledger.output);
    ASSERT_EQ(rows.size(), 1U) << ledger.output;
    EXPECT_EQ(rows[0].at("status"), "refused");
    EXPECT_EQ(rows[0].at("run"), runs[0].at("run"));
  }

  base::SystemClock clock_;
  Temporary folder_;
  const std::string file_ = SOURCE_DIR "/tests/end-to-end/aws-refresh.json";
};

TEST_F(AwsRefusal, NoCredentialsAreSaidWithWhatToDo) {
  const auto planned = run({"plan", file_}, {});
  EXPECT_EQ(planned.exit_code, 2) << planned.output;
  const auto policy = run({"iam", "policy", file_}, {});
  EXPECT_EQ(policy.exit_code, 2) << policy.output;
  EXPECT_THAT(policy.output, HasSubstr("sts GetCallerIdentity cannot be asked"));
  const auto refused = run({"run", file_}, {});
  EXPECT_EQ(refused.exit_code, 2) << refused.output;
  expect_trace("sts GetCallerIdentity cannot be asked");
}

TEST_F(AwsRefusal, AProfileThatIsNotThereIsNamed) {
  const auto refused = run({"--profile", "nobody", "run", file_}, {});
  EXPECT_EQ(refused.exit_code, 2) << refused.output;
  expect_trace("there is no profile 'nobody'");
}

TEST_F(AwsRefusal, ARoleThatMayNotBeAssumedIsNamed) {
  AwsBed bed("--backends none");
  always(bed, "sts", "AssumeRole", "access-denied");
  const auto refused = run({"--role", "arn:aws:iam::123456789012:role/refresh", "run", file_}, keys_of(bed));
  EXPECT_EQ(refused.exit_code, 2) << refused.output;
  expect_trace("for the role arn:aws:iam::123456789012:role/refresh", "123456789012/eu-central-1");
}

TEST_F(AwsRefusal, ExpiredCredentialsAndThoseThatMayNotLookAreRefusedAlike) {
  AwsBed bed("--backends none");
  always(bed, "rds", "DescribeDBInstances", "access-denied");
  const auto planned = run({"plan", file_}, keys_of(bed));
  EXPECT_EQ(planned.exit_code, 2) << planned.output;
  bed.post("faults/clear");
  always(bed, "sts", "GetCallerIdentity", "expired-token");
  const auto refused = run({"run", file_}, keys_of(bed));
  EXPECT_EQ(refused.exit_code, 2) << refused.output;
  expect_trace("ExpiredToken");
}

TEST(AccountRefusal, NamesServiceIdentityAndWhatToDo) {
  const Json whereabouts = {
      {"provider", "aws"}, {"region", "eu-centrl-1"}, {"profile", "dev"}, {"role", "arn:aws:iam::1:role/r"}};
  base::Error nowhere("ConnectionFailed", "sts AssumeRole in eu-centrl-1: Could not resolve host", "look");
  const auto wrong = runs::refusal_of_account(nowhere, whereabouts);
  ASSERT_TRUE(wrong);
  EXPECT_EQ(
      wrong->message,
      "sts AssumeRole in eu-centrl-1: Could not resolve host (asked with the profile 'dev', for the role "
      "arn:aws:iam::1:role/r)");
  EXPECT_EQ(wrong->hint, "see that 'eu-centrl-1' is a Region of AWS; look");
  const base::Error denied("AccessDenied", "sts AssumeRole in eu-centrl-1: AccessDenied: no", "allow it");
  EXPECT_EQ(runs::refusal_of_account(denied, whereabouts)->hint,
            "allow it, and name them in the role's trust policy");
  EXPECT_THAT(runs::refusal_of_account({"NoCredentials", "none"}, whereabouts)->message,
              StartsWith("sts GetCallerIdentity cannot be asked: none"));
  EXPECT_FALSE(runs::refusal_of_account({"DBInstanceNotFound", "none"}, whereabouts));
  EXPECT_FALSE(runs::refusal_of_account({"NoCredentials", "none"}, {{"provider", "local"}}));
}

}  // namespace
}  // namespace tests
