// The schema that editors go by, and the check: they agree about files that nobody has written.
#include "shortfile/schema.h"

#include <gtest/gtest.h>

#include "os/files.h"
#include "os/process.h"
#include "shortfile/check.h"
#include "tests/temporary.h"

namespace shortfile {
namespace {

using base::Json;

/// Values of every sort, right in some places and wrong in others.
const Json values = Json::parse(R"([
  null, true, false, 0, 1, -1, 443, 70000, 2.5, "", "a", "shop-dev", "Shop_Dev", "a--b", "x,y", "latest", "clone",
  "full", "cluster", "instance", "forever", "generated", "clean", "drop", "3 days", "30 s", "3 fortnights", "audit",
  "nonsense", "7", 7, "gp3", "lambda", [], ["a"], ["a", 1], ["a,b"], [""], {}, {"name": "s"}, {"name": 1},
  {"source": "p"}, {"port": 5433}, {"secret": "s"}, {"file": "f"}, {"env": "E"}, {"secret": "s", "file": "f"},
  {"snapshot": "n"}, {"snapshot": ""}, {"snapshot": "n", "x": 1}, {"shop": "clean", "b": ["m.sql"]},
  {"shop": {"scripts": "m.sql"}}, {"shop": {"scripts": []}}, {"shop": "dropp"}, {"shop": ["SELECT 1"]}, {"shop": []}, {"shop": ""}, {"shop": 1}, {"<initial>": "m.sql"},
  {"<initial>": "clean"}, {"keep": "forever"}, {"keep_copy": true}, {"restore": null}, {"restore": 1},
  [{"name": "r"}], [{"name": "r", "port": 0}], [{"port": 1}], ["r", {"name": "q", "class": "c"}], [["r"]], "-15m",
  "yesterday 23:00 UTC", "s3://b/k.sql"
])");

class Dice {
 public:
  std::size_t roll(std::size_t sides) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state_ >> 33U) % sides;
  }

 private:
  std::uint64_t state_ = 7;
};

/// A good file with a few members put in, by the names that there are and some that there are not.
Json file(Dice& dice, const std::vector<Entry>& all) {
  Json file = {{"refresh", "shop-dev"}, {"from", {{"source", "shop-prod"}}}};
  for (std::size_t i = 0, n = dice.roll(4); i < n; ++i) {
    const std::string& path = all[dice.roll(all.size())].path;
    if (path.find("[]") != std::string::npos) continue;
    Json* at = &file;
    std::string rest = path;
    for (std::size_t dot; (dot = rest.find('.')) != std::string::npos && at->is_object();
         rest = rest.substr(dot + 1))
      at = &(*at)[rest.substr(0, dot)];
    if (at->is_null()) *at = Json::object();
    if (!at->is_object()) continue;
    (*at)[dice.roll(20) == 0 ? rest + "x" : rest] = values[dice.roll(values.size())];
  }
  if (dice.roll(30) == 0) file.erase("refresh");
  return file;
}

TEST(ShortFileSchema, AgreesWithTheCheck) {
  const auto now = base::parse_ledger_utc("2026-11-29 12:00:00").value();
  const auto all = entries();
  Dice dice;
  Json cases = Json::array();
  std::size_t good = 0;
  for (int i = 0; i < 1000; ++i) {
    Json each = file(dice, all);
    const auto checked = check(each, now);
    const bool valid = std::ranges::all_of(checked.problems, &base::Problem::warning);
    good += valid ? 1 : 0;
    cases.push_back({{"file", std::move(each)},
                     {"valid", valid},
                     {"problem", checked.problems.empty() ? "" : base::to_string("f", checked.problems[0])}});
  }
  EXPECT_GT(good, 200U);
  EXPECT_LT(good, 800U);
  tests::Temporary folder;
  os::write_file_atomic(folder.path() / "cases.json", Json{{"schema", schema()}, {"cases", cases}}.dump(),
                        0644);
  base::SystemClock clock;
  const auto done = os::run({.argv = {SOURCE_DIR "/tests/shortfile/agree", folder.path() / "cases.json"}},
                            clock, clock.now() + std::chrono::minutes(2), {});
  EXPECT_EQ(done.exit_code, 0) << done.output;
}

}  // namespace
}  // namespace shortfile
