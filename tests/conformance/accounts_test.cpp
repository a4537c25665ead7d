// Whoever gets hold of one server's account reaches nothing else. Needs root: otherwise all servers share the
// user's account (docs/security.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <set>
#include <thread>

#include "base/error.h"
#include "provider/local/place.h"
#include "tests/conformance/with_bank.h"

namespace tests {
namespace {

using provider::RestoreType;
using testing::HasSubstr;
using testing::IsEmpty;
namespace fs = std::filesystem;

class Accounts : public WithBank {
 protected:
  void SetUp() override {
    if (os::current_user().uid != 0) GTEST_SKIP() << "needs root";
  }
  os::Ids account(const std::string& id) const { return *os::owner_of(bank_.home.instance(id)); }

  /// May somebody list, read from or write to a place?
  bool reaches(const os::Ids& who, const fs::path& place) {
    const std::string script =
        "if [ -d \"$1\" ]; then ls \"$1\" || ls \"$1/data\" || touch \"$1/x\"; "
        "else head -c 1 \"$1\" || echo >>\"$1\"; fi";
    return os::run(
               {.argv = {"setpriv", "--reuid", std::to_string(who.uid), "--regid", std::to_string(who.gid),
                         "--clear-groups", "sh", "-c", script, "sh", place.string()}},
               clock_, clock_.now() + std::chrono::minutes(1), {})
               .exit_code == 0;
  }
  std::set<fs::path> reached(const os::Ids& who, const std::vector<fs::path>& places) {
    std::set<fs::path> out;
    for (const auto& each : places) {
      EXPECT_TRUE(fs::exists(each)) << each;
      if (reaches(who, each)) out.insert(each);
    }
    return out;
  }
  std::vector<os::Ids> all() const { return os::accounts_of("dbr-", bank_.home.storage); }
};

/// As a tool of shadow does whose caller was killed: it goes on for a moment, and has the lock of a file. The
/// lock is a link to a file with its owner's number, so that nobody takes it from another one who works here.
TEST_P(Accounts, WaitForTheLocksOfOthers) {
  const auto name = fmt::format("dbr-waits-{}", ::getpid());
  for (const std::string lock : {"/etc/group.lock", "/etc/passwd.lock"}) {
    const auto account = os::make_account(name, "/nonexistent", {});
    const std::string own = lock + "-" + name;
    os::write_file_atomic(own, std::to_string(::getpid()), 0600);
    const auto deadline = clock_.now() + std::chrono::minutes(1);
    while (::link(own.c_str(), lock.c_str()) != 0 && clock_.now() < deadline)
      clock_.sleep_until(clock_.now() + std::chrono::milliseconds(5), {});
    fs::remove(own);
    const auto held = clock_.now() + std::chrono::milliseconds(700);
    std::jthread other([&] {
      clock_.sleep_until(held, {});
      fs::remove(lock);
    });
    os::remove_account(account);
    EXPECT_GE(clock_.now(), held) << lock;
    EXPECT_FALSE(os::find_user(name));
  }
}

TEST_P(Accounts, ReachTheirOwnFolderAlone) {
  const auto& home = bank_.home;
  const auto snapshot = databases_.create_snapshot(bank_.source, "kept", bank_.budget());
  const auto copy = bank_.restore(RestoreType::latest_point, "copy");
  const auto other = bank_.restore(RestoreType::from_snapshot, "other", "kept");
  bank_.secrets.put_pending("local/" + bank_.source, base::Secret("x"));

  const auto its = account(copy.id), source = account(bank_.source);
  EXPECT_NE(its.uid, source.uid);
  EXPECT_NE(its.uid, account(other.id).uid);
  EXPECT_TRUE(reaches(its, home.instance(copy.id)));
  std::vector<fs::path> forbidden = {home.instance(bank_.source),
                                     home.instance(other.id),
                                     home.snapshot(snapshot.id),
                                     home.catalogue(),
                                     home.secrets(),
                                     home.secret_key(),
                                     home.locks(),
                                     home.buckets()};
  if (postgres()) forbidden.push_back(home.archive(bank_.source));
  EXPECT_THAT(reached(its, forbidden), IsEmpty());
  EXPECT_THAT(reached(source, {home.instance(copy.id), home.snapshot(snapshot.id)}), IsEmpty())
      << "what is put by is nobody's who serves";
  for (const auto& entry : fs::recursive_directory_iterator(home.snapshot(snapshot.id)))
    EXPECT_EQ(os::owner_of(entry.path())->uid, 0U) << entry.path();
  EXPECT_EQ(os::owner_of(home.snapshot(snapshot.id))->uid, 0U);
}

TEST_P(Accounts, GoWithTheirDatabase) {
  const auto before = all().size();
  const auto copy = bank_.restore(RestoreType::latest_point, "copy");
  const auto its = account(copy.id);
  EXPECT_EQ(all().size(), before + 1);
  const auto left_over = os::start({.argv = {"sleep", "1000"}, .user = its, .output = "/dev/null"});
  bank_.remove(copy.id);
  EXPECT_EQ(all().size(), before);
  EXPECT_FALSE(os::find_user(its.name));
  EXPECT_FALSE(os::is_running(left_over)) << "with all that runs as them";
}

/// A number of our own: other tests of this one, of the other engine or of somebody else, may run beside us.
TEST_P(Accounts, AreTakenFromTheRangeOfTheSettings) {
  const Temporary folder;
  unsigned number = 50000 + static_cast<unsigned>(::getpid()) % 7000;
  while (os::find_user(number)) ++number;
  os::write_file_atomic(folder.path() / "settings.json",
                        fmt::format(R"({{"accounts": {{"firstUid": {}, "lastUid": {}}}}})", number, number),
                        0600);
  const auto home = provider::local::open_home(folder.path());
  const auto made = home.accounts().claim(home.instance("db-one"));
  EXPECT_EQ(made.uid, number);
  EXPECT_EQ(home.accounts().of(home.instance("db-one")).uid, number);
  EXPECT_EQ(home.accounts().claim(home.instance("db-one")).uid, number);
  EXPECT_THROW(home.accounts().claim(home.instance("db-two")), base::Error);
  os::remove_tree(home.instance("db-one"));
  home.accounts().sweep();
  EXPECT_FALSE(os::find_user(made.uid));
}

TEST_P(Accounts, OfAnotherHomeServeNobody) {
  const Temporary folder;
  const auto other = provider::local::open_home(folder.path());
  const auto theirs = other.accounts().claim(other.instance("db-one"));
  const auto moved = bank_.home.instance("db-moved");
  os::make_folder(moved, 0700, theirs);
  EXPECT_THROW(bank_.home.accounts().of(moved), base::Error);
  os::remove_tree(moved);
  EXPECT_THROW(bank_.home.accounts().of(bank_.home.locks()), base::Error) << "root runs no server";
}

/// As the account, for programs that it starts can do no less.
TEST_P(Accounts, PlantNothingThatRootWritesThrough) {
  const auto folder = bank_.home.instance(bank_.source);
  const auto its = account(bank_.source);
  const Temporary outside;
  const auto secret = outside.path() / "secret";
  os::write_file_atomic(secret, "root's own", 0600);
  bank_.make_so(bank_.source, {.running = false});
  auto as_account = [&](const std::string& script) {
    os::run_or_throw({.argv = {"sh", "-c", script}, .user = its, .folder = folder}, clock_,
                     clock_.now() + std::chrono::minutes(1), {});
  };
  as_account("rm -rf pid tmp server.log; mkfifo pid; ln -s " + secret.string() + " server.log; ln -s " +
             outside.path().string() + " tmp");
  EXPECT_EQ(databases_.get(bank_.source)->status, "stopped") << "no pipe makes us wait";
  EXPECT_THROW(bank_.make_so(bank_.source, {.running = true}), base::Error);
  EXPECT_EQ(os::read_file(secret), "root's own");
  EXPECT_EQ(os::owner_of(outside.path())->uid, 0U);
  EXPECT_EQ(os::owner_of(secret)->uid, 0U);
  EXPECT_EQ(fs::status(outside.path()).permissions(), fs::perms(0711));
  EXPECT_EQ(std::distance(fs::directory_iterator(outside.path()), {}), 1);
  as_account("rm pid tmp server.log");
  bank_.make_so(bank_.source, {.running = true});
  EXPECT_EQ(databases_.get(bank_.source)->status, "available");
}

/// Links to another server's data and socket, through which root would stop it or log in to it.
TEST_P(Accounts, PlantNoWayToAnothersServer) {
  const auto copy = bank_.restore(RestoreType::latest_point, "copy");
  bank_.make_so(copy.id, {.open = true});
  const auto socket_of = [&](const std::string& id) {
    const auto where = databases_.administrator(id);
    return postgres() ? fs::path(where.socket) / (".s.PGSQL." + std::to_string(where.port))
                      : fs::path(where.socket);
  };
  const auto as_account = [&](const std::string& script) {
    os::run_or_throw(
        {.argv = {"sh", "-c", script}, .user = account(copy.id), .folder = bank_.home.instance(copy.id)},
        clock_, clock_.now() + std::chrono::minutes(1), {});
  };
  const auto ours = socket_of(copy.id).string();
  as_account("mv " + ours + " " + ours + ".own && ln -s " + socket_of(bank_.source).string() + " " + ours);
  EXPECT_THROW(administrate(copy.id), base::Error) << "root is the administrator of another server";
  const auto theirs = bank_.home.instance(bank_.source).string();
  as_account("mv data own && ln -s " + theirs + "/data data");
  EXPECT_EQ(databases_.get(copy.id)->status, "stopped") << "another's process is taken for its own";
  bank_.make_so(copy.id, {.running = false});
  EXPECT_EQ(databases_.get(bank_.source)->status, "available");
  bank_.remove(copy.id);
  EXPECT_FALSE(databases_.get(copy.id));
  EXPECT_NE(administrate()->scalar("SELECT COUNT(*) FROM account").value_or("0"), "0");
}

INSTANTIATE_TEST_SUITE_P(Engines, Accounts, families, family_name);

}  // namespace
}  // namespace tests
