// What another account may have planted in its folder, where root works too: links, pipes, second names.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "os/process.h"
#include "tests/temporary.h"

namespace os {
namespace {

using testing::HasSubstr;

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const base::Error& error) {
    return error.message;
  }
  return "";
}

class Planted : public testing::Test {
 protected:
  Planted() {
    make_folder(outside_, 0755);
    write_file_atomic(secret_, "root's own", 0600);
    make_folder(inside_, 0700);
    fs::create_symlink(outside_, inside_ / "folder");
    fs::create_symlink(secret_, inside_ / "file");
    EXPECT_EQ(::mkfifo((inside_ / "pipe").c_str(), 0600), 0);
  }
  void expect_untouched() const {
    EXPECT_EQ(read_file(secret_), "root's own");
    struct stat folder {
    }, file{};
    ASSERT_EQ(::stat(outside_.c_str(), &folder), 0);
    ASSERT_EQ(::stat(secret_.c_str(), &file), 0);
    EXPECT_EQ(folder.st_mode & 07777U, 0755U);
    EXPECT_EQ(folder.st_uid, ::geteuid());
    EXPECT_EQ(file.st_mode & 07777U, 0600U);
    EXPECT_EQ(file.st_uid, ::geteuid());
    EXPECT_EQ(std::distance(fs::directory_iterator(outside_), {}), 1);
  }

  const tests::Temporary temporary_;
  const fs::path outside_ = temporary_.path() / "outside", secret_ = outside_ / "secret";
  const fs::path inside_ = temporary_.path() / "inside";
  const Ids nobody_ = find_user("nobody").value_or(Ids{65534, 65534, "nobody"});
};

TEST_F(Planted, IsNotRead) {
  EXPECT_THAT(message_of([&] { read_regular(inside_ / "file"); }),
              HasSubstr("a symbolic link is in the way"));
  EXPECT_THAT(message_of([&] { read_regular(inside_ / "folder/secret"); }), HasSubstr("a symbolic link"));
  EXPECT_NE(message_of([&] { read_regular(inside_ / "pipe"); }), "");
  EXPECT_NE(message_of([&] { read_tail(inside_ / "file", 10); }), "");
  EXPECT_NE(message_of([&] { read_tail(inside_ / "pipe", 10); }), "");
}

TEST_F(Planted, IsNotWrittenThrough) {
  EXPECT_NE(message_of([&] { replace_file(inside_ / "folder/new", "x", 0600, nobody_); }), "");
  EXPECT_NE(message_of([&] { write_file_atomic(inside_ / "folder/secret", "x", 0600); }), "");
  replace_file(inside_ / "file", "x", 0600);
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(inside_ / "file"))) << "the link itself is replaced";
  expect_untouched();
}

TEST_F(Planted, IsNotMadeAFolderOf) {
  EXPECT_NE(message_of([&] { make_folder(inside_ / "folder", 0700, nobody_); }), "");
  EXPECT_NE(message_of([&] { make_folder(inside_ / "folder/deeper", 0700, nobody_); }), "");
  expect_untouched();
}

TEST_F(Planted, IsNotCopied) {
  write_file_atomic(inside_ / "good", "x", 0600);
  EXPECT_NE(message_of([&] { os::copy_file(inside_ / "file", inside_ / "copy"); }), "");
  EXPECT_NE(message_of([&] { os::copy_file(inside_ / "pipe", inside_ / "copy"); }), "");
  EXPECT_NE(message_of([&] { reflink(inside_ / "folder/secret", inside_ / "copy"); }), "");
  EXPECT_NE(message_of([&] { os::copy_file(inside_ / "good", inside_ / "file", nobody_); }), "");
  EXPECT_NE(message_of([&] { os::copy_file(inside_ / "good", inside_ / "pipe", nobody_); }), "");
  expect_untouched();
}

TEST_F(Planted, GoesWithItsTreeAlone) {
  EXPECT_NE(message_of([&] { remove_tree(inside_ / "folder/secret"); }), "");
  remove_tree(inside_);
  EXPECT_FALSE(fs::exists(inside_));
  expect_untouched();
}

