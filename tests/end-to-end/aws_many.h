// Refreshes side by side in one account: the original's own test files, scripts on PostgreSQL and on Aurora,
// one whose script fails, and one whose copy RDS cannot make. Whoever makes them, the end is to be the same.
#pragma once

#include <functional>
#include <thread>

#include "tests/end-to-end/aws_program.h"
#include "tests/end-to-end/aws_sort.h"
#include "tests/end-to-end/end_state.h"

namespace tests {

struct OneOfMany {
  std::string application, target;
  base::Json file;
  int exit_code = 0;
  bool masked = true;
};
/// Each replaces what the one before it made.
using Lane = std::vector<OneOfMany>;

class Many {
 public:
  /// Production is mysqlinstp, pgprod, and the clusters auposclup and prodclu.
  static base::Json world();
  /// Of RDS, which makes no database of this name.
  static base::Json fault() {
    return {{"service", "rds"},
            {"op", "RestoreDBInstanceToPointInTime"},
            {"match", {{"TargetDBInstanceIdentifier", "enddevtemp"}}},
            {"times", 9},
            {"fault", {{"terminal", "incompatible-restore"}}}};
  }
  /// `made` is what the bed answered to the world.
  static std::vector<Lane> lanes(const base::Json& made, base::Time now) {
    const OneOfMany clone{"app2", "auposinstd", original("db-app2-auposinstd", made), 0, false};
    return {originals(made),
            {clone},
            {postgres(made, now)},
            {cluster(made, now)},
            {one_of(mysql("faildev", "bad.sql", made, now), 1)},
            {one_of(mysql("enddev", "mask.sql", made, now), 1)}};
  }
  static void side_by_side(const std::vector<Lane>& lanes,
                           const std::function<os::Finished(const OneOfMany&)>& refresh) {
    std::vector<std::jthread> threads;
    for (const Lane& lane : lanes)
      threads.emplace_back([&] {
        for (const OneOfMany& each : lane) {
          const auto done = refresh(each);
          EXPECT_EQ(done.exit_code, each.exit_code) << each.target << ": " << done.output;
        }
      });
  }
  /// What is held against expected/Many.json: in an order that does not say who was first.
  static base::Json end(const base::Json& state, const base::Json& made) {
    // Hosts that are no more.
    std::string text = in_words(state, made).dump();
    for (const auto& [shape, word] : {std::pair{"host of mysqlinstd:#####", "endpoint of mysqlinstd"},
                                      {"faildevtemp.~~~~~~~~~~~~.eu-central-1.rds.localhost:#####", "HOST"}})
      text = end_state::with_word(text, shape, word);
    base::Json words = base::Json::parse(text);
    std::ranges::sort(words["messages"].get_ref<base::Json::array_t&>());
    for (base::Json& rows : words["tables"]) std::ranges::sort(rows.get_ref<base::Json::array_t&>());
    return words;
  }
  /// Without those that were to be reached unmasked: their files have no scripts, and say so.
  static base::Json exposed(const base::Json& state) {
    base::Json all = base::Json::array();
    for (const base::Json& each : state.at("exposure").at("unmasked")) {
      const auto name = each.at("name").get<std::string>();
      if (!name.starts_with("mysqlinstd") && !name.starts_with("auposinstd")) all.push_back(each);
    }
    return all;
  }

