#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "os/files.h"
#include "store/journal.h"
#include "tests/temporary.h"

namespace store {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view one[] = {"CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('old')"};
constexpr std::string_view two[] = {one[0], "ALTER TABLE t ADD COLUMN b TEXT NOT NULL DEFAULT 'new'"};
constexpr std::string_view broken[] = {one[0], "ALTER TABLE t ADD COLUMN b TEXT; SELECT nonsense"};

std::string code_of(const std::function<void()>& what) {
  try {
    what();
    return "";
  } catch (const base::Error& error) {
    return error.code;
  }
}

class StoreTest : public testing::Test {
 protected:
  /// A row of the table, all columns.
  static std::string row(Database& db) {
    auto all = db.prepare("SELECT * FROM t");
    if (!all.step()) return "";
    std::string out = all.text(0);
    return out + "," + all.text(1);
  }
  /// A journal as commit b400914 wrote it: one run that has ended, one that was left in its task B.
  void make_old_journal() const {
    sqlite3* db = nullptr;
    sqlite3_open(journal.c_str(), &db);
    const std::string sql = os::read_file(SOURCE_DIR "/tests/store/journal-b400914.sql");
    ASSERT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  tests::Temporary folder{true};
  fs::path path = folder.path() / "t.db";
  fs::path journal = folder.path() / "journal.db";
};

TEST_F(StoreTest, MigratesAFileOfAnOlderVersion) {
  { const Database old(path, {one}); }
  Database now(path, {two});
  EXPECT_EQ(row(now), "old,new");
  Database again(path, {two});
  EXPECT_EQ(row(again), "old,new");
}

TEST_F(StoreTest, AMigrationThatFailsChangesNothing) {
  { const Database old(path, {one}); }
  EXPECT_EQ(code_of([&] { Database(path, {broken}); }), "StoreError");
  Database old(path, {one});
  EXPECT_EQ(row(old), "old,");
}

TEST_F(StoreTest, RefusesAFileOfANewerVersion) {
  { const Database now(path, {two}); }
  EXPECT_EQ(code_of([&] { Database(path, {one}); }), "StoreVersion");
  EXPECT_EQ(code_of([&] { Database(path, {one}, Mode::look); }), "StoreVersion");
}

TEST_F(StoreTest, LookingChangesNothing) {
  Database nothing(path, {one}, Mode::look);
  EXPECT_EQ(row(nothing), "old,") << "an empty file of this version";
  EXPECT_FALSE(fs::exists(path));
  { const Database old(path, {one}); }
  const auto before = os::read_file(path);
  {
    Database looking(path, {two}, Mode::look);
    EXPECT_EQ(row(looking), "old,new");
  }
  EXPECT_EQ(os::read_file(path), before);
  Database looking(path, {one}, Mode::look);
  EXPECT_EQ(code_of([&] { looking.execute("DELETE FROM t"); }), "StoreError");
}

TEST_F(StoreTest, LookingSeesWhatAWriterCommittedJustNow) {
  Database writer(path, {one});
  writer.execute("UPDATE t SET a = 'young'");
  Database looking(path, {one}, Mode::look);
  EXPECT_EQ(row(looking), "young,");
  writer.execute("UPDATE t SET a = 'younger'");
  EXPECT_EQ(row(looking), "younger,");
}

TEST_F(StoreTest, LooksAtAFileWhereNothingMayBeMadeBesideIt) {
  { const Database old(path, {one}); }
  const auto odd = folder.path() / "a ?#%b";
  fs::create_directory(odd);
  fs::copy_file(path, odd / "t.db");
  fs::create_directory(odd /
                       "t.db-shm");  // as on a read-only or full file system: SQLite cannot make its own
  Database looking(odd / "t.db", {two}, Mode::look);
  EXPECT_EQ(row(looking), "old,new");
}

TEST_F(StoreTest, AFileThatIsBusyIsWaitedFor) {
  Journal writer(journal);
  int refusals = 3;
  writer.on_commit = [&] {
    if (refusals-- <= 0) return;
    base::Error busy("StoreBusy", "database is locked");
    busy.retryable = true;
    throw busy;
  };
  writer.put_machine("{}");
  EXPECT_LT(refusals, 0);
  refusals = 1000;
  EXPECT_EQ(code_of([&] { writer.put_machine("[]"); }), "StoreBusy") << "not for ever";
  writer.on_commit = {};
  writer.put_machine("[]");
}

/// A run that somebody has stopped in the middle of a write: it is named with what helps.
TEST_F(StoreTest, WhoeverKeepsAFileBusyIsNamed) {
  { const Database made(path, {one}); }
  int ready[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  const pid_t other = ::fork();
  if (other == 0) {
    Database theirs(path, {one});
    theirs.execute("BEGIN IMMEDIATE");
    EXPECT_EQ(::write(ready[1], "x", 1), 1);
    while (true) ::pause();
  }
  char byte = 0;
  EXPECT_EQ(::read(ready[0], &byte, 1), 1);
  try {
    Database ours(path, {one});
    ours.execute("BEGIN IMMEDIATE");
    ADD_FAILURE() << "both write";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code, "StoreBusy");
    EXPECT_THAT(error.hint, testing::HasSubstr(fmt::format("kill -CONT {}", other)));
  }
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
}

TEST_F(StoreTest, AJournalOfAnOlderCommitIsListed) {
  make_old_journal();
  for (const Mode mode : {Mode::look, Mode::write}) {
    Journal old(journal, mode);
    const auto rows = old.list(false);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].subject, "instance/done");
    EXPECT_EQ(rows[0].status, "SUCCEEDED");
    EXPECT_EQ(rows[0].snapshot, "") << "a list needs none";
    EXPECT_EQ(rows[1].status, "RUNNING");
    EXPECT_EQ(old.events(rows[0].id).size(), 12U);
    ASSERT_EQ(old.attempts(rows[1].id).size(), 2U);
    EXPECT_FALSE(old.attempts(rows[1].id)[0].requests) << "nobody counted then";
    EXPECT_NE(old.find(rows[1].id)->snapshot, "");
  }
}

