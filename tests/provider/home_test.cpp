// What is a home, and what is left alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>

#include "base/error.h"
#include "provider/local/home.h"
#include "runs/world.h"
#include "tests/temporary.h"

namespace tests {
namespace {

namespace fs = std::filesystem;
using provider::local::open_home;
using provider::local::Opening;

std::string code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const base::Error& error) {
    return error.code;
  }
  return "";
}

/// Names and modes of all there is.
std::map<fs::path, unsigned> everything(const fs::path& folder) {
  std::map<fs::path, unsigned> all;
  auto note = [&](const fs::path& path) {
    struct stat info {};
    ::lstat(path.c_str(), &info);
    all[path] = info.st_mode;
  };
  note(folder);
  for (const auto& entry : fs::recursive_directory_iterator(folder)) note(entry.path());
  return all;
}

TEST(OpenHome, LeavesAFolderThatIsSomethingElseAsItIs) {
  const Temporary folder;
  os::write_file_atomic(folder.path() / "letter", "dear", 0644);
  fs::permissions(folder.path(), fs::perms(0755));
  const auto before = everything(folder.path());
  EXPECT_EQ(code_of([&] { open_home(folder.path()); }), "NotAHome");
  EXPECT_EQ(code_of([&] { open_home(folder.path(), Opening::to_look); }), "NotAHome");
  EXPECT_EQ(code_of([&] { open_home(folder.path() / "letter"); }), "NotAHome");
  for (const auto opening : {Opening::to_look, Opening::to_change})
    EXPECT_EQ(code_of([&] { open_home(folder.path() / "none", opening); }), "NotAHome");
  EXPECT_EQ(everything(folder.path()), before);
}

TEST(OpenHome, MakesOneInAnEmptyFolderAndWhereNothingIs) {
  const Temporary folder;
  fs::permissions(folder.path(), fs::perms(0755));
  os::make_folder(folder.path() / "buckets", 0700);
  open_home(folder.path());
  EXPECT_EQ(everything(folder.path())[folder.path()] & 07777U, 0755U) << "given, not made";
  open_home(folder.path());
  const Temporary parent;
  EXPECT_TRUE(fs::exists(open_home(parent.path() / "a/b").locks()));
}

TEST(OpenHome, LookingChangesNothing) {
  const Temporary folder;
  os::write_file_atomic(folder.path() / "catalogue.db", "", 0600);
  os::make_folder(folder.path() / "more", 0700);
  const auto before = everything(folder.path());
  EXPECT_EQ(open_home(folder.path(), Opening::to_look).root, folder.path());
  EXPECT_EQ(everything(folder.path()), before);
}

TEST(OpenHome, RefusesWhatCannotBeUsedSafely) {
  const Temporary folder;
  for (const char* name : {"it's", "a b", "50%", "a\"b", "a#b", "a,b", "a\nb", "$HOME", "`id`", "a\\b"}) {
    EXPECT_EQ(code_of([&] { open_home(folder.path() / name); }), "BadHome") << name;
    EXPECT_FALSE(fs::exists(folder.path() / name));
  }
  for (const char* name : {"plain", "A-z_0.9", "dänisch", "a@b"})
    EXPECT_EQ(code_of([&] { open_home(folder.path() / name); }), "") << name;
  EXPECT_EQ(code_of([&] { open_home(folder.path() / std::string(80, 'x')); }), "PathTooLong");
  os::make_folder(folder.path() / "open", 0777);
  EXPECT_EQ(code_of([&] { open_home(folder.path() / "open"); }), "BadHome");
  if (::geteuid() != 0) return;
  os::make_folder(folder.path() / "locked", 0700);
  for (const char* name : {"locked", "locked/in"}) {
    EXPECT_EQ(code_of([&] { runs::LocalWorld world((folder.path() / name).string()); }), "BadHome")
        << "no server's account gets in";
    EXPECT_FALSE(fs::exists(folder.path() / name / "locks"));
    EXPECT_EQ(code_of([&] { open_home(folder.path() / name); }), "") << "one without servers";
  }
  os::make_folder(folder.path() / "theirs", 0711, os::find_user("nobody"));
  EXPECT_EQ(code_of([&] { open_home(folder.path() / "theirs"); }), "BadHome");
  EXPECT_EQ(code_of([&] { open_home(folder.path() / "theirs", Opening::to_look); }), "BadHome");
}

}  // namespace
}  // namespace tests
