#include "runs/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary.h"

namespace runs {
namespace {

using base::Json;
using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A home with runs that nobody made.
class Watching : public testing::Test {
 protected:
  Watching() { machine_ = books_.journal.put_machine("{}"); }

  store::ExecutionRow row(const std::string& id, const std::string& target, const std::string& status,
                          base::Time at) {
    return {.id = id,
            .name = id,
            .subject = target,
            .machine = machine_,
            .status = status,
            .snapshot = Json{{"root", {{"state", nullptr}, {"input", {{"run", id}}}}}}.dump(),
            .created = at,
            .ended = at + std::chrono::minutes(5),
            .cause = status == "SUCCEEDED" ? "" : "why " + id + "\nmore"};
  }
  void succeed(const std::string& id, const std::string& target, base::Time at, base::Time data) {
    auto made = row(id, target, "SUCCEEDED", at);
    made.snapshot = Json{{"root",
                          {{"state", nullptr},
                           {"input",
                            {{"names", {{"instance", target.substr(target.rfind('/') + 1)}}},
                             {"results", {{"restore", {{"dataTime", base::ledger_utc(data)}}}}}}}}}}
                        .dump();
    books_.journal.record(made);
  }
  void end(const std::string& id, const std::string& target, const std::string& status, base::Time at) {
    books_.journal.record(row(id, target, status, at));
  }
  /// One that was open, and whose process died.
  void leave(const std::string& id, const std::string& target) {
    auto open = row(id, target, "RUNNING", now_ - hours(1));
    open.ended = std::nullopt;
    books_.journal.create(open);
  }
  Json check(const std::vector<std::string>& words, std::optional<std::chrono::seconds> max_age = hours(72)) {
    return check_view(books_, watched_of(words, max_age, now_), max_age, now_);
  }
  static std::vector<std::string> findings(const Json& target) {
    std::vector<std::string> all;
    for (const Json& each : target["findings"])
      all.push_back(each["status"].get<std::string>() + " " + each["message"].get<std::string>());
    return all;
  }

