// What a copy must not do by itself before it is masked.
#include <gmock/gmock.h>

#include "os/port.h"
#include "tests/conformance/with_bank.h"

namespace tests {
namespace {

using provider::RestoreType;
using testing::HasSubstr;

class Quarantine : public WithBank {};
INSTANTIATE_TEST_SUITE_P(Engines, Quarantine, families, family_name);

TEST_P(Quarantine, LoginsAreLockedAndLinksToOtherServersAreCut) {
  const auto source = administrate();
  if (postgres()) {
    for (const char* each :
         {"CREATE ROLE app LOGIN PASSWORD 'app'", "CREATE EXTENSION postgres_fdw",
          "CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'production')",
          "CREATE USER MAPPING FOR app SERVER other OPTIONS (user 'u', password 'secret')",
          "CREATE USER MAPPING FOR PUBLIC SERVER other OPTIONS (user 'p', password 'secret')",
          "CREATE SUBSCRIPTION \"it's\" CONNECTION 'host=production' PUBLICATION p WITH (connect = false)",
          "ALTER SUBSCRIPTION \"it's\" ENABLE"})
      source->execute(each, 0);
  } else {
    for (const char* each :
         {"CREATE USER app@'%' IDENTIFIED BY 'app'",
          "CREATE SERVER `it's other` FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'production', USER 'u', "
          "PASSWORD 'secret')"})
      source->execute(each, 0);
  }
  const auto copy = bank_.restore(RestoreType::latest_point, "copy");
  EXPECT_THAT(bank_.last_restored.method, HasSubstr("1 logins of the source locked"));
  const auto inside = administrate(copy.id);
  if (postgres()) {
    EXPECT_THAT(bank_.last_restored.method, HasSubstr("1 subscriptions ended"));
    EXPECT_THAT(bank_.last_restored.method, HasSubstr("2 user mappings of foreign servers dropped"));
    EXPECT_EQ(inside->scalar("SELECT count(*) FROM pg_user_mappings"), "0");
    EXPECT_EQ(inside->scalar("SELECT count(*) FROM pg_subscription WHERE subenabled OR subslotname <> ''"),
              "0");
    EXPECT_EQ(inside->scalar("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'app'"), "f");
    EXPECT_EQ(source->scalar("SELECT count(*) FROM pg_user_mappings"), "2");
    EXPECT_EQ(source->scalar("SELECT subenabled FROM pg_subscription"), "t");
  } else {
    EXPECT_THAT(bank_.last_restored.method, HasSubstr("1 foreign servers dropped"));
    EXPECT_EQ(inside->scalar("SELECT COUNT(*) FROM mysql.servers"), "0");
    EXPECT_EQ(source->scalar("SELECT COUNT(*) FROM mysql.servers"), "1");
  }
}

TEST_P(Quarantine, ItListensNowhereButInAFolderOfItsOwn) {
  const int port = bank_.restore(RestoreType::latest_point, "copy").port;
  const auto copy = databases_.find(provider::Kind::instance, "copy");
  EXPECT_TRUE(os::port_is_free(port));
  EXPECT_EQ(os::fs::status(bank_.home.instance(copy->id)).permissions(), os::fs::perms::owner_all);
  bank_.make_so(copy->id, {.open = true});
  EXPECT_FALSE(os::port_is_free(port));
}

TEST_P(Quarantine, JobsOfTheSourceDoNotRun) {
  const auto source = administrate();
  if (postgres()) {  // pg_cron and its like must be preloaded
    const auto copy = bank_.restore(RestoreType::latest_point, "copy");
    EXPECT_EQ(administrate(copy.id)->scalar("SHOW shared_preload_libraries"), "");
    EXPECT_EQ(administrate(copy.id)->scalar("SHOW max_logical_replication_workers"), "0");
    return;
  }
  source->execute("CREATE TABLE ticks (at DATETIME(6))", 0);
  source->execute("CREATE EVENT tick ON SCHEDULE EVERY 1 SECOND DO INSERT INTO ticks VALUES (NOW(6))", 0);
  source->execute("SET GLOBAL event_scheduler = ON", 0);
  while (source->scalar("SELECT COUNT(*) FROM ticks") == "0")
    clock_.sleep_until(clock_.now() + std::chrono::milliseconds(20), {});
  const auto copy = bank_.restore(RestoreType::latest_point, "copy");
  const auto inside = administrate(copy.id);
  const auto ticked = inside->scalar("SELECT COUNT(*) FROM ticks");
  const auto at_source = source->scalar("SELECT COUNT(*) FROM ticks");
  const auto deadline = clock_.now() + std::chrono::seconds(30);
  while (source->scalar("SELECT COUNT(*) FROM ticks") == at_source && clock_.now() < deadline)
    clock_.sleep_until(clock_.now() + std::chrono::milliseconds(20), {});
  bank_.wait_for_next_second();
  EXPECT_EQ(inside->scalar("SELECT COUNT(*) FROM ticks"), ticked);
}

}  // namespace
}  // namespace tests
