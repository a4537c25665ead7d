// Copies on write, and what decides about them. Needs root: it mounts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "provider/local/server.h"
#include "tests/end-to-end/program.h"
#include "tests/volume.h"

namespace tests {
namespace {

using testing::HasSubstr;

TEST(Clone, FilesInTooManyPiecesAreReadInstead) {
  const Volume volume("1G", "mkfs.xfs -q -m reflink=1");
  if (!volume.good) GTEST_SKIP() << "needs root, a loop device and mkfs.xfs";
  const auto data = volume.path() / "data", target = volume.path() / "target";
  os::fs::create_directories(data);
  os::fs::create_directories(target);
  constexpr int blocks = 30'000;
  const std::string block(4096, 'a');
  std::ofstream out(data / "file", std::ios::binary);
  for (int i = 0; i < blocks; ++i) out << block;
  out.close();
  os::sync_tree(data);
  EXPECT_EQ(provider::local::why_not_clone(data, target), "");
  ASSERT_TRUE(os::reflink(data / "file", volume.path() / "other"));
  std::fstream in(data / "file", std::ios::binary | std::ios::in | std::ios::out);
  for (int i = 0; i < blocks; i += 2) {  // every second block gets a place of its own
    in.seekp(std::streamoff{i} * 4096);
    in << block;
  }
  in.close();
  os::sync_tree(data);
  EXPECT_GT(os::count_extents(data / "file"), blocks / 2);
  EXPECT_THAT(provider::local::why_not_clone(data, target), HasSubstr("pieces: reading them is faster"));
  const Temporary elsewhere;
  EXPECT_EQ(provider::local::why_not_clone(data, elsewhere.path()), "it is on another file system");
}

TEST(Clone, AVolumeOfOurOwnIsMadeAndMountedAgain) {
  Home home;
  base::SystemClock clock;
  auto unmount = [&] {
    const auto at = (home.path() / "volume").string();
    const auto deadline = clock.now() + std::chrono::seconds(20);
    while (os::run({.argv = {"umount", at}}, clock, deadline, {}).exit_code != 0 && clock.now() < deadline)
      clock.sleep_until(clock.now() + std::chrono::milliseconds(100), {});
  };
  const auto made = home.run({"local", "init", "--volume", "1G"});
  if (made.exit_code != 0) GTEST_SKIP() << made.output;
  home.make_production();
  home.must({"run", home.file("db-app1-mysqlinstd.json")});
  const std::string run = home.json({"list"}).back()["run"];
  EXPECT_THAT(home.json({"history", run}).dump(), HasSubstr("copy on write; the source stood still for"));
  const auto again = home.run({"local", "init", "--volume", "1G"});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.output, HasSubstr("there is a volume already"));
  home.must({"local", "stop", "mysqlinstd"});
  home.must({"local", "stop", "mysqlinstp"});
  unmount();
  EXPECT_FALSE(os::fs::exists(home.path() / "volume" / "instances"));
  home.must({"local", "start", "mysqlinstd"});  // mounts it
  EXPECT_EQ(home.sql("mysqlinstd", "SELECT COUNT(*) FROM customers;"), "3\n");
  home.must({"local", "delete", "--all", "--force"});
  unmount();
}

}  // namespace
}  // namespace tests
