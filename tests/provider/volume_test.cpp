// Copies on write, and what decides about them. Needs root: it mounts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/statvfs.h>

#include <fstream>
#include <thread>
#include <vector>

#include "base/error.h"
#include "provider/local/server.h"
#include "provider/local/volume.h"
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

/// A home with a volume of its own, if this host makes one.
class HomeVolume : public testing::Test {
 protected:
  ~HomeVolume() override {
    if (mounted()) unmount();
  }
  os::Finished init() { return home_.run({"local", "init", "--volume", "600M"}); }
  bool mounted() const { return os::fs::exists(at_) && !os::same_file_system(home_.path(), at_); }
  void unmount() {
    base::SystemClock clock;
    const auto deadline = clock.now() + std::chrono::seconds(20);
    while (os::run({.argv = {"umount", at_.string()}}, clock, deadline, {}).exit_code != 0 &&
           clock.now() < deadline)
      clock.sleep_until(clock.now() + std::chrono::milliseconds(100), {});
  }
  unsigned rights() const { return static_cast<unsigned>(os::fs::status(image_).permissions()); }

  Home home_;
  const os::fs::path image_ = home_.path() / "volume.img", at_ = home_.path() / "volume";
};

TEST_F(HomeVolume, IsMadeAndMountedAgain) {
  const auto made = init();
  if (made.exit_code != 0) GTEST_SKIP() << made.output;
  home_.make_production();
  home_.must({"run", home_.file("db-app1-mysqlinstd.json")});
  const std::string run = home_.json({"list"}).back()["run"];
  EXPECT_THAT(home_.json({"history", run}).dump(), HasSubstr("copy on write; the source stood still for"));
  const auto again = init();
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.output, HasSubstr("there is a volume already"));
  home_.must({"local", "stop", "mysqlinstd"});
  home_.must({"local", "stop", "mysqlinstp"});
  unmount();
  EXPECT_FALSE(os::fs::exists(at_ / "instances"));
  home_.must({"local", "start", "mysqlinstd"});  // mounts it
  EXPECT_EQ(home_.sql("mysqlinstd", "SELECT COUNT(*) FROM customers;"), "3\n");
  home_.must({"local", "delete", "--all", "--force"});
}

/// The data of all servers is in it, around their accounts.
TEST_F(HomeVolume, IsReadByRootAlone) {
  const auto made = init();
  if (made.exit_code != 0) GTEST_SKIP() << made.output;
  EXPECT_EQ(rights(), 0600U);
  os::fs::permissions(image_, os::fs::perms(0644));  // as it was made once
  home_.must({"local", "list"});
  EXPECT_EQ(rights(), 0600U);
}

TEST_F(HomeVolume, HoldsNobodysProgramsAndNoDevices) {
  const auto made = init();
  if (made.exit_code != 0) GTEST_SKIP() << made.output;
  struct statvfs options {};
  ASSERT_EQ(statvfs(at_.c_str(), &options), 0);
  EXPECT_NE(options.f_flag & ST_NOSUID, 0U);
  EXPECT_NE(options.f_flag & ST_NODEV, 0U);
}

/// Else a home without a database would stand in its place, and accounts of its servers would be nobody's.
TEST_F(HomeVolume, StaysWhereItIsMountedThoughItsImageWasMoved) {
  const auto made = init();
  if (made.exit_code != 0) GTEST_SKIP() << made.output;
  os::fs::rename(image_, home_.path() / "volume.img.moved");
  EXPECT_EQ(provider::local::storage_of(home_.path()), at_);
}

TEST_F(HomeVolume, IsMountedOnceByManyCommandsAtOnce) {
  const auto made = init();
  if (made.exit_code != 0) GTEST_SKIP() << made.output;
  unmount();
  {
    std::vector<std::jthread> commands;
    for (int i = 0; i < 8; ++i) commands.emplace_back([this] { home_.must({"local", "list"}); });
  }
  EXPECT_TRUE(mounted());
  unmount();
  EXPECT_FALSE(mounted()) << "it was mounted twice";
}

TEST_F(HomeVolume, IsBegunAnewWhereItsMakerWasKilled) {
  if (os::current_user().uid != 0) GTEST_SKIP() << "a volume is root's";
  base::SystemClock clock;
  const std::string left = image_.string() + ".partial";
  const auto leave = "fallocate -l 600M " + left + " && mkfs.xfs -q " + left;
  const auto killed =
      os::run({.argv = {"/bin/sh", "-c", leave}}, clock, clock.now() + std::chrono::minutes(1), {});
  if (killed.exit_code != 0) GTEST_SKIP() << killed.output;
  const auto made = init();
  EXPECT_EQ(made.exit_code, 0) << made.output;
  EXPECT_FALSE(os::fs::exists(left));
  EXPECT_EQ(rights(), 0600U);
}

TEST_F(HomeVolume, IsNotMadeInAFolderThatIsNoHome) {
  if (os::current_user().uid != 0) GTEST_SKIP() << "a volume is root's";
  const Temporary other;
  std::ofstream(other.path() / "somebody's") << "x";
  base::SystemClock clock;
  const auto refused =
      os::run({.argv = {PROGRAM, "--home", other.path(), "local", "init", "--volume", "600M"}}, clock,
              clock.now() + std::chrono::minutes(1), {});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("is no home of dbrefresh"));
  EXPECT_FALSE(os::fs::exists(other.path() / "volume.img"));
}

}  // namespace
}  // namespace tests