/// A process of the account makes files in `folder`, each anew when it is gone, until it is ended.
class Maker {
 public:
  Maker(const fs::path& folder, const Ids& account) : pid_(::fork()) {
    if (pid_ != 0) return;
    const int opened = ::open(folder.c_str(), O_PATH | O_DIRECTORY);
    if (::setgid(account.gid) != 0 || ::setuid(account.uid) != 0) ::_exit(1);
    std::array<char, 16> name{"f"};
    for (unsigned i = 0;; i = (i + 1) % 4000) {
      std::to_chars(name.data() + 1, name.data() + name.size(), i);
      ::close(::openat(opened, name.data(), O_CREAT | O_WRONLY, 0600));
    }
  }
  Maker(const Maker&) = delete;
  Maker& operator=(const Maker&) = delete;
  ~Maker() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_;
};

TEST_F(Planted, AFolderGoesThoughItsAccountGoesOnMakingFiles) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const fs::path folder = temporary_.path() / "busy";
  make_folder(folder, 0700, nobody_);
  const Maker one(folder, nobody_), two(folder, nobody_), three(folder, nobody_), four(folder, nobody_);
  const auto enough = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  const auto files = [&] { return std::distance(fs::directory_iterator(folder), fs::directory_iterator()); };
  while (files() < 3000 && std::chrono::steady_clock::now() < enough) std::this_thread::yield();
  ASSERT_GE(files(), 3000);
  remove_tree(folder);
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(Planted, LogsAreNotRotatedOntoIt) {
  fs::create_symlink(secret_, inside_ / "log.1");
  std::ofstream(inside_ / "log") << std::string(100, 'x');
  rotate(inside_ / "log", 10);
  EXPECT_EQ(read_regular(inside_ / "log.1"), std::string(100, 'x'));
  EXPECT_EQ(read_regular(inside_ / "log"), "");
  rotate(inside_ / "file", 1);
  rotate(inside_ / "pipe", 1);
  fs::create_hard_link(secret_, inside_ / "second");
  rotate(inside_ / "second", 1);
  expect_untouched();
}

TEST_F(Planted, IsNotGivenAway) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives away";
  give_to(inside_ / "folder", nobody_);  // the link itself
  EXPECT_NE(message_of([&] { give_to(inside_ / "folder/secret", nobody_); }), "");
  give_to(inside_, nobody_);
  expect_untouched();
  fs::create_hard_link(secret_, inside_ / "second");
  EXPECT_NE(message_of([&] { give_to(inside_, nobody_); }), "");
  expect_untouched();
}

TEST_F(Planted, IsNoLogOfAProgramThatRootStarts) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root starts programs as others";
  give_to(inside_, nobody_);
  auto begin = [&](const char* log) {
    return message_of([&] {
      start({.argv = {"/bin/echo", "planted"}, .user = nobody_, .output = inside_ / log});
    });
  };
  EXPECT_THAT(begin("file"), HasSubstr("could not start '/bin/echo': opening its log"));
  EXPECT_THAT(begin("folder/new"), HasSubstr("opening its log"));
  EXPECT_THAT(begin("pipe"), HasSubstr("opening its log"));
  EXPECT_EQ(begin("log"), "");
  expect_untouched();
}

TEST(Process, SaysWhyItCannotStart) {
  const tests::Temporary folder;
  EXPECT_THAT(message_of([&] {
                start({.argv = {"/bin/true"}, .folder = "/no/such/folder", .output = folder.path() / "log"});
              }),
              HasSubstr("entering /no/such/folder: No such file or directory"));
}

/// waitpid(-1) would take the end of somebody else's child.
TEST(Process, AForkThatFailsTouchesNoOtherChild) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs a user without other processes";
  const pid_t other = ::fork();
  if (other == 0) {
    const rlimit none{0, 0};
    const pid_t child = ::fork();
    if (child == 0) ::_exit(7);
    if (::setuid(60123) != 0 || ::setrlimit(RLIMIT_NPROC, &none) != 0) ::_exit(1);
    const Command command{.argv = {"/bin/true"}, .output = "/dev/null"};
    base::SystemClock clock;
    const bool said = message_of([&] { start(command); }).starts_with("fork: ") &&
                      message_of([&] { run(command, clock, clock.now(), {}); }).starts_with("fork: ");
    int status = 0;
    ::_exit(said && ::waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7 ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(other, &status, 0), other);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Files, TailsBeginWithACharacter) {
  const tests::Temporary folder;
  write_file_atomic(folder.path() / "log", "aä€😀z", 0600);
  const std::vector<std::string> tails = {"", "z", "z", "z", "z", "😀z", "😀z", "😀z", "€😀z"};
  for (std::size_t i = 0; i < tails.size(); ++i)
    EXPECT_EQ(read_tail(folder.path() / "log", i), tails[i]) << i;
}

}  // namespace
}  // namespace os
