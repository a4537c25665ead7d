// One suite for every DatabaseService: what the steps rely on, whatever world is below.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>

#include "base/error.h"
#include "provider/local/databases.h"
#include "provider/local/stores.h"
#include "provider/simulated/databases.h"
#include "tests/temporary.h"

namespace tests {
namespace {

using provider::Database;
using provider::Kind;
using provider::RestoreType;

/// A world with one instance, `prod`, that is available and was not made by a refresh.
class World {
 public:
  virtual ~World() = default;
  virtual provider::DatabaseService& service() = 0;
  virtual base::Clock& clock() = 0;
  virtual void take_snapshot(const std::string& name) = 0;  ///< of prod
  virtual std::string make_cluster() = 0;                   ///< with a writer; its id
};

class SimulatedOne : public World {
 public:
  SimulatedOne() {
    databases_.add({.name = "prod",
                    .id = "id-prod",
                    .engine = "mysql",
                    .status = "available",
                    .port = 1,
                    .master_user = "admin"});
  }
  provider::DatabaseService& service() override { return databases_; }
  base::Clock& clock() override { return clock_; }
  void take_snapshot(const std::string& name) override { databases_.snapshots.insert(name); }
  std::string make_cluster() override {
    databases_.add({.kind = Kind::cluster,
                    .name = "prodcluster",
                    .id = "id-cluster",
                    .engine = "aurora-mysql",
                    .status = "available"});
    return "id-cluster";
  }

 private:
  base::VirtualClock clock_{base::Time{}};
  provider::simulated::Databases databases_{clock_, {.slowest_seconds = 20}};
};

class Local : public World {
 public:
  explicit Local(const std::string& engine) {
    databases_.create(
        {.name = "prod", .engine = engine, .master_password = base::Secret("production"), .db_name = "d"},
        budget());
    databases_.login(databases_.find(Kind::instance, "prod")->id, base::Secret("production"))
        ->query("CREATE TABLE t AS SELECT 1 AS a");
  }
  ~Local() override {
    for (const auto& each : databases_.list())
      if (each.kind == Kind::instance) databases_.remove(each.id, budget());
    for (const auto& each : databases_.list()) databases_.remove(each.id, budget());
  }
  provider::DatabaseService& service() override { return databases_; }
  base::Clock& clock() override { return clock_; }
  void take_snapshot(const std::string& name) override {
    databases_.create_snapshot(databases_.find(Kind::instance, "prod")->id, name, false, budget());
  }
  std::string make_cluster() override {
    const bool postgres = databases_.find(Kind::instance, "prod")->engine == "postgres";
    return databases_
        .create({.name = "prodcluster",
                 .engine = postgres ? "aurora-postgresql" : "aurora-mysql",
                 .master_password = base::Secret("production"),
                 .retention_days = 0},
                budget())
        .id;
  }

 private:
  provider::Budget budget() {
    return {clock_, clock_.now() + std::chrono::minutes(2), {}, [](const base::Note&) {}};
  }
  Temporary folder_;
  base::SystemClock clock_;
  provider::local::Home home_ = provider::local::open_home(folder_.path());
  provider::local::Secrets secrets_{home_};
  provider::local::Databases databases_{home_, secrets_};
};

struct Provider {
  const char* name;
  std::unique_ptr<World> (*make)();
};

class Databases : public testing::TestWithParam<Provider> {
 protected:
  provider::DatabaseService& service() { return world_->service(); }
  provider::Budget budget() {
    return {world_->clock(), world_->clock().now() + std::chrono::minutes(2), {}, [](const base::Note&) {}};
  }
  std::string source() { return service().find(Kind::instance, "prod")->id; }

  Database restore(const std::string& name) { return restore({.source = source(), .name = name}); }
  Database restore(provider::RestoreRequest request) {
    request.tags = {{"refresh", "true"}};
    request.port = os::any_free_port();
    request.settings = base::Json::object();
    return settled(service().restore(request, budget()).database.id, "available");
  }
  void sleep(std::chrono::milliseconds time) {
    world_->clock().sleep_until(world_->clock().now() + time, {});
  }
  /// Waits until the status is `status`; a failed wait fails the test.
  Database settled(const std::string& id, const std::string& status) {
    auto& clock = world_->clock();
    const auto deadline = clock.now() + std::chrono::minutes(2);
    auto found = service().get(id);
    while (found && found->status != status && clock.now() < deadline) {
      clock.sleep_until(clock.now() + std::chrono::milliseconds(50), {});
      found = service().get(id);
    }
    EXPECT_TRUE(found && found->status == status)
        << "status " << (found ? found->status : "gone") << ", wanted " << status;
    return found.value_or(Database{});
  }
  void expect_code(const std::string& code, const std::function<void()>& verb) {
    try {
      verb();
      ADD_FAILURE() << "no error, wanted " << code;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code, code) << error.message;
    }
  }

