#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/text.h"

namespace base {
namespace {

using testing::ElementsAre;

TEST(Clock, ReadsLedgerTimesAndNothingElse) {
  EXPECT_EQ(ledger_utc(*parse_ledger_utc("2026-02-28 23:59:59")), "2026-02-28 23:59:59");
  EXPECT_EQ(ledger_utc(*parse_ledger_utc("9999-12-31 23:59:59")), "9999-12-31 23:59:59");
  for (const char* bad : {"", "2026-02-30 00:00:00", "2026-02-28T00:00:00", "2026-02-28 24:00:00",
                          "2026-2-28 00:00:00", "2026-02-28 00:00:00 ", "-026-02-28 00:00:00"})
    EXPECT_FALSE(parse_ledger_utc(bad)) << bad;
}

TEST(Clock, ReadsIsoTimesWithOffsets) {
  EXPECT_EQ(iso_utc(*parse_iso_offset("2016-03-05T21:29:29.243167252Z")), "2016-03-05T21:29:29.243Z");
  EXPECT_EQ(iso_utc(*parse_iso_offset("2016-03-05T21:29:29+02:00")), "2016-03-05T19:29:29.000Z");
  EXPECT_EQ(iso_utc(*parse_iso_offset("9999-12-31T23:59:59.5Z")), "9999-12-31T23:59:59.500Z");
  for (const char* bad :
       {"2012-10-09T19:00:55", "05-12-2016T21:29:29Z", "2016-03-05 21:29:29Z", "2016-03-05T21:29:29.Z"})
    EXPECT_FALSE(parse_iso_offset(bad)) << bad;
}

TEST(Clock, SleepEndsWhenToldToStop) {
  SystemClock clock;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(clock.sleep_until(clock.now() + std::chrono::hours(1), stop.get_token()));
  EXPECT_TRUE(clock.sleep_until(clock.now() - std::chrono::seconds(1), {}));
}

TEST(Text, SuggestsWhatIsNear) {
  const std::string_view words[] = {"restore", "rename", "runscripts"};
  EXPECT_EQ(did_you_mean("runscript", words), "did you mean 'runscripts'?");
  EXPECT_EQ(did_you_mean("RESTORE", words), "did you mean 'restore'?");
  EXPECT_EQ(did_you_mean("banana", words), "");
}

TEST(Text, SplitsLists) {
  EXPECT_THAT(split_list(" a, b ,,c "), ElementsAre("a", "b", "c"));
  EXPECT_TRUE(split_list("").empty());
}

TEST(LocatedJson, KnowsTheLineOfEveryMember) {
  const auto json =
      LocatedJson::parse("{\n  \"a\": {\n    \"b\": [1,\n      2],\n    \"c\": 3\n  },\n  \"d e\": 4\n}");
  ASSERT_TRUE(json.problems().empty());
  EXPECT_EQ(json.line_of("$.a"), 2);
  EXPECT_EQ(json.line_of("$.a.b"), 3);
  EXPECT_EQ(json.line_of("$.a.c"), 5);
  EXPECT_EQ(json.line_of("$.a.missing"), 2);
  EXPECT_EQ(json.line_of("$['d e']"), 7);
  EXPECT_EQ(json.value()["a"]["b"], Json({1, 2}));
}

TEST(LocatedJson, ReportsSyntaxAndTwins) {
  const auto twins = LocatedJson::parse("{\"a\": 1,\n\"a\": 2}");
  ASSERT_EQ(twins.problems().size(), 1U);
  EXPECT_EQ(to_string("f.json", twins.problems()[0]),
            "f.json:2: $.a: is given twice (first on line 1); the last one would win");
  for (const char* bad : {"", "{", "[1,", "{\"a\" 1}", "nul", "\x01"})
    EXPECT_FALSE(LocatedJson::parse(bad).problems().empty()) << bad;
  EXPECT_FALSE(LocatedJson::parse(std::string(100'000, '[')).problems().empty());
}

TEST(Text, IsMadeValidUtf8) {
  EXPECT_EQ(valid_utf8("Größe € 😀"), "Größe € 😀");
  EXPECT_EQ(valid_utf8("Gr\xf6\xdf"
                       "e"),
            "Gr��e");
  EXPECT_EQ(valid_utf8(std::string_view("a\0b", 3)), "a�b");
  EXPECT_EQ(valid_utf8("cut \xe2\x82"), "cut ��") << "a tail cut in the middle of a character";
  for (const char* bad : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8", "\x80", "\xff"})
    EXPECT_EQ(valid_utf8(bad).find(bad), std::string::npos) << bad;
}

TEST(Error, HoldsValidTextWhateverItQuotes) {
  const Error error("Co\xde", "no t\xfcr", "try \xe4");
  EXPECT_NO_THROW(Json({error.code, error.message, error.hint}).dump());
}

TEST(Json, HasALimitOfDepth) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_FALSE(is_too_deep(parse_json(nested(1000))));
  EXPECT_THROW(parse_json(nested(1001)), Error);
  EXPECT_THROW(parse_json(std::string(130'000, '[')), Error);
  EXPECT_THROW(parse_json("{"), Error);
  EXPECT_TRUE(is_too_deep(Json::parse(nested(1001))));
  EXPECT_FALSE(LocatedJson::parse(nested(101)).problems().empty());
  EXPECT_TRUE(LocatedJson::parse(nested(100)).problems().empty());
}

TEST(Json, HasIntegersOf64Bits) {
  EXPECT_EQ(integer(Json::parse("-9223372036854775808")), INT64_MIN);
  EXPECT_EQ(integer(Json::parse("9223372036854775807")), INT64_MAX);
  EXPECT_EQ(integer(Json::parse("1769864400000.0")), 1769864400000);
  for (const char* none : {"9223372036854775808", "18446744073709551616", "17698644000769864400000", "-1e300",
                           "0.5", "\"1\"", "true", "null"})
    EXPECT_EQ(integer(Json::parse(none)), std::nullopt) << none;
}

TEST(Json, IsMadeValid) {
  const Json value = {{"a\xf6", Json::array({"\xdf", 1, nullptr})}};
  EXPECT_EQ(with_valid_text(value), Json({{"a�", Json::array({"�", 1, nullptr})}}));
  EXPECT_EQ(Json::parse(dump_valid(value)), with_valid_text(value));
}

/// The bytes of a Secret itself: a short text lies in it.
std::string bytes_of(const Secret& secret) {
  return {reinterpret_cast<const char*>(&secret), sizeof secret};
}

TEST(Secret, LeavesNothingBehind) {
  Secret secret(std::string("Passw0rd"));
  ASSERT_NE(bytes_of(secret).find("Passw0rd"), std::string::npos);
  Secret moved = std::move(secret);
  EXPECT_EQ(bytes_of(secret).find("assw0rd"), std::string::npos);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(moved.reveal(), "Passw0rd");
  moved = Secret("x");
  EXPECT_EQ(bytes_of(moved).find("ssw0rd"), std::string::npos);
  EXPECT_EQ(moved.reveal(), "x");
  moved = moved;  // NOLINT
  EXPECT_EQ(moved.reveal(), "x");
}

TEST(Clock, AnAgeHasItsTwoLargestUnits) {
  for (const auto& [seconds, text] :
       std::initializer_list<std::pair<int, const char*>>{{0, "0 s"},
                                                          {59, "59 s"},
                                                          {60, "1 min"},
                                                          {3661, "1 h 1 min"},
                                                          {86'400, "1 d"},
                                                          {86'459, "1 d 59 s"},
                                                          {4 * 86'400 + 7201, "4 d 2 h"}})
    EXPECT_EQ(human_age(std::chrono::seconds(seconds)), text);
}

}  // namespace
}  // namespace base
