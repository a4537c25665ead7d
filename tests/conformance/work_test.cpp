// Requests that outlast their calls, and those who made them.
#include <gmock/gmock.h>
#include <signal.h>

#include "base/error.h"
#include "tests/conformance/with_bank.h"
#include "tests/port.h"
#include "tests/processes.h"

namespace tests {
namespace {

using namespace std::chrono_literals;
using provider::Kind;
using provider::Pending;
using provider::Restored;
using provider::local::Databases;
using provider::local::finished;
using testing::HasSubstr;

class LocalWork : public WithBank {
 protected:
  provider::RestoreRequest request(const std::string& name, const std::string& token) {
    provider::RestoreRequest out{.token = token, .source = bank_.source, .name = name};
    out.shape.port = any_port();
    return out;
  }
  provider::Budget no_time() {
    return {clock_, clock_.now(), {}, [](const base::Note&) {}};
  }
  bool is_pending(const provider::RestoreRequest& request) {
    return std::holds_alternative<Pending>(databases_.restore(request, no_time()));
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, LocalWork, families, family_name);

TEST_P(LocalWork, ARestoreIsOneHoweverOftenAndByWhomItIsAskedFor) {
  const auto wanted = request("copy", "token-1");
  EXPECT_TRUE(is_pending(wanted)) << "no call waits longer than its budget";
  EXPECT_EQ(databases_.find(Kind::instance, "copy")->status, "creating");
  Databases other(bank_.home, bank_.secrets, clock_);  // as another process would
  EXPECT_TRUE(std::holds_alternative<Pending>(other.restore(wanted, no_time())));
  const auto made = finished(bank_.budget(), [&] { return databases_.restore(wanted, bank_.budget()); });
  EXPECT_EQ(made.database.status, "available");
  const auto again = std::get<Restored>(other.restore(wanted, no_time()));
  EXPECT_EQ(again.database.id, made.database.id);
  EXPECT_EQ(again.method, made.method);
  EXPECT_EQ(again.data_time, made.data_time);
  EXPECT_EQ(bank_.sum(again.database), Bank::total);
  EXPECT_EQ(folders(), 2U);
}

TEST_P(LocalWork, WhatADeadProcessLeftHalfMadeIsMadeAgain) {
  const auto wanted = request("copy", "token-1");
  {
    Databases dying(bank_.home, bank_.secrets, clock_);
    EXPECT_TRUE(std::holds_alternative<Pending>(dying.restore(wanted, no_time())));
  }
  // As a killed one would: it could not even take its row away.
  provider::local::Catalogue rows(bank_.home.catalogue());
  if (!rows.find_token("token-1"))
    rows.add({.id = "db-half",
              .name = "copy",
              .engine = GetParam(),
              .status = "creating",
              .settings = base::Json::object(),
              .token = "token-1"});
  os::make_folder(bank_.home.instance("db-half.partial") / "data", 0700);
  const auto made = finished(bank_.budget(), [&] { return databases_.restore(wanted, bank_.budget()); });
  EXPECT_NE(made.database.id, "db-half");
  EXPECT_EQ(bank_.sum(made.database), Bank::total);
  EXPECT_EQ(databases_.find({}).size(), 2U);
}

TEST_P(LocalWork, ADeletionEndsWhatIsBeingMadeWhoeverMakesIt) {
  const auto wanted = request("copy", "token-1");
  EXPECT_TRUE(is_pending(wanted));
  bank_.remove(databases_.find(Kind::instance, "copy")->id);
  EXPECT_FALSE(databases_.find(Kind::instance, "copy"));
  EXPECT_EQ(folders(), 1U);
  Databases other(bank_.home, bank_.secrets, clock_);
  EXPECT_TRUE(std::holds_alternative<Pending>(other.restore(wanted, no_time())));
  const auto doomed = databases_.find(Kind::instance, "copy");
  ASSERT_TRUE(doomed);
  const auto deadline = clock_.now() + 1min;
  while (databases_.get(doomed->id) && clock_.now() < deadline) {
    try {
      databases_.remove(doomed->id, bank_.budget());
    } catch (const base::Error& error) {
      EXPECT_TRUE(error.retryable) << error.message;
    }
  }
  EXPECT_FALSE(databases_.get(doomed->id));
  EXPECT_EQ(folders(), 1U);
}

TEST_P(LocalWork, AFailedRestoreIsToldAndTheNextBeginsAnew) {
  auto wanted = request("copy", "token-1");
  wanted.type = provider::RestoreType::from_snapshot;
  wanted.snapshot = "empty";
  const auto snapshot = databases_.create_snapshot(bank_.source, "empty", bank_.budget());
  const auto data = bank_.home.snapshot(snapshot.id) / "data", away = folder_.path() / "away";
  os::fs::rename(data, away);
  EXPECT_THROW(finished(bank_.budget(), [&] { return databases_.restore(wanted, bank_.budget()); }),
               base::Error);
  EXPECT_FALSE(databases_.find(Kind::instance, "copy"));
  os::fs::rename(away, data);
  const auto made = finished(bank_.budget(), [&] { return databases_.restore(wanted, bank_.budget()); });
  EXPECT_EQ(bank_.sum(made.database), Bank::total);
}

/// What a roll-back does to the old database is not kept waiting by eight copies on two workers.
TEST_P(LocalWork, LightWorkDoesNotWaitForCopies) {
  std::vector<provider::RestoreRequest> wanted;
  for (int i = 0; i < 8; ++i)
    wanted.push_back(request("copy" + std::to_string(i), "token-" + std::to_string(i)));
  const auto old = bank_.restore(provider::RestoreType::latest_point, "old");
  for (const auto& each : wanted) EXPECT_TRUE(is_pending(each));
  bank_.make_so(old.id, {.name = "back", .open = true, .tags = {{"a", "b"}}});
  const auto changed = databases_.find(Kind::instance, "back");
  ASSERT_TRUE(changed);
  EXPECT_TRUE(changed->open);
  bank_.remove(old.id);
  EXPECT_TRUE(is_pending(wanted.back())) << "the copies were done first";
  for (const auto& each : wanted) bank_.remove(databases_.find(Kind::instance, each.name)->id);
  EXPECT_EQ(folders(), 1U);
}

TEST_P(LocalWork, AServerThatHangsKeepsNobodyLongerThanTheBudget) {
  const auto copy = bank_.restore(provider::RestoreType::latest_point, "copy");
  const provider::Desired wanted{.master_password = base::Secret("new")};
  const auto process = provider::local::make_server(bank_.home, GetParam(), copy.id, 0)->process();
  ASSERT_TRUE(process);
  ASSERT_TRUE(halt(process->pid));
  const auto begun = clock_.now();
  const auto answer = databases_.make_so(copy.id, wanted, {clock_, begun + 1s, {}, [](const base::Note&) {}});
  const auto took = clock_.now() - begun;
  os::send_signal(*process, SIGCONT);
  EXPECT_TRUE(std::holds_alternative<Pending>(answer));
  EXPECT_LT(took, 3s);
  // Each call is over before the password is set, and one of them hears that it is.
  finished(bank_.budget(), [&] { return databases_.make_so(copy.id, wanted, no_time()); });
  EXPECT_EQ(databases_.login(copy.id, base::Secret("new"), "")->scalar("SELECT 1"), "1");
  bank_.make_so(copy.id, {.master_password = base::Secret("newer")});
  EXPECT_THROW(databases_.login(copy.id, base::Secret("new"), ""), base::Error);
}

TEST_P(LocalWork, ABadNameIsRefusedWhenSomethingIsMade) {
  for (const char* name : {"", "../x", "Shop Prod", "shop_prod", "a-", "1a", "a--b"}) {
    const auto wanted = request(name, "token-1");
    EXPECT_THROW(databases_.restore(wanted, no_time()), base::Error) << name;
    EXPECT_THROW(databases_.create_snapshot(bank_.source, name, bank_.budget()), base::Error) << name;
    EXPECT_THROW(databases_.create_new({.name = name, .engine = GetParam(), .master_password = bank_password},
                                       bank_.budget()),
                 base::Error)
        << name;
    EXPECT_THROW(databases_.make_so(bank_.source, {.name = name}, no_time()), base::Error) << name;
  }
  EXPECT_THROW(databases_.create_snapshot(bank_.source, "a:b", bank_.budget()), base::Error);
  EXPECT_EQ(databases_.find({}).size(), 1U);
}

TEST_P(LocalWork, AnOldBadNameCanBeDeleted) {
  provider::local::Catalogue rows(bank_.home.catalogue());
  rows.add({.id = "snap-odd", .name = "a:b", .origin = *rows.find_id(bank_.source)});
  databases_.remove_snapshot("a:b");
  rows.add({.id = "db-odd",
            .name = "",
            .engine = GetParam(),
            .status = "stopped",
            .settings = base::Json::object()});
  bank_.remove("db-odd");
  EXPECT_EQ(databases_.find({}).size(), 1U);
}

TEST_P(LocalWork, TheDatabasesOfUsersAreKnownAndDropped) {
  administrate()->execute("CREATE DATABASE other", 0);
  EXPECT_THAT(databases_.schemas(bank_.source, std::nullopt).value(), testing::ElementsAre("bank", "other"));
  for (int i = 0; i < 2; ++i) databases_.drop_schema(bank_.source, "other", bank_password, bank_.budget());
  EXPECT_THAT(databases_.schemas(bank_.source, std::nullopt).value(), testing::ElementsAre("bank"));
  if (!postgres()) return;
  auto maintenance = databases_.administrator(bank_.source);
  sql::connect(maintenance, 10s)->execute("CREATE TABLE forgotten AS SELECT 1 AS a", 0);
  EXPECT_THAT(databases_.schemas(bank_.source, std::nullopt).value(),
              testing::ElementsAre("bank", "postgres"));
}

}  // namespace
}  // namespace tests