 private:
  static OneOfMany one_of(base::Json file, int exit_code) {
    const std::string target = file.at("restore").at("target");
    return {"app1", target, std::move(file), exit_code, true};
  }
  /// One of examples/.
  static base::Json original(const std::string& name, const base::Json& made) {
    base::Json file = base::Json::parse(os::read_file(SOURCE_DIR "/examples/" + name + ".json"));
    file["sendmsg"]["topicarn"] = made.at("topics").at("refresh");
    return file;
  }
  /// A new database, which is replaced, which is replaced by one that is masked.
  static Lane originals(const base::Json& made) {
    return {{"app1", "mysqlinstd", original("db-app1-mysqlinstd", made), 0, false},
            {"app1", "mysqlinstd", original("test-2b/db-app1-mysqlinstd", made), 0, false},
            {"app1", "mysqlinstd", original("test-3c/db-app1-mysqlinstd", made), 0, true}};
  }
  static base::Json mysql(const char* target, const char* script, const base::Json& made, base::Time now) {
    const Sort sort{"", "mysql", "default.mysql5.7", "latestpoint"};
    base::Json file = file_of(sort, made, now);
    file["restore"].update({{"dbclass", "db.t3.micro"}, {"storagetype", "gp2"}});
    file["runscripts"]["keys"] = script;
    return base::Json::parse(replaced(file.dump(), "mysqlinstd", target));
  }
  /// Its password is one that a function rotates.
  static OneOfMany postgres(const base::Json& made, base::Time now) {
    base::Json file = file_of({"", "postgres", "default.postgres15", "restorepoint"}, made, now);
    file["createsecret"] = rotated_secret("dev/pgdev", "rotate");
    const auto text = replaced(file.dump(), "mysqlinstd", "pgdev");
    return one_of(base::Json::parse(replaced(text, "mysqlinstp", "pgprod")), 0);
  }
  static OneOfMany cluster(const base::Json& made, base::Time now) {
    return {"app1", "devins",
            file_of({"", "aurora-mysql", "default.aurora-mysql8.0", "fromsnapshot"}, made, now)};
  }
};

inline base::Json Many::world() {
  using base::Json;
  Json world = world_of({"", "aurora-mysql", "default.aurora-mysql8.0", "fromsnapshot"});
  const Json usual = Json::parse(os::read_file(SOURCE_DIR "/tests/end-to-end/aws-world.json"));
  for (const char* same : {"functions", "secrets"}) world[same] = usual.at(same);
  world["security_groups"][0]["id"] = "sg-0a1b2c3d";
  world["subnet_groups"].push_back({{"name", "default"}});
  world["secrets"].push_back({{"name", "/development/app1/mysqlinstd"}, {"value", {{"password", "before"}}}});
  const auto like = [](Json database, const char* name, const Json& more) {
    database.erase("parameter_group");
    database["name"] = name;
    database.update(more);
    return database;
  };
  const Json &production = usual.at("instances").at(0), &development = usual.at("instances").at(1);
  const Json mysql = {
      {"engine", "mysql"},
      {"version", "5.7"},
      {"subnet_group", "default"},
      {"sql",
       "create table customers (id int primary key, email varchar(100), address varchar(100)); insert into "
       "customers values (1,'a@real.example','here'); create table logs (id int primary key)"}};
  Json idle = {{"engine", "mysql"}, {"version", "5.7"}, {"serving", false}};
  world["instances"] = {like(production, "mysqlinstp", mysql), like(development, "faildev", idle),
                        like(development, "enddev", idle),
                        like(production, "pgprod", {{"engine", "postgres"}}),
                        like(development, "pgdev", {{"engine", "postgres"}})};
  world["clusters"].push_back(like(production, "auposclup",
                                   {{"engine", "aurora-postgresql"},
                                    {"version", "10.21"},
                                    {"subnet_group", "default"},
                                    {"members", {"auposinstp"}}}));
  world["buckets"][0]["objects"]["app1/bad.sql"] = "UPDATE nothing_of_this_name SET email = '';\n";
  const std::string scripts = "sqlscripts/rdsmysql/mysqlinstd/";
  Json objects;
  for (const char* name : {"01script.sql", "02script.sql"})
    objects[scripts + name] = os::read_file(SOURCE_DIR "/examples/buckets/awssol-bucket/" + scripts + name);
  world["buckets"].push_back({{"name", "awssol-bucket"}, {"objects", objects}});
  return world;
}

}  // namespace tests