/// What a list shows of a run stood in its snapshot before there was a column for it.
TEST_F(StoreTest, RemarksAreTakenFromSnapshotsOfTheFirstVersion) {
  make_old_journal();
  const auto put = [&](const char* id, const char* snapshot) {
    sqlite3* db = nullptr;
    sqlite3_open(journal.c_str(), &db);
    const std::string sql =
        std::string(
            "INSERT INTO execution (id, name, subject, machine, status, snapshot, created_us) SELECT '") +
        id + "', '', '', id, 'FAILED', '" + snapshot + "', 1 FROM machine";
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  };
  put("masked", R"({"root": {"input": {"unmasked": ""}}})");
  put("unmasked", R"({"root": {"input": {"unmasked": "made up data"}}})");
  put("refused", R"({"root": {"input": {}}})");
  put("damaged", "{");
  for (const Mode mode : {Mode::look, Mode::write}) {
    Journal old(journal, mode);
    EXPECT_EQ(old.find("masked")->remark, "scripts");
    EXPECT_EQ(old.find("unmasked")->remark, "no: made up data");
    EXPECT_EQ(old.find("refused")->remark, "");
    EXPECT_EQ(old.find("damaged")->remark, "");
    for (const auto& row : old.list(true)) EXPECT_EQ(row.remark, "") << "nobody was asked";
  }
}

TEST_F(StoreTest, OldRunsArePrunedAndRunningOnesNever) {
  make_old_journal();
  Journal old(journal);
  const auto rows = old.list(false);
  EXPECT_EQ(old.prune(*rows[0].ended), 0);
  EXPECT_EQ(old.prune(*rows[0].ended + std::chrono::seconds(1), {rows[0].id}), 0);
  EXPECT_FALSE(old.events(rows[0].id).empty());
  EXPECT_EQ(old.prune(*rows[0].ended + std::chrono::seconds(1), {"another"}), 1);
  EXPECT_FALSE(old.find(rows[0].id));
  EXPECT_THAT(old.events(rows[0].id), IsEmpty());
  EXPECT_THAT(old.attempts(rows[0].id), IsEmpty());
  EXPECT_EQ(old.prune(base::Time::max()), 0);
  EXPECT_FALSE(old.machine(rows[1].machine).empty());
}

}  // namespace
}  // namespace store
