// One suite for every DatabaseService: what the steps rely on, whatever world is below.
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "base/error.h"
#include "os/process.h"
#include "provider/local/databases.h"
#include "provider/local/stores.h"
#include "provider/simulated/databases.h"
#include "tests/conformance/aws_world.h"
#include "tests/port.h"
#include "tests/temporary.h"

namespace tests {
namespace {

using provider::Database;
using provider::Kind;
using provider::RestoreType;
using provider::local::finished;

/// A world with one instance, `prod`, that is available and was not made by a refresh, though one might
/// change it.
class World {
 public:
  virtual ~World() = default;
  virtual provider::DatabaseService& service() = 0;
  virtual base::Clock& clock() = 0;
  virtual void take_snapshot(const std::string& name) = 0;  ///< of prod
  virtual std::string make_cluster() = 0;                   ///< with a writer; its id
  /// Of a new database, which users can be let in to.
  virtual provider::Shape shape() { return {.port = any_port()}; }
  /// What is hard about passwords and tags here.
  virtual std::string password() { return "it's \"new\"; \\ $(x) \xC3\xA9"; }
  virtual std::string tag() { return "x y='\""; }
  /// A moment of prod that can be restored.
  virtual base::Time past() { return std::chrono::floor<std::chrono::seconds>(clock().now()); }
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
    databases_.create_new(
        {.name = "prod", .engine = engine, .master_password = base::Secret("production"), .db_name = "d"},
        budget());
    databases_.login(databases_.find(Kind::instance, "prod")->id, base::Secret("production"), "")
        ->query("CREATE TABLE t AS SELECT 1 AS a");
  }
  ~Local() override {
    for (const Kind kind : {Kind::instance, Kind::cluster})
      for (const auto& each : databases_.find({.kind = kind}))
        finished(budget(), [&] { return databases_.remove(each.id, budget()); });
  }
  provider::DatabaseService& service() override { return databases_; }
  base::Clock& clock() override { return clock_; }
  void take_snapshot(const std::string& name) override {
    databases_.create_snapshot(databases_.find(Kind::instance, "prod")->id, name, budget());
  }
  std::string make_cluster() override {
    const bool postgres = databases_.find(Kind::instance, "prod")->engine == "postgres";
    return databases_
        .create_new({.name = "prodcluster",
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
  provider::local::Databases databases_{home_, secrets_, clock_};
};

class Aws : public World {
 public:
  ~Aws() override { EXPECT_EQ(world_.bed().get("violations")["violations"], base::Json::array()); }
  provider::DatabaseService& service() override { return world_.databases(); }
  base::Clock& clock() override { return world_.clock(); }
  void take_snapshot(const std::string& name) override { world_.take_snapshot(name); }
  std::string make_cluster() override { return world_.make_cluster(); }
  provider::Shape shape() override {
    return {.port = AwsWorld::port,
            .instance_class = "db.r6g.large",
            .security_groups = {world_.group("developers")}};
  }
  std::string password() override { return "it's#new;\\$(x)"; }
  std::string tag() override { return "x y=@+:/."; }
  base::Time past() override {
    return std::chrono::floor<std::chrono::seconds>(clock().now() - std::chrono::minutes(20));
  }

 private:
  AwsWorld world_{"mariadb"};
};

struct Provider {
  const char* name;
  std::unique_ptr<World> (*make)();
};

class Databases : public testing::TestWithParam<Provider> {
 protected:
  provider::DatabaseService& service() { return world_->service(); }
  provider::Budget budget(std::chrono::seconds time = std::chrono::seconds(2)) {
    return {world_->clock(), world_->clock().now() + time, {}, [](const base::Note&) {}};
  }
  std::string source() { return service().find(Kind::instance, "prod")->id; }
  std::vector<Database> all() { return service().find(provider::Selector{}); }
  void sleep(std::chrono::milliseconds time) {
    world_->clock().sleep_until(world_->clock().now() + time, {});
  }

  /// Asks until the work is done; one that takes two minutes fails the test.
  template <class Ask>
  auto done(Ask ask) {
    const auto deadline = world_->clock().now() + std::chrono::minutes(2);
    auto work = ask();
    while (std::holds_alternative<provider::Pending>(work) && world_->clock().now() < deadline) {
      sleep(std::chrono::milliseconds(50));
      work = ask();
    }
    if (std::holds_alternative<provider::Pending>(work))
      throw std::runtime_error("not done: " + std::get<provider::Pending>(work).note.what);
    return std::get<0>(std::move(work));
  }
  Database restore(const char* name) { return restore({.source = source(), .name = name}); }
  Database restore(provider::RestoreRequest request) {
    request.tags = {{"refresh", "true"}, {"made", "here"}};
    if (request.token.empty()) request.token = "token-" + request.name;
    request.shape = world_->shape();
    return done([&] { return service().restore(request, budget()); }).database;
  }
  Database create(const std::string& of, const std::string& name) {
    const provider::CreateRequest request{.token = "token-" + name,
                                          .of = of,
                                          .name = name,
                                          .tags = {{"a", "b"}, {"refresh", "true"}},
                                          .shape = world_->shape()};
    return done([&] { return service().create(request, budget()); });
  }
  Database make_so(const std::string& id, const provider::Desired& desired) {
    return done([&] { return service().make_so(id, desired, budget()); });
  }
  void remove(const std::string& id) {
    done([&] { return service().remove(id, budget()); });
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
                    Provider{"Aws", [] { return std::unique_ptr<World>(new Aws); }},
                    Provider{"LocalPostgres", [] { return std::unique_ptr<World>(new Local("postgres")); }}),
    [](const auto& which) { return which.param.name; });

TEST_P(Databases, ARestoreIsNewClosedAndTagged) {
  const auto made = restore("copy");
  EXPECT_NE(made.id, source());
  EXPECT_EQ(made.name, "copy");
  EXPECT_EQ(made.status, "available");
  EXPECT_FALSE(made.open);
  EXPECT_EQ(made.tags.at("refresh"), "true");
  EXPECT_EQ(service().find(Kind::instance, "copy")->id, made.id);
  EXPECT_EQ(all().size(), 2U);
}

TEST_P(Databases, FindsByNameIdKindAndTags) {
  const auto made = restore("copy");
  const auto names = [&](const provider::Selector& selector) {
    std::vector<std::string> out;
    for (const auto& each : service().find(selector)) out.push_back(each.name);
    return out;
  };
  const std::vector<std::string> copy = {"copy"};
  EXPECT_EQ(names({.name = "copy"}), copy);
  EXPECT_EQ(names({.id = made.id}), copy);
  EXPECT_EQ(names({.kind = Kind::instance, .tags = {{"made", "here"}}}), copy);
  EXPECT_TRUE(names({.kind = Kind::cluster, .name = "copy"}).empty());
  EXPECT_TRUE(names({.name = "copy", .tags = {{"made", "there"}}}).empty());
  EXPECT_TRUE(names({.id = "db-nothing"}).empty());
}

/// Whoever asks with the same token means the same database, however often, and remembers nothing.
TEST_P(Databases, ATokenNamesOneRequest) {
  const auto made = restore("copy");
  const auto again = restore("copy");
  EXPECT_EQ(again.id, made.id);
  make_so(made.id, {.name = "other"});
  EXPECT_EQ(restore("copy").id, made.id) << "its name may have moved meanwhile";
  const auto reader = create(source(), "reader");
  EXPECT_EQ(create(source(), "reader").id, reader.id);
  EXPECT_EQ(all().size(), 3U);
  remove(reader.id);
}

/// What is not done within the budget goes on, and is asked for again.
TEST_P(Databases, NoVerbBlocksLongerThanItsBudget) {
  base::SystemClock real;
  /// An answer over the network may be late: a step asks again then.
  const auto is_pending = [](auto ask) {
    try {
      return std::holds_alternative<provider::Pending>(ask());
    } catch (const base::Error& error) {
      if (!error.retryable && !error.maybe_delivered) throw;
      return true;
    }
  };
  const auto measured = [&](auto ask) {
    const auto deadline = real.now() + std::chrono::minutes(2);
    bool pending = true;
    while (pending && real.now() < deadline) {
      const auto begun = real.now();
      pending = is_pending(ask);
      EXPECT_LT(real.now() - begun, std::chrono::seconds(2));
      if (pending) sleep(std::chrono::milliseconds(50));
    }
    EXPECT_FALSE(pending);
  };
  const auto none = std::chrono::seconds(0);
  provider::RestoreRequest request{
      .token = "t", .source = source(), .name = "copy", .tags = {{"refresh", "true"}}};
  request.shape = world_->shape();
  measured([&] { return service().restore(request, budget(none)); });
  const auto id = service().find(Kind::instance, "copy")->id;
  const provider::Desired desired{
      .name = "other", .open = true, .master_password = base::Secret("new-password")};
  measured([&] { return service().make_so(id, desired, budget(none)); });
  measured([&] { return service().make_so(id, {.running = false}, budget(none)); });
  measured([&] { return service().remove(id, budget(none)); });
}

TEST_P(Databases, ANameIsGivenOnce) {
  restore("copy");
  expect_code("DBInstanceAlreadyExists",
              [&] { restore({.token = "another", .source = source(), .name = "copy"}); });
  EXPECT_EQ(all().size(), 2U);
}

TEST_P(Databases, ARestoreOfNothingFails) {
  expect_code("DBInstanceNotFound", [&] { restore({.source = "db-nothing", .name = "copy"}); });
  EXPECT_EQ(all().size(), 1U);
}

TEST_P(Databases, ARenameKeepsTheIdAndRefusesATakenName) {
  const auto made = restore("copy");
  expect_code("DBInstanceAlreadyExists", [&] { make_so(made.id, {.name = "prod"}); });
  EXPECT_EQ(make_so(made.id, {.name = "other"}).name, "other");
  EXPECT_FALSE(service().find(Kind::instance, "copy"));
  EXPECT_EQ(make_so(made.id, {.name = "other"}).id, made.id);  // again: it is so
  EXPECT_EQ(make_so(source(), {.name = "copy"}).name, "copy");
}

TEST_P(Databases, StopsAndStarts) {
  const auto made = restore("copy");
  for (const bool running : {false, false, true, true})
    EXPECT_EQ(make_so(made.id, {.running = running}).status, running ? "available" : "stopped");
}

TEST_P(Databases, APasswordOpensWhatItIsSetOn) {
  const auto made = restore("copy");
  const base::Secret password(world_->password());
  make_so(made.id, {.master_password = password});
  EXPECT_EQ(service().login(made.id, password, "")->scalar("SELECT 1"), "1");
  expect_code("AccessDenied", [&] { service().login(made.id, base::Secret("wrong"), ""); });
  EXPECT_EQ(service().script_session(made.id, password, "")->scalar("SELECT 1"), "1");
}

TEST_P(Databases, OpensAndCloses) {
  const auto made = restore("copy");
  for (const bool open : {true, true, false, false}) EXPECT_EQ(make_so(made.id, {.open = open}).open, open);
}

/// Several things at once, in whatever order they need.
TEST_P(Databases, IsMadeAsDesired) {
  const auto made = restore("copy");
  make_so(made.id, {.running = false});
  const base::Secret password("new-password");
  const auto so = make_so(
      made.id,
      {.name = "other", .open = true, .running = true, .master_password = password, .tags = {{"a", "1"}}});
  EXPECT_EQ(so.name, "other");
  EXPECT_TRUE(so.open);
  EXPECT_EQ(provider::classify(so.status), provider::StatusClass::ready);
  EXPECT_EQ(so.tags.at("a"), "1");
  EXPECT_EQ(service().login(made.id, password, "")->scalar("SELECT 1"), "1");
}

TEST_P(Databases, DeletesForGood) {
  const auto made = restore("copy");
  remove(made.id);
  EXPECT_FALSE(service().get(made.id));
  remove(made.id);  // again: it is so
  expect_code("DBInstanceNotFound", [&] { make_so(made.id, {.open = true}); });
  EXPECT_NE(restore("copy").id, made.id) << "its token means nothing any more";
}

TEST_P(Databases, DeletesWhatIsStillBeingMade) {
  provider::RestoreRequest request{
      .token = "t", .source = source(), .name = "copy", .tags = {{"refresh", "true"}}};
  request.shape = world_->shape();
  const auto deadline = world_->clock().now() + std::chrono::minutes(1);
  while (service().find({.name = "copy"}).empty() && world_->clock().now() < deadline)
    (void)service().restore(request, budget(std::chrono::seconds(1)));
  ASSERT_EQ(service().find({.name = "copy"}).size(), 1U);
  remove(service().find({.name = "copy"}).at(0).id);
  EXPECT_EQ(all().size(), 1U);
}

TEST_P(Databases, EveryKindOfRestoreMakesAClosedDatabase) {
  world_->take_snapshot("snap");
  sleep(std::chrono::milliseconds(2100));
  const auto past = world_->past();
  const provider::RestoreRequest requests[] = {
      {.source = source(), .name = "latest", .type = RestoreType::latest_point},
      {.source = source(), .name = "clone", .type = RestoreType::fast_cloning},
      {.source = source(), .name = "snapped", .type = RestoreType::from_snapshot, .snapshot = "snap"},
      {.source = source(), .name = "point", .type = RestoreType::restore_point, .time = past}};
  for (const auto& request : requests) {
    const auto made = restore(request);
    EXPECT_FALSE(made.open) << request.name;
    EXPECT_EQ(made.name, request.name);
    EXPECT_EQ(made.tags.at("refresh"), "true") << request.name;
  }
  EXPECT_EQ(all().size(), 5U);
  expect_code("DBSnapshotNotFound", [&] {
    restore({.source = source(), .name = "x", .type = RestoreType::from_snapshot, .snapshot = "nothing"});
  });
  expect_code("InvalidRestoreFault", [&] {
    restore({.source = source(),
             .name = "x",
             .type = RestoreType::restore_point,
             .time = past + std::chrono::hours(1)});
  });
  EXPECT_EQ(all().size(), 5U);
}

TEST_P(Databases, AReplicaIsOneUntilItGoes) {
  const auto replica = create(source(), "reader");
  EXPECT_EQ(replica.replica_of, source());
  EXPECT_EQ(replica.tags.at("a"), "b");
  EXPECT_EQ(service().get(source())->replicas, std::vector<std::string>{replica.id});
  const auto deadline = world_->clock().now() + std::chrono::minutes(1);
  while (!service().replica_in_sync(replica.id) && world_->clock().now() < deadline)
    sleep(std::chrono::milliseconds(50));
  EXPECT_TRUE(service().replica_in_sync(replica.id));
  expect_code("DBInstanceAlreadyExists", [&] {
    done([&] { return service().create({.token = "another", .of = source(), .name = "reader"}, budget()); });
  });
  remove(replica.id);
  EXPECT_TRUE(service().get(source())->replicas.empty());
}

TEST_P(Databases, AClusterIsRestoredWithoutInstancesAndGoesAfterThem) {
  const auto cluster = world_->make_cluster();
  const auto made = restore({.kind = Kind::cluster, .source = cluster, .name = "copy"});
  EXPECT_EQ(made.kind, Kind::cluster);
  EXPECT_TRUE(made.members.empty());
  EXPECT_FALSE(service().find(Kind::instance, "copy")) << "clusters have names of their own";
  expect_code("DBClusterAlreadyExistsFault", [&] {
    restore({.token = "another", .kind = Kind::cluster, .source = cluster, .name = "copy"});
  });
  const auto writer = create(made.id, "copy-w");
  EXPECT_TRUE(writer.writer);
  const auto reader = create(made.id, "copy-r");
  EXPECT_FALSE(reader.writer);
  EXPECT_EQ(service().get(made.id)->members.size(), 2U);
  expect_code("InvalidDBClusterStateFault", [&] { remove(made.id); });
  for (const auto& id : {reader.id, writer.id, made.id}) remove(id);
  EXPECT_FALSE(service().find(Kind::cluster, "copy"));
}

TEST_P(Databases, WhatIsStoppedIsNeitherChangedNorReplicated) {
  const auto made = restore("copy");
  make_so(made.id, {.running = false});
  expect_code("InvalidDBInstanceState", [&] { make_so(made.id, {.master_password = base::Secret("x")}); });
  expect_code("InvalidDBInstanceState", [&] { create(made.id, "reader"); });
  EXPECT_FALSE(service().find(Kind::instance, "reader"));
}

TEST_P(Databases, MergesTags) {
  const auto made = restore("copy");
  const auto hard = world_->tag();
  make_so(made.id, {.tags = {{"a", "1"}, {"made", hard}}});
  EXPECT_EQ(service().get(made.id)->tags, (provider::Tags{{"a", "1"}, {"made", hard}, {"refresh", "true"}}));
  expect_code("DBInstanceNotFound", [&] { make_so("db-nothing", {.tags = {{"a", "b"}}}); });
}

}  // namespace
}  // namespace tests
