// Each kind of refresh on the test bed, from the file to the end state, which is held against a document; and
// refreshes in worlds that are not the usual one.
#include "tests/end-to-end/aws_program.h"
#include "tests/end-to-end/aws_sort.h"
#include "tests/end-to-end/end_state.h"

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
  expect_as_written(GetParam().name, in_words(state, made_));
}

Json usual() {
  return Json::parse(os::read_file(SOURCE_DIR "/tests/end-to-end/aws-world.json"));
}

class AwsOtherWorld : public AwsProgram {
 protected:
  AwsOtherWorld(const std::string& backends, const Json& world) : AwsProgram(backends, world) {
    Json file = document("aws-refresh.json");
    file["restore"]["secgrpids"] = made_.at("security_groups").at("developers");
    file["sendmsg"]["topicarn"] = made_.at("topics").at("refresh");
    write(file);
  }
  void change(const Json& by) {
    Json file = file_document();
    file.merge_patch(by);
    write(file);
  }
  /// Runs it, with these options before the verb.
  void expect_end(const char* name, std::vector<std::string> arguments) {
    const auto done = run(std::move(arguments));
    ASSERT_EQ(done.exit_code, 0) << done.output;
    expect_as_written(name, in_words(state_without_harm(), made_));
  }
};

class AwsManaged : public AwsOtherWorld {
 protected:
  AwsManaged() : AwsOtherWorld("real", world()) {}
  static Json world() {
    Json world = usual();
    for (Json& each : world["instances"]) each["managed"] = true;
    return world;
  }
};

/// Production's stays managed; the old database's goes with it, as the plan says.
TEST_F(AwsManaged, PasswordsOfSourceAndTarget) {
  EXPECT_THAT(run({"plan", file()}).output,
              HasSubstr("$.restore.target: warning: RDS manages the master password of 'mysqlinstd'"));
  expect_end("ManagedPasswords", {"run", file()});
}

class AwsShared : public AwsOtherWorld {
 protected:
  AwsShared() : AwsOtherWorld("real", world()) {
    change({{"restore", {{"restoretype", "fromsnapshot"}, {"snapshot", "monthly"}}},
            {"updatedynamodb", {{"restoretype", "fromsnapshot"}, {"snapshot", "monthly"}}},
            {"sendmsg", {{"restoretype", "fromsnapshot"}}}});
  }
  /// Production's account shares `monthly`, under its own key, and `plain`, under the default one.
  static Json world() {
    Json world = usual();
    Json source = world["instances"][0];
    world["instances"].erase(0);
    source.update({{"security_groups", {"there"}}, {"kms", "alias/theirs"}});
    const Json ours = {"123456789012"};
    Json another = {{"name", "default"},
                    {"engine", "mariadb"},
                    {"encrypted", true},
                    {"security_groups", {"there"}},
                    {"serving", false}};
    world["accounts"]["222233334444"] = {
        {"security_groups", {{{"name", "there"}, {"cidr", "10.1.0.0/16"}, {"ports", {1, 65535}}}}},
        {"subnet_groups", {{{"name", "private"}}}},
        {"keys", {{{"name", "theirs"}, {"accounts", {"222233334444", "123456789012"}}}}},
        {"parameter_groups", world["parameter_groups"]},
        {"instances", {source, another}},
        {"snapshots",
         {{{"name", "monthly"}, {"of", "mysqlinstp"}, {"type", "manual"}, {"shared_with", ours}},
          {{"name", "plain"}, {"of", "default"}, {"type", "manual"}, {"shared_with", ours}}}}};
    return world;
  }
};

/// RDS restores no shared encrypted snapshot: it is copied first, and the copy goes.
TEST_F(AwsShared, SnapshotUnderACustomerKey) {
  const std::string role = "arn:aws:iam::222233334444:role/reader";
  expect_end("SharedSnapshot", {"--source-role", role, "run", file()});
  change({{"restore", {{"snapshot", "plain"}, {"source", "default"}}},
          {"updatedynamodb", {{"snapshot", "plain"}, {"source", "default"}}},
          {"sendmsg", {{"source", "default"}}}});
  const auto refused = run({"--source-role", role, "plan", file()});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output,
              HasSubstr("is shared, and encrypted with the default key of its account: copy it "
                        "there with a customer key"));
}