  std::unique_ptr<World> world_ = GetParam().make();
};

INSTANTIATE_TEST_SUITE_P(
    Conformance, Databases,
    testing::Values(Provider{"Simulated", [] { return std::unique_ptr<World>(new SimulatedOne); }},
                    Provider{"LocalMariaDb", [] { return std::unique_ptr<World>(new Local("mariadb")); }},
                    Provider{"LocalPostgres", [] { return std::unique_ptr<World>(new Local("postgres")); }}),
    [](const auto& which) { return which.param.name; });

TEST_P(Databases, ARestoreIsNewClosedAndTagged) {
  const auto made = restore("copy");
  EXPECT_NE(made.id, source());
  EXPECT_EQ(made.name, "copy");
  EXPECT_FALSE(made.open);
  EXPECT_EQ(made.tags.at("refresh"), "true");
  EXPECT_EQ(service().find(Kind::instance, "copy")->id, made.id);
  EXPECT_EQ(service().list().size(), 2U);
}

TEST_P(Databases, ANameIsGivenOnce) {
  restore("copy");
  expect_code("DBInstanceAlreadyExists", [&] { restore("copy"); });
  EXPECT_EQ(service().list().size(), 2U);
}

TEST_P(Databases, ARestoreOfNothingFails) {
  expect_code("DBInstanceNotFound", [&] {
    service().restore({.source = "db-nothing", .name = "copy", .settings = base::Json::object()}, budget());
  });
  EXPECT_EQ(service().list().size(), 1U);
}

TEST_P(Databases, ARenameKeepsTheIdAndRefusesATakenName) {
  const auto made = restore("copy");
  expect_code("DBInstanceAlreadyExists", [&] { service().rename(made.id, "prod"); });
  service().rename(made.id, "other");
  EXPECT_EQ(settled(made.id, "available").name, "other");
  EXPECT_FALSE(service().find(Kind::instance, "copy"));
  service().rename(made.id, "other");  // again: it has happened
  service().rename(source(), "copy");
  EXPECT_EQ(settled(service().find(Kind::instance, "copy")->id, "available").name, "copy");
}

TEST_P(Databases, StopsAndStarts) {
  const auto made = restore("copy");
  service().stop(made.id, budget());
  settled(made.id, "stopped");
  service().start(made.id, budget());
  settled(made.id, "available");
  service().start(made.id, budget());
  settled(made.id, "available");
}

TEST_P(Databases, APasswordOpensWhatItIsSetOn) {
  const auto made = restore("copy");
  const base::Secret password("it's \"new\"; \\ $(x) \xC3\xA9");
  service().set_master_password(made.id, password);
  settled(made.id, "available");
  EXPECT_EQ(service().login(made.id, password)->scalar("SELECT 1"), "1");
  expect_code("AccessDenied", [&] { service().login(made.id, base::Secret("wrong")); });
}

TEST_P(Databases, OpensAndCloses) {
  const auto made = restore("copy");
  service().set_open(made.id, true, budget());
  service().set_open(made.id, true, budget());
  EXPECT_TRUE(settled(made.id, "available").open);
  service().set_open(made.id, false, budget());
  EXPECT_FALSE(settled(made.id, "available").open);
}

TEST_P(Databases, DeletesForGoodAndOnlyOnce) {
  const auto made = restore("copy");
  service().remove(made.id, budget());
  auto& clock = world_->clock();
  const auto deadline = clock.now() + std::chrono::minutes(1);
  while (service().get(made.id) && clock.now() < deadline)
    clock.sleep_until(clock.now() + std::chrono::milliseconds(50), {});
  EXPECT_FALSE(service().get(made.id));
  expect_code("DBInstanceNotFound", [&] { service().remove(made.id, budget()); });
  restore("copy");
}

TEST_P(Databases, EveryKindOfRestoreMakesAClosedDatabase) {
  world_->take_snapshot("snap");
  sleep(std::chrono::milliseconds(2100));
  const auto now = std::chrono::floor<std::chrono::seconds>(world_->clock().now());
  const provider::RestoreRequest requests[] = {
      {.source = source(), .name = "latest", .type = RestoreType::latest_point},
      {.source = source(), .name = "clone", .type = RestoreType::fast_cloning},
      {.source = source(), .name = "snapped", .type = RestoreType::from_snapshot, .snapshot = "snap"},
      {.source = source(), .name = "point", .type = RestoreType::restore_point, .time = now}};
  for (const auto& request : requests) {
    const auto made = restore(request);
    EXPECT_FALSE(made.open) << request.name;
    EXPECT_EQ(made.name, request.name);
    EXPECT_EQ(made.tags.at("refresh"), "true") << request.name;
  }
  EXPECT_EQ(service().list().size(), 5U);
  expect_code("DBSnapshotNotFound", [&] {
    restore({.source = source(), .name = "x", .type = RestoreType::from_snapshot, .snapshot = "nothing"});
  });
  expect_code("InvalidRestoreFault", [&] {
    restore({.source = source(),
             .name = "x",
             .type = RestoreType::restore_point,
             .time = now + std::chrono::hours(1)});
  });
  EXPECT_EQ(service().list().size(), 5U);
}

TEST_P(Databases, AReplicaIsOneUntilItGoes) {
  const auto made = service().create_replica(source(), "reader", os::any_free_port(), {{"a", "b"}},
                                             base::Json::object(), budget());
  const auto replica = settled(made.id, "available");
  EXPECT_EQ(replica.replica_of, source());
  EXPECT_EQ(replica.tags.at("a"), "b");
  EXPECT_EQ(service().get(source())->replicas, std::vector<std::string>{replica.id});
  const auto deadline = world_->clock().now() + std::chrono::minutes(1);
  while (!service().replica_in_sync(replica.id) && world_->clock().now() < deadline)
    sleep(std::chrono::milliseconds(50));
  EXPECT_TRUE(service().replica_in_sync(replica.id));
  expect_code("DBInstanceAlreadyExists",
              [&] { service().create_replica(source(), "reader", 0, {}, base::Json::object(), budget()); });
  service().remove(replica.id, budget());
  while (service().get(replica.id) && world_->clock().now() < deadline) sleep(std::chrono::milliseconds(50));
  EXPECT_TRUE(service().get(source())->replicas.empty());
}

TEST_P(Databases, AClusterIsRestoredWithoutInstancesAndGoesAfterThem) {
  const auto cluster = world_->make_cluster();
  const auto made = restore({.kind = Kind::cluster, .source = cluster, .name = "copy"});
  EXPECT_EQ(made.kind, Kind::cluster);
  EXPECT_TRUE(made.members.empty());
  EXPECT_FALSE(service().find(Kind::instance, "copy")) << "clusters have names of their own";
  expect_code("DBClusterAlreadyExistsFault",
              [&] { restore({.kind = Kind::cluster, .source = cluster, .name = "copy"}); });
  const auto writer = service().create_member(made.id, "copy-w", {}, base::Json::object(), budget());
  EXPECT_TRUE(writer.writer);
  settled(writer.id, "available");
  const auto reader = service().create_member(made.id, "copy-r", {}, base::Json::object(), budget());
  EXPECT_FALSE(reader.writer);
  settled(reader.id, "available");
  EXPECT_EQ(service().get(made.id)->members.size(), 2U);
  expect_code("InvalidDBClusterStateFault", [&] { service().remove(made.id, budget()); });
  for (const auto& id : {reader.id, writer.id, made.id}) {
    service().remove(id, budget());
    const auto deadline = world_->clock().now() + std::chrono::minutes(1);
    while (service().get(id) && world_->clock().now() < deadline) sleep(std::chrono::milliseconds(50));
  }
  EXPECT_FALSE(service().find(Kind::cluster, "copy"));
}

TEST_P(Databases, WhatIsStoppedIsNeitherChangedNorReplicated) {
  const auto made = restore("copy");
  service().stop(made.id, budget());
  settled(made.id, "stopped");
  expect_code("InvalidDBInstanceState", [&] { service().set_master_password(made.id, base::Secret("x")); });
  expect_code("InvalidDBInstanceState",
              [&] { service().create_replica(made.id, "reader", 0, {}, base::Json::object(), budget()); });
  EXPECT_FALSE(service().find(Kind::instance, "reader"));
}

TEST_P(Databases, MergesTags) {
  const auto made = restore("copy");
  service().add_tags(made.id, {{"a", "1"}, {"refresh", "x y='\""}});
  EXPECT_EQ(service().get(made.id)->tags, (provider::Tags{{"a", "1"}, {"refresh", "x y='\""}}));
  expect_code("DBInstanceNotFound", [&] { service().add_tags("db-nothing", {}); });
}

}  // namespace
}  // namespace tests
