// Each kind of refresh on the test bed, from the file to the end state.
#include "tests/end-to-end/aws_program.h"
#include "tests/end-to-end/aws_sort.h"

namespace tests {
namespace {

using base::Json;
using testing::HasSubstr;

class AwsKinds : public AwsProgram, public testing::WithParamInterface<Sort> {
 protected:
  AwsKinds() : AwsProgram("real", world_of(GetParam())) { write(file_of(GetParam(), made_, clock_.now())); }
};

INSTANTIATE_TEST_SUITE_P(
    Kinds, AwsKinds,
    testing::Values(Sort{"PostgresPoint", "postgres", "default.postgres15", "restorepoint"},
                    Sort{"MysqlSnapshot", "mysql", "default.mysql8.0", "fromsnapshot"},
                    Sort{"AuroraPostgresClone", "aurora-postgresql", "default.aurora-postgresql15",
                         "fastcloning"},
                    Sort{"AuroraMysqlSnapshot", "aurora-mysql", "default.aurora-mysql8.0", "fromsnapshot"}),
    [](const auto& which) { return std::string(which.param.name); });

TEST_P(AwsKinds, ReplacesADevelopmentDatabaseByAMaskedCopyOfProduction) {
  const bool cluster = GetParam().cluster();
  const auto done = run({"run", file()});
  ASSERT_EQ(done.exit_code, 0) << done.output;
  const Json state = state_without_harm();
  const Json& here = state.at("places").at("123456789012/eu-central-1");
  const Json& databases = here.at(cluster ? "clusters" : "instances");
  ASSERT_EQ(databases.size(), 2U) << databases;
  EXPECT_EQ(here.at("instances").size(), 2U);
  const Json& made = databases.at(GetParam().target());
  EXPECT_EQ(here.at("instances").at(cluster ? "devins" : "mysqlinstd").at("bed").at("reachable_by_users"),
            true);
  EXPECT_EQ(made.at("bed").at("unmasked"), false);
  EXPECT_EQ(made.at("Tags").at("refresh-masked"), "true");
  EXPECT_EQ(made.at("Tags").at("owner"), "team-a") << "the old database's own tag";
  EXPECT_EQ(databases.at(GetParam().source()).at("bed").at("unmasked"), true);
  ASSERT_EQ(state.at("messages").size(), 1U);
  EXPECT_THAT(state["messages"][0].at("subject").get<std::string>(), HasSubstr("[COMPLETED]"));
  const auto ledger = Json::parse(run({"--json", "ledger"}).output);
  ASSERT_EQ(ledger.size(), 1U);
  EXPECT_EQ(ledger[0].at("restoretype"), GetParam().restore_type);
}

}  // namespace
}  // namespace tests