/// An engine whose protocol nobody here speaks.
struct Unspoken {
  const char *name, *engine, *family, *parameter_group, *log;
  int port;
  const char* multi_az;
};

class AwsUnspoken : public AwsOtherWorld, public testing::WithParamInterface<Unspoken> {
 protected:
  AwsUnspoken() : AwsOtherWorld("none", world(GetParam().engine)) {
    change({{"restore",
             {{"dbparamgrp", GetParam().parameter_group},
              {"cwalogs", GetParam().log},
              {"port", GetParam().port},
              {"multiaz", GetParam().multi_az}}},
            {"runscripts",
             {{"torun", "false"}, {"engine", GetParam().family}, {"check", {{"torun", "false"}}}}}});
  }
  static Json world(const char* engine) {
    Json world = usual();
    world["parameter_groups"] = Json::array();
    for (Json& each : world["instances"]) {
      each.update({{"engine", engine}, {"unmasked", false}});
      for (const char* name : {"parameter_group", "sql", "db_name"}) each.erase(name);
    }
    return world;
  }
};

/// Nobody logs in to it: RDS says that its password was set, under the name that the copy had then.
TEST_P(AwsUnspoken, IsRefreshedWhereNoScriptsAreAskedFor) {
  expect_end(GetParam().name, {"run", file(), "--unmasked", "it has no personal data"});
}

INSTANTIATE_TEST_SUITE_P(Kinds, AwsUnspoken,
                         testing::Values(Unspoken{"OracleMultiAz", "oracle-ee", "oracle",
                                                  "default.oracle-ee19.0", "alert", 1521, "True"},
                                         Unspoken{"SqlServer", "sqlserver-se", "sqlserver",
                                                  "default.sqlserver-se-15.0", "error", 1433, "False"}),
                         [](const auto& which) { return std::string(which.param.name); });

class AwsMultiAzCluster : public AwsProgram {
 protected:
  AwsMultiAzCluster() : AwsProgram("none", world()) { write(file_of(aurora, made_, clock_.now())); }
  static Json world() {
    Json world = world_of(aurora);
    world["clusters"][0]["engine"] = "mysql";
    return world;
  }
  static constexpr Sort aurora{"", "aurora-mysql", "default.aurora-mysql8.0", "restorepoint"};
};

/// RDS makes its instances, and none can be added.
TEST_F(AwsMultiAzCluster, IsRefusedByName) {
  for (const char* verb : {"plan", "run"}) {
    const auto refused = run({verb, file()});
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_THAT(refused.output, HasSubstr("'prodclu' is a Multi-AZ DB cluster (mysql)"));
  }
  EXPECT_EQ(state_without_harm()["places"]["123456789012/eu-central-1"]["clusters"].size(), 2U);
}

class AwsChina : public AwsOtherWorld {
 protected:
  AwsChina() : AwsOtherWorld("real", world()) {}
  static Json world() {
    Json world = usual();
    world["region"] = "cn-north-1";
    world.erase("functions");
    return world;
  }
};

TEST_F(AwsChina, IsAnotherPartition) {
  expect_end("China", {"--region", "cn-north-1", "run", file()});
}

/// A world that has what the files of examples/ name, and no target yet.
Json world_of_examples() {
  Json world = usual();
  for (const char* name : {"functions", "buckets", "secrets", "parameter_groups"}) world.erase(name);
  world["region"] = "us-east-1";
  world["security_groups"][0]["id"] = "sg-0a1b2c3d";
  world["topics"] = {"refreshes"};
  world["subnet_groups"] = {{{"name", "default"}}};
  Json mysql = world["instances"][0];
  mysql.update({{"engine", "mysql"}, {"version", "5.7"}, {"subnet_group", "default"}});
  mysql.erase("parameter_group");
  Json postgres = mysql;
  postgres.update({{"name", "auposclup"},
                   {"version", "10.21"},
                   {"engine", "aurora-postgresql"},
                   {"members", {"auposinstp"}}});
  world["instances"] = {mysql};
  world["clusters"] = {postgres};
  world["marker"]["postgres"] = world["marker"]["mariadb"];
  return world;
}

