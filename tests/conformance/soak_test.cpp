// Clone after clone of a busy server, by every method: a wrong method gives copies that start, pass every
// check, and hold sums that never were. `make soak` makes 200 of each; the ordinary run a few.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/conformance/bank.h"
#include "tests/volume.h"

namespace tests {
namespace {

struct Method {
  const char* name;
  const char* engine;
  bool copy_on_write;
  std::vector<const char*> hostile;  ///< pages written early and checkpoints moved all the time
};

const Method methods[] = {
    {"MariaDbCopyOnWrite",
     "mariadb",
     true,
     {"SET GLOBAL innodb_max_dirty_pages_pct = 0", "SET GLOBAL innodb_io_capacity_max = 40000",
      "SET GLOBAL innodb_io_capacity = 20000"}},
    {"MariaDbBackup",
     "mariadb",
     false,
     {"SET GLOBAL innodb_max_dirty_pages_pct = 0", "SET GLOBAL innodb_io_capacity_max = 40000",
      "SET GLOBAL innodb_io_capacity = 20000"}},
    {"PostgresCopyOnWrite",
     "postgres",
     true,
     {"ALTER SYSTEM SET checkpoint_timeout = '30s'", "ALTER SYSTEM SET max_wal_size = '64MB'",
      "ALTER SYSTEM SET bgwriter_delay = '10ms'", "SELECT pg_reload_conf()"}},
    {"PostgresBaseBackup",
     "postgres",
     false,
     {"ALTER SYSTEM SET checkpoint_timeout = '30s'", "ALTER SYSTEM SET max_wal_size = '64MB'",
      "ALTER SYSTEM SET bgwriter_delay = '10ms'", "SELECT pg_reload_conf()"}},
};

int clones() {
  const char* wanted = std::getenv("SOAK_CLONES");
  return wanted == nullptr ? 4 : std::atoi(wanted);
}

class Soak : public testing::TestWithParam<Method> {};
INSTANTIATE_TEST_SUITE_P(Methods, Soak, testing::ValuesIn(methods),
                         [](const auto& which) { return std::string(which.param.name); });

TEST_P(Soak, EveryCloneIsConsistentAndLosesNothing) {
  constexpr int writers = 8;
  std::optional<Volume> volume;
  Temporary folder;
  if (GetParam().copy_on_write) {
    volume.emplace("3G", "mkfs.xfs -q -m reflink=1");
    if (!volume->good) GTEST_SKIP() << "needs root, a loop device and mkfs.xfs";
  }
  Bank bank(GetParam().engine, volume ? volume->path() : folder.path(), 0);  // its log would fill the volume
  {
    const auto admin = sql::connect(bank.databases.administrator(bank.source), std::chrono::seconds(10));
    for (const char* each : GetParam().hostile) admin->execute(each, 0);
  }
  bank.write(writers);
  for (int i = 0; i < clones(); ++i) {
    const int before = bank.acknowledged;
    const auto copy = bank.restore(provider::RestoreType::latest_point, "clone");
    EXPECT_THAT(bank.last_restored.method,
                testing::HasSubstr(GetParam().copy_on_write ? "copy on write" : "hot copy by"));
    EXPECT_EQ(bank.sum(copy), Bank::total) << "clone " << i;
    EXPECT_GE(bank.transfers(copy), before) << "clone " << i;
    bank.remove(copy.id);
  }
  std::cout << clones() << " clones under " << writers << " writers, " << bank.acknowledged << " transfers\n";
}

}  // namespace
}  // namespace tests
