// What the plan says of a file that is valid, and not what its author meant.
#include "refresh/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/simulation/world.h"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// An instance file with every member that may say a password.
struct WithPasswords : SimulatedWorld {
  WithPasswords() : SimulatedWorld(instance_file(), false, {}) {
    file.members["createsecret"] = {{"secretname", "s"}, {"rotation", false}};
    file.members["runscripts"]["access"] = "pwd";
  }
  std::vector<std::string> problems() {
    const auto plan = refresh::make_plan(to_json(file.names), file.members, services, "");
    EXPECT_TRUE(plan.ok());
    std::vector<std::string> lines;
    for (const auto& each : plan.problems) lines.push_back(base::to_string("f", each));
    return lines;
  }
};

/// Without changemasterpwd the master gets a password that is made up, whatever others say.
TEST(Plan, WarnsOfPasswordsThatNothingSets) {
  WithPasswords w;
  EXPECT_THAT(w.problems(), IsEmpty());
  w.file.members.erase("changemasterpwd");
  EXPECT_THAT(w.problems(),
              UnorderedElementsAre(HasSubstr("$.createsecret.temppwd: warning: is not used: no step"),
                                   HasSubstr("$.runscripts.temppwd: warning: is not used: no step")));
  w.file.members["runscripts"]["access"] = "secret";
  EXPECT_THAT(w.problems(), UnorderedElementsAre(HasSubstr("$.createsecret.temppwd: warning")));
}

}  // namespace
}  // namespace tests