  tests::Temporary folder_;
  Books books_{provider::local::open_home(folder_.path()), store::Mode::write};
  const base::Time now_ = *base::parse_ledger_utc("2026-11-29 12:00:00");
  std::string machine_;
};

/// Names are told apart by more than their case; and the ledger, which has instances alone, has no rows of
/// another target with that name.
TEST_F(Watching, AnotherSpellingIsTheSameTargetAndAnotherKindIsNot) {
  succeed("r1", "instance/shop", now_ - hours(20), now_ - hours(20));
  end("r2", "instance/shop", "FAILED", now_ - hours(2));
  books_.ledger.record("", {.run = "r1",
                            .dbinstance = "shop",
                            .restoredate = base::ledger_utc(now_ - hours(20)),
                            .status = "completed",
                            .datatime = base::ledger_utc(now_ - hours(20))});
  EXPECT_EQ(check({"shop"})["status"], "WARNING");
  EXPECT_EQ(check({"Shop"})["status"], "WARNING");
  EXPECT_EQ(check({"cluster/shop"})["status"], "UNKNOWN");
  end("r3", "cluster/shop", "REFUSED", now_ - hours(1));
  EXPECT_EQ(check({"cluster/shop"})["status"], "CRITICAL");
}

/// Not when it ran: a run of today may show data of last week.
TEST_F(Watching, TheAgeIsThatOfTheData) {
  succeed("r1", "instance/shop", now_ - hours(200), now_ - hours(200));
  succeed("r2", "instance/shop", now_ - hours(2), now_ - hours(100));
  const Json old = check({"shop"});
  EXPECT_EQ(old["status"], "CRITICAL");
  EXPECT_THAT(findings(old["targets"][0]), ElementsAre("CRITICAL is 4 d 4 h old (at most 3 d)"));
  EXPECT_EQ(old["targets"][0]["ageSeconds"], 100 * 3600);
  EXPECT_EQ(check({"shop"}, hours(101))["status"], "OK");
  EXPECT_EQ(check({"shop"}, std::nullopt)["status"], "OK") << "nobody says how old it may be";
  EXPECT_EQ(check({"instance/shop"}, hours(101))["status"], "OK");
}

TEST_F(Watching, WhatIsNotKnownIsNotOk) {
  EXPECT_EQ(check({})["status"], "UNKNOWN") << "a home without runs";
  succeed("r1", "instance/shop", now_ - hours(1), now_ - hours(1));
  const Json typo = check({"shop", "shpo"});
  EXPECT_EQ(typo["status"], "UNKNOWN");
  EXPECT_THAT(findings(typo["targets"][1]), ElementsAre(HasSubstr("UNKNOWN has no run and no row")));
  succeed("r2", "instance/future", now_ - hours(1), now_ + hours(1));
  EXPECT_EQ(check({"future"})["status"], "UNKNOWN");
  end("r3", "instance/never", "FAILED", now_ - hours(1));
  EXPECT_EQ(check({"never"})["status"], "CRITICAL");
  auto unreadable = row("r4", "instance/broken", "SUCCEEDED", now_ - hours(1));
  unreadable.snapshot = "no JSON";
  books_.journal.record(unreadable);
  EXPECT_EQ(check({"broken"})["status"], "UNKNOWN");
}

TEST_F(Watching, WhatWentWrongSinceIsTold) {
  succeed("r1", "instance/shop", now_ - hours(30), now_ - hours(30));
  end("r2", "instance/shop", "REFUSED", now_ - hours(40));
  EXPECT_THAT(findings(check({"shop"})["targets"][0]), IsEmpty()) << "it was refreshed since";
  end("r3", "instance/shop", "REFUSED", now_ - hours(20));
  end("r4", "instance/shop", "REFUSED", now_ - hours(10));
  EXPECT_THAT(findings(check({"shop"})["targets"][0]),
              ElementsAre("WARNING was refused 2 times (r4): why r4"));
  end("r5", "instance/shop", "FAILED", now_ - hours(5));
  EXPECT_THAT(findings(check({"shop"})["targets"][0]),
              ElementsAre("WARNING was not refreshed by run r5: why r5"));
  EXPECT_EQ(check({"shop"})["status"], "WARNING");
}

TEST_F(Watching, OneThatIsNotPutBackIsCriticalWhateverTheAge) {
  succeed("r1", "instance/shop", now_ - hours(3), now_ - hours(3));
  auto left = row("r2", "instance/shop", "FAILED", now_ - hours(2));
  left.snapshot =
      Json{{"root", {{"input", {{"roll_back_failure", {{"Error", "E"}, {"Cause", "no room"}}}}}}}}.dump();
  books_.journal.record(left);
  EXPECT_THAT(findings(check({"shop"}, std::nullopt)["targets"][0]),
              ElementsAre("CRITICAL is NOT PUT BACK after run r2: no room"));
}

TEST_F(Watching, OneThatNobodyDrivesIsCritical) {
  succeed("r1", "instance/shop", now_ - hours(3), now_ - hours(3));
  leave("r2", "instance/shop");
  EXPECT_THAT(findings(check({"shop"})["targets"][0]),
              ElementsAre("CRITICAL has the run r2, which no process drives any more"));
}

/// The journal forgets, the ledger does not.
TEST_F(Watching, OfWhatTheJournalHasForgottenTheLedgerKnows) {
  books_.ledger.record("t", {.run = "r1",
                             .dbinstance = "clu-1",
                             .status = "completed",
                             .recordingtime = base::ledger_utc(now_ - hours(99)),
                             .datatime = base::ledger_utc(now_ - hours(100))});
  EXPECT_THAT(findings(check({})["targets"][0]), ElementsAre("CRITICAL is 4 d 4 h old (at most 3 d)"));
  EXPECT_EQ(check({"clu-1"}, hours(101))["status"], "OK");
  auto made = row("r2", "cluster/clu", "FAILED", now_ - hours(1));
  made.snapshot = Json{{"root", {{"input", {{"names", {{"instance", "clu-1"}}}}}}}}.dump();
  books_.journal.record(made);
  const Json all = check({}, hours(101));
  ASSERT_EQ(all["targets"].size(), 1U) << all.dump() << ": the writer is the cluster's";
  EXPECT_EQ(all["targets"][0]["target"], "cluster/clu");
  EXPECT_EQ(all["targets"][0]["ageSeconds"], 100 * 3600);
}

TEST_F(Watching, FilesSayHowOldTheirTargetsMayBe) {
  succeed("r1", "instance/shop", now_ - hours(3), now_ - hours(3));
  succeed("r2", "012345678901/eu-west-1/instance/other", now_ - hours(3), now_ - hours(3));
  const auto write = [&](const std::string& name, const std::string& text) {
    const auto path = folder_.path() / "files" / name;
    os::fs::create_directories(path.parent_path());
    os::write_file_atomic(path, text, 0644);
    return path.string();
  };
  const auto file = write("shop.yaml", "refresh: shop\nfrom: prod\nmax_age: 2 hours\n");
  EXPECT_EQ(check({file}, std::nullopt)["status"], "CRITICAL");
  EXPECT_EQ(check({file}, hours(4))["status"], "OK") << "the command line overrides it";
  write("other.yaml", "refresh: other\nfrom: prod\nmax_age: 4 hours\n");
  const Json both = check({(folder_.path() / "files").string()}, std::nullopt);
  ASSERT_EQ(both["targets"].size(), 2U);
  EXPECT_EQ(both["targets"][0]["status"], "OK");
  EXPECT_EQ(both["targets"][1]["status"], "CRITICAL");
  const Json wrong = check({write("wrong.yaml", "refresh: shop\nform: prod\n")});
  EXPECT_EQ(wrong["status"], "UNKNOWN");
  EXPECT_THAT(findings(wrong["targets"][0]), ElementsAre(HasSubstr("wrong.yaml:")));
}

/// Who is told by mail hears nothing where no mail goes out.
TEST_F(Watching, MessagesThatNobodyGotAreTold) {
  succeed("r1", "instance/shop", now_ - hours(3), now_ - hours(3));
  const auto put = [&](const std::string& name) {
    os::write_file_atomic(books_.home.mailbox() / name, "x", 0600);
    return books_.home.mailbox() / name;
  };
  const auto waiting = put("r1.unsent.txt");
  put("r0.txt");
  const auto written = os::modified(waiting);
  const auto view_at = [&](base::Time now) {
    return check_view(books_, watched_of({"shop"}, {}, now), {}, now);
  };
  succeed("r2", "instance/shop", written - hours(3), written - hours(3));
  EXPECT_EQ(view_at(written + std::chrono::minutes(59))["status"], "OK");
  const Json late = view_at(written + std::chrono::minutes(61));
  EXPECT_EQ(late["status"], "WARNING");
  EXPECT_EQ(late["undelivered"], Json({"r1.unsent.txt"}));
  os::fs::rename(waiting, books_.home.mailbox() / "r1.undelivered.txt");
  EXPECT_EQ(view_at(written + hours(143))["status"], "WARNING");
  EXPECT_EQ(view_at(written + hours(145))["status"], "OK");
}

/// An attempt that is refused once, of a name that was mistyped, is nobody's worry for ever.
TEST_F(Watching, OfOthersThatWereRefusedTheLastDayIsTold) {
  succeed("r1", "instance/shop", now_ - hours(3), now_ - hours(3));
  end("r2", "instance/shpo", "REFUSED", now_ - hours(30));
  EXPECT_EQ(check({})["status"], "OK");
  end("r3", "", "REFUSED", now_ - hours(2));
  const Json all = check({});
  EXPECT_EQ(all["status"], "CRITICAL");
  EXPECT_TRUE(all["targets"][0]["target"].is_null());
}

}  // namespace
}  // namespace runs
