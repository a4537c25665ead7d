// What the plan says of a file that is valid, and not what its author meant.
#include "refresh/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/simulation/world.h"

namespace tests {
namespace {

using testing::HasSubstr;

/// A world with an old database, which is given these tags, and closed.
struct WithClosedOld : SimulatedWorld {
  explicit WithClosedOld(const provider::Tags& tags)
      : SimulatedWorld(instance_file(), true, {.broken_statement = "customers"}) {
    const auto old = databases.find(provider::Kind::instance, file.names.target);
    const provider::Budget budget{clock, clock.now() + std::chrono::hours(1), {}, [](const base::Note&) {}};
    while (std::holds_alternative<provider::Pending>(
        databases.make_so(old->id, {.open = false, .tags = tags}, budget)))
      clock.sleep_until(clock.now() + std::chrono::seconds(5), {});
  }
  refresh::Plan plan() { return refresh::make_plan(to_json(file.names), file.members, services, ""); }
};

/// Its rolling back would open what is closed because nothing is masked yet.
TEST(Plan, ReplacesNoCopyThatAnotherRunHasNotFinished) {
  WithClosedOld w({{"refresh", "true"}, {"refresh-run", "another"}, {"refresh-masked", "false"}});
  const auto plan = w.plan();
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.problems[0].message, HasSubstr("is a copy of run another that is not finished"));
}

TEST(Plan, WhatWasClosedBeforeStaysClosed) {
  WithClosedOld w(provider::Tags{{"refresh", "true"}});
  EXPECT_TRUE(w.plan().ok());
  w.run();
  EXPECT_THAT(w.cause(), HasSubstr("the statement was refused"));
  EXPECT_FALSE(w.databases.find(provider::Kind::instance, w.file.names.target)->open);
}

/// What is going when the run is planned is missing to nobody when it is put back.
TEST(Plan, PinsNothingThatIsBeingDeleted) {
  for (const bool cluster : {false, true}) {
    SimulatedWorld w(cluster ? cluster_file() : instance_file(), true, {.slowest_seconds = 600});
    const provider::Budget budget{w.clock, w.clock.now(), {}, [](const base::Note&) {}};
    w.databases.remove("id-oldreader", budget);
    ASSERT_EQ(w.databases.get("id-oldreader")->status, "deleting");
    const auto taken = refresh::make_plan(to_json(w.file.names), w.file.members, w.services, "");
    ASSERT_EQ(taken.problems.size(), 1U);
    EXPECT_THAT(taken.problems[0].message, HasSubstr("is deleting; wait until it is gone"));
    w.file.members.erase("createreplicas");
    const auto plan = refresh::make_plan(to_json(w.file.names), w.file.members, w.services, "");
    EXPECT_TRUE(plan.ok());
    EXPECT_EQ(plan.pins.at("old"), "id-old");
    EXPECT_EQ(plan.pins.at("old_members"), cluster ? base::Json{"id-oldins"} : base::Json::array());
    EXPECT_EQ(plan.pins.at("old_replicas"), base::Json::array());
  }
}

/// It would be found out after the swap.
TEST(Plan, AReplicaCannotHaveTheNameOfWhatItReplicates) {
  SimulatedWorld w(instance_file(), true, {});
  w.file.members["createreplicas"]["replicas"] = {w.file.names.target + "_c_3308"};
  const auto plan = refresh::make_plan(to_json(w.file.names), w.file.members, w.services, "");
  EXPECT_THAT(plan.problems,
              testing::Contains(testing::Field(&refresh::Problem::message,
                                               HasSubstr("is the name of what is replicated"))));
}

/// Another host's client would lose it without a word.
TEST(Plan, AScriptThatAnotherHostRunsMustCommit) {
  SimulatedWorld w(instance_file(), true, {});
  w.file.members["runscripts"]["method"] = "ec2";
  const auto problems_with = [&](const char* text) {
    w.scripts.objects["b/p/1.sql"] = text;
    return refresh::make_plan(to_json(w.file.names), w.file.members, w.services, "").problems;
  };
  const auto lost = testing::Contains(testing::Field(
      &refresh::Problem::message, HasSubstr("ends within a transaction, which would be lost")));
  EXPECT_THAT(problems_with("BEGIN; UPDATE c SET a = 1;"), lost);
  EXPECT_THAT(problems_with("BEGIN; UPDATE c SET a = 1; COMMIT;"), testing::Not(lost));
}

/// There is nothing then that the class of its instance could be inherited from.
TEST(Plan, AClusterThatIsNotThereIsToldSo) {
  SimulatedWorld w(cluster_file(), false, {});
  w.file.names.source = "nosuch";
  w.file.members["createinstance"].erase("dbclass");
  const auto plan = refresh::make_plan(to_json(w.file.names), w.file.members, w.services, "");
  EXPECT_THAT(plan.problems,
              testing::Contains(testing::Field(&refresh::Problem::message,
                                               HasSubstr("'nosuch': there is no such cluster"))));
}

/// What carries the run's id is not its own: nothing is, before it has begun.
TEST(Plan, ARunIsMadeOnce) {
  WithClosedOld w({{"refresh", "true"}, {"refresh-run", "20260101000000-abc123"}});
  w.run();
  EXPECT_THAT(w.cause(), HasSubstr("has been made already"));
  EXPECT_TRUE(w.databases.find(provider::Kind::instance, w.file.names.target).has_value());
}

}  // namespace
}  // namespace tests
