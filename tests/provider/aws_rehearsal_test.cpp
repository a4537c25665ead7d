// A whole refresh, rehearsed: all that RDS would be asked for, and nothing that it was.
#include "provider/aws/rehearsal.h"

#include "tests/provider/aws_account.h"

namespace tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(WithAws, ARefreshIsRehearsedToItsEnd) {
  account_.add_instance("dev", {{"TagList", AwsAccount::tags({{"refresh", "true"}})}});
  provider::aws::Rehearsal rehearsal(account_, clock_, "arn:aws:rds:eu-west-1:1");
  provider::aws::Databases databases(rehearsal,
                                     {.addresses = {"10.0.0.7"}, .held = std::chrono::milliseconds(0)},
                                     clock_, rehearsal.connect());
  const auto done = [&](auto ask) {
    auto work = ask();
    for (int i = 0; i < 10 && std::holds_alternative<provider::Pending>(work); ++i) work = ask();
    return std::get<0>(work);
  };
  const auto make_so = [&](const std::string& id, const provider::Desired& desired) {
    done([&] { return databases.make_so(id, desired, budget()); });
  };
  const auto id = done([&] {
                    return databases.restore({.token = "run/restore",
                                              .source = "db-prod",
                                              .name = "devtemp",
                                              .replaces = "db-dev",
                                              .tags = {{"refresh", "true"}},
                                              .shape = {.port = 3306, .security_groups = {"sg-dev"}}},
                                             budget());
                  }).database.id;
  make_so(id, {.master_password = base::Secret("new-password")});
  make_so("db-dev", {.open = false});
  make_so("db-dev", {.name = "dev-old-1"});
  make_so(id, {.name = "dev"});
  EXPECT_TRUE(databases.opens(id, base::Secret("new-password")));
  make_so(id, {.open = true});
  done([&] { return databases.create({.token = "t", .of = id, .name = "dev-replica"}, budget()); });
  done([&] { return databases.remove("db-dev", budget()); });
  std::vector<std::string> calls;
  for (const auto& each : rehearsal.noted()) {
    calls.push_back(each.operation);
    EXPECT_EQ(each.input.dump().find("new-password"), std::string::npos) << each.operation;
  }
  EXPECT_THAT(calls,
              ElementsAre("RestoreDBInstanceToPointInTime", "ModifyDBInstance", "AddTagsToResource",
                          "AddTagsToResource", "ModifyDBInstance", "ModifyDBInstance", "ModifyDBInstance",
                          "ModifyDBInstance", "CreateDBInstanceReadReplica", "DeleteDBInstance"));
  EXPECT_THAT(account_.taken(), IsEmpty());
}

}  // namespace
}  // namespace tests
