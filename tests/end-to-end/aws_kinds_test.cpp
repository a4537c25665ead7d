// Each kind of refresh on the test bed, from the file to the end state.
#include "base/text.h"
#include "tests/end-to-end/aws_program.h"

namespace tests {
namespace {

using base::Json;
using testing::HasSubstr;

struct Sort {
  const char* name;
  const char* engine;
  const char* group;  ///< its default parameter group
  const char* restore_type;
  bool cluster() const { return std::string_view(engine).starts_with("aurora"); }
  bool postgres() const { return std::string_view(engine).find("postgres") != std::string_view::npos; }
};

Json filled(const std::string& name, const Sort& sort) {
  std::string text = os::read_file(SOURCE_DIR "/tests/end-to-end/" + name);
  for (const auto& [word, meant] : {std::pair("ENGINE", sort.engine), {"GROUP", sort.group}})
    for (std::size_t at = 0; (at = text.find(word)) != std::string::npos;)
      text.replace(at, std::string_view(word).size(), meant);
  return Json::parse(text);
}

class AwsKinds : public AwsProgram, public testing::WithParamInterface<Sort> {
 protected:
  AwsKinds() : AwsProgram("real", GetParam().cluster() ? cluster_world() : instance_world()) {
    const auto& sort = GetParam();
    Json file = sort.cluster() ? filled("aws-cluster-refresh.json", sort) : instance_file();
    const auto yesterday = base::ledger_utc(clock_.now() - std::chrono::hours(24));
    file["restore"].update({{"restoretype", sort.restore_type},
                            {"secgrpids", made_.at("security_groups").at("developers")},
                            {"cwalogs", sort.postgres() ? "postgresql" : "error,slowquery"},
                            {"restoretime", yesterday},
                            {"snapshot", "monthly"}});
    file["sendmsg"].update(
        {{"restoretype", sort.restore_type}, {"topicarn", made_.at("topics").at("refresh")}});
    file["updatedynamodb"].update(
        {{"restoretype", sort.restore_type}, {"restoretime", yesterday}, {"snapshot", "monthly"}});
    write(file);
  }

  static Json cluster_world() { return filled("aws-cluster-world.json", GetParam()); }
  static Json instance_world() {
    Json world = filled("aws-world.json", GetParam());
    for (Json& each : world["instances"]) {
      each["engine"] = GetParam().engine;
      each.erase("parameter_group");
    }
    world["parameter_groups"] = Json::array();
    world["marker"]["postgres"] = world["marker"]["mariadb"];
    world["snapshots"] = {{{"name", "monthly"}, {"of", "mysqlinstp"}, {"type", "manual"}}};
    return world;
  }
  static Json instance_file() {
    Json file = filled("aws-refresh.json", GetParam());
    file["restore"]["dbparamgrp"] = GetParam().group;
    file["runscripts"]["engine"] = GetParam().engine;
    return file;
  }
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
  const Json& made = databases.at(cluster ? "devclu" : "mysqlinstd");
  EXPECT_EQ(here.at("instances").at(cluster ? "devins" : "mysqlinstd").at("bed").at("reachable_by_users"),
            true);
  EXPECT_EQ(made.at("bed").at("unmasked"), false);
  EXPECT_EQ(made.at("Tags").at("refresh-masked"), "true");
  EXPECT_EQ(made.at("Tags").at("owner"), "team-a") << "the old database's own tag";
  EXPECT_EQ(databases.at(cluster ? "prodclu" : "mysqlinstp").at("bed").at("unmasked"), true);
  ASSERT_EQ(state.at("messages").size(), 1U);
  EXPECT_THAT(state["messages"][0].at("subject").get<std::string>(), HasSubstr("[COMPLETED]"));
  const auto ledger = Json::parse(run({"--json", "ledger"}).output);
  ASSERT_EQ(ledger.size(), 1U);
  EXPECT_EQ(ledger[0].at("restoretype"), GetParam().restore_type);
}

}  // namespace
}  // namespace tests
