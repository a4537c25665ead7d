#include "shortfile/moment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shortfile/duration.h"

namespace shortfile {
namespace {

base::Time utc(const char* text) {
  return base::parse_ledger_utc(text).value();
}

/// The time in UTC, and what was noted; or the fault.
std::string read(const char* text, const char* now = "2026-11-29 12:00:00") {
  const auto read = read_moment(text, utc(now));
  if (const auto* fault = std::get_if<Fault>(&read)) return fault->message;
  const auto& moment = std::get<Moment>(read);
  return base::ledger_utc(moment.time) + (moment.note.empty() ? "" : " (" + moment.note + ")");
}

TEST(Duration, IsWrittenAsPeopleDo) {
  using std::chrono::seconds;
  EXPECT_EQ(parse_duration("30 s"), seconds(30));
  EXPECT_EQ(parse_duration("1h 30m"), seconds(5400));
  EXPECT_EQ(parse_duration("3 days"), seconds(259'200));
  EXPECT_EQ(parse_duration("2weeks"), seconds(1'209'600));
  for (const char* wrong : {"", "3", "days", "-3 d", "3 d 4", "1.5 h", "3 fortnights",
                            "99999999999999999999 s", "9000 weeks", "3 D"})
    EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
}

TEST(Moment, IsWrittenAsPeopleDo) {
  EXPECT_EQ(read("-15m"), "2026-11-29 11:45:00");
  EXPECT_EQ(read("yesterday 23:00 Europe/Berlin"), "2026-11-28 22:00:00");
  EXPECT_EQ(read("today 03:00 UTC"), "2026-11-29 03:00:00");
  EXPECT_EQ(read("2026-01-31 23:00 Europe/Berlin"), "2026-01-31 22:00:00");
  EXPECT_EQ(read("2026-07-31 23:00:05 America/New_York"), "2026-08-01 03:00:05");
  EXPECT_EQ(read("2026-01-31 23:00 +01:00"), "2026-01-31 22:00:00");
  EXPECT_EQ(read("2026-01-31T23:00:05+01:00"), "2026-01-31 22:00:05");
  // The day is the zone's, not UTC's.
  EXPECT_EQ(read("yesterday 23:00 Pacific/Auckland", "2026-11-29 12:00:00"), "2026-11-29 10:00:00");
  EXPECT_EQ(read("yesterday 23:00 +13:00", "2026-11-29 12:00:00"), "2026-11-29 10:00:00");
}

TEST(Moment, IsRefusedWhereItCouldBeMisread) {
  EXPECT_THAT(read("2026-01-31 23:00"), testing::StartsWith("has no zone"));
  EXPECT_THAT(read("2026-02-30 23:00 UTC"), testing::StartsWith("'2026-02-30' is no day"));
  EXPECT_THAT(read("2026-01-31 24:00 UTC"), testing::StartsWith("'24:00' is no time"));
  EXPECT_THAT(read("2026-01-31 23:00 Europe/Berlim"), testing::StartsWith("'Europe/Berlim' is no zone"));
  EXPECT_THAT(read("tomorrow 23:00 UTC"), testing::StartsWith("'tomorrow' is no day"));
  EXPECT_THAT(read("-15"), testing::StartsWith("is no time"));
  EXPECT_THAT(read("noon"), testing::StartsWith("is no time"));
}

struct Change {
  const char *zone, *gap_day, *in_gap, *after, *twice_day, *in_both, *first;
};

/// The days on which clocks are changed: the tz database's, of 2027.
TEST(Moment, TellsTheDaysApartOnWhichClocksAreChanged) {
  for (const Change& each : {Change{"Europe/Berlin", "2027-03-28", "02:30", "2027-03-28 01:00:00",
                                    "2027-10-31", "02:30", "2027-10-31 00:30:00"},
                             Change{"America/New_York", "2027-03-14", "02:30", "2027-03-14 07:00:00",
                                    "2027-11-07", "01:30", "2027-11-07 05:30:00"},
                             Change{"Australia/Lord_Howe", "2027-10-03", "02:15", "2027-10-02 15:30:00",
                                    "2027-04-04", "01:45", "2027-04-03 14:45:00"}}) {
    const auto text = [&](const std::string& day, const char* time) {
      return day + " " + time + " " + each.zone;
    };
    EXPECT_THAT(read(text(each.gap_day, each.in_gap).c_str()), testing::HasSubstr("does not exist in"));
    EXPECT_THAT(read(text(each.twice_day, each.in_both).c_str()), testing::HasSubstr("is there twice in"));
    // It is that day there when it is noon in UTC.
    const auto noon = [](const char* day) { return std::string(day) + " 12:00:00"; };
    EXPECT_THAT(read(text("today", each.in_gap).c_str(), noon(each.gap_day).c_str()),
                testing::StartsWith(std::string(each.after) + " ("))
        << each.zone;
    EXPECT_THAT(read(text("today", each.in_both).c_str(), noon(each.twice_day).c_str()),
                testing::StartsWith(std::string(each.first) + " ("))
        << each.zone;
  }
  EXPECT_EQ(read("2027-10-31 02:30 Europe/Berlin"),
            "2027-10-31 02:30:00 is there twice in Europe/Berlin: write it with +02:00 or +01:00");
}

}  // namespace
}  // namespace shortfile