class AwsExamples : public AwsProgram {
 protected:
  AwsExamples() : AwsProgram("real", world_of_examples()) {}

  os::Finished run_example(const char* verb, const char* name) {
    return run({"--region", "us-east-1", verb, SOURCE_DIR "/examples/" + std::string(name) + ".json",
                "--unmasked", "they ask for no scripts"});
  }
};

TEST_F(AwsExamples, AreTakenAsTheyAre) {
  for (const char* name : {"db-app1-mysqlinstd", "db-app2-auposinstd"}) {
    const auto done = run_example("run", name);
    EXPECT_EQ(done.exit_code, 0) << done.output;
  }
  const Json state = bed_.get("state");
  EXPECT_EQ(state.at("violations"), Json::array());
  EXPECT_EQ(state.at("leaks"), Json::array());
  expect_as_written("Examples", in_words(state, made_));
}

/// The same, with a snapshot, the scripts of examples/buckets, and a host that runs them.
Json world_of_masking_examples() {
  Json world = world_of_examples();
  world["clusters"] = Json::array();
  world["instances"][0]["sql"] =
      "create table customers (id int primary key, email varchar(100), address varchar(100)); create table "
      "logs (id int); insert into customers values (1,'a@real.example','here'); insert into logs values (1)";
  world["snapshots"] = {{{"name", "mysqlinstp-monthly"}, {"of", "mysqlinstp"}, {"type", "manual"}}};
  Json objects = Json::object();
  for (const char* key : {"01script.sql", "02script.sql"}) {
    const std::string path = "sqlscripts/rdsmysql/mysqlinstd/" + std::string(key);
    objects[path] = os::read_file(SOURCE_DIR "/examples/buckets/awssol-bucket/" + path);
  }
  world["buckets"] = {{{"name", "awssol-bucket"}, {"objects", objects}}};
  world["hosts"] = Json::array({Json::object()});
  for (Json& group : world["security_groups"])
    if (group["name"] == "quarantine") group["cidrs"] = {"10.0.0.9/32"};
  return world;
}

class AwsMaskingExamples : public AwsProgram {
 protected:
  AwsMaskingExamples() : AwsProgram("real", world_of_masking_examples()) { addresses_ = "10.0.0.5,10.0.0.9"; }
  /// As it is, but for a point in time, which is yesterday's.
  os::Finished run_example(const std::string& name) {
    const auto text = os::read_file(SOURCE_DIR "/examples/" + name + "/db-app1-mysqlinstd.json");
    const auto yesterday = base::ledger_utc(clock_.now() - std::chrono::hours(24));
    os::write_file_atomic(file(), replaced(text, "2026-01-31 06:00:00", yesterday), 0600);
    return run({"--region", "us-east-1", "run", file()});
  }
};

/// Each replaces what the one before it has made.
TEST_F(AwsMaskingExamples, AreTakenAsTheyAre) {
  for (const char* name : {"from-snapshot", "point-in-time", "scripts-on-ec2"}) {
    const auto done = run_example(name);
    ASSERT_EQ(done.exit_code, 0) << name << ": " << done.output;
    const Json state = state_without_harm();
    const Json& instances = state.at("places").at("123456789012/us-east-1").at("instances");
    EXPECT_EQ(instances.size(), 2U) << name << ": " << instances;
    EXPECT_EQ(instances.at("mysqlinstd").at("bed").at("unmasked"), false) << name;
    EXPECT_EQ(instances.at("mysqlinstd").at("bed").at("reachable_by_users"), true) << name;
    EXPECT_EQ(state.at("commands").size(), name == std::string("scripts-on-ec2") ? 2U : 0U) << name;
  }
}

}  // namespace
}  // namespace tests
