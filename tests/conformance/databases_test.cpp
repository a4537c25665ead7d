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

/// A world with one instance, `prod`, that is available and was not made by a refresh.
class World {
 public:
  virtual ~World() = default;
  virtual provider::DatabaseService& service() = 0;
  virtual base::Clock& clock() = 0;
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

 private:
  base::VirtualClock clock_{base::Time{}};
  provider::simulated::Databases databases_{clock_, {.slowest_seconds = 20}};
};

class Local : public World {
 public:
  explicit Local(const std::string& engine) {
    databases_.create(
        {.name = "prod", .engine = engine, .master_password = base::Secret("production"), .db_name = "d"},
        waiting());
    databases_.login(databases_.find(Kind::instance, "prod")->id, base::Secret("production"))
        ->query("CREATE TABLE t AS SELECT 1 AS a");
  }
  ~Local() override {
    for (const auto& each : databases_.list())
      if (each.kind == Kind::instance) databases_.remove(each.id, waiting());
    for (const auto& each : databases_.list()) databases_.remove(each.id, waiting());
  }
  provider::DatabaseService& service() override { return databases_; }
  base::Clock& clock() override { return clock_; }

 private:
  provider::Waiting waiting() {
    return {clock_, clock_.now() + std::chrono::minutes(2), {}, [](const base::Json&) {}};
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
  provider::Waiting waiting() {
    return {world_->clock(), world_->clock().now() + std::chrono::minutes(2), {}, [](const base::Json&) {}};
  }
  std::string source() { return service().find(Kind::instance, "prod")->id; }

  Database restore(const std::string& name) {
    const auto made = service().restore({.source = source(),
                                         .name = name,
                                         .tags = {{"refresh", "true"}},
                                         .port = os::any_free_port(),
                                         .settings = base::Json::object()},
                                        waiting());
    return settled(made.database.id, "available");
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
    service().restore({.source = "db-nothing", .name = "copy", .settings = base::Json::object()}, waiting());
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
  service().stop(made.id, waiting());
  settled(made.id, "stopped");
  service().start(made.id, waiting());
  settled(made.id, "available");
  service().start(made.id, waiting());
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
  service().set_open(made.id, true, waiting());
  service().set_open(made.id, true, waiting());
  EXPECT_TRUE(settled(made.id, "available").open);
  service().set_open(made.id, false, waiting());
  EXPECT_FALSE(settled(made.id, "available").open);
}

TEST_P(Databases, DeletesForGoodAndOnlyOnce) {
  const auto made = restore("copy");
  service().remove(made.id, waiting());
  auto& clock = world_->clock();
  const auto deadline = clock.now() + std::chrono::minutes(1);
  while (service().get(made.id) && clock.now() < deadline)
    clock.sleep_until(clock.now() + std::chrono::milliseconds(50), {});
  EXPECT_FALSE(service().get(made.id));
  expect_code("DBInstanceNotFound", [&] { service().remove(made.id, waiting()); });
  restore("copy");
}

TEST_P(Databases, MergesTags) {
  const auto made = restore("copy");
  service().add_tags(made.id, {{"a", "1"}, {"refresh", "x y='\""}});
  EXPECT_EQ(service().get(made.id)->tags, (provider::Tags{{"a", "1"}, {"refresh", "x y='\""}}));
  expect_code("DBInstanceNotFound", [&] { service().add_tags("db-nothing", {}); });
}

}  // namespace
}  // namespace tests
