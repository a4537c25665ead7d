#include "shortfile/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shortfile {
namespace {

std::vector<std::string> problems(std::string_view text) {
  std::vector<std::string> all;
  const auto read = parse_yaml(text);
  for (const auto& each : read.problems()) all.push_back(base::to_string("f", each));
  return all;
}

TEST(Yaml, ReadsTheCoreSchemaAndKnowsWhereEverythingStands) {
  const auto read = parse_yaml(
      "a: no\nb: [1, -2.5, true, null, ~, '1', 0x10, 007, on]\nc:\n  d e: \"x\\ny\"\n  f: |\n    two\n    "
      "lines\n");
  EXPECT_EQ(read.value(),
            Json::parse(R"({"a": "no", "b": [1, -2.5, true, null, null, "1", "0x10", "007", "on"],
                                         "c": {"d e": "x\ny", "f": "two\nlines\n"}})"));
  EXPECT_THAT(read.problems(), testing::IsEmpty());
  EXPECT_EQ(read.position_of("$.b[2]").line, 2);
  EXPECT_EQ(read.position_of("$.b[2]").column, 14);
  EXPECT_EQ(read.position_of("$.c['d e']").line, 4);
  EXPECT_EQ(parse_yaml(R"({"a": [{"b": 1}]})").value(), Json::parse(R"({"a": [{"b": 1}]})"));
}

TEST(Yaml, RefusesWhatCouldBeMisread) {
  using testing::ElementsAre;
  EXPECT_THAT(problems("a: 1\nb: 2\na: 3\n"),
              ElementsAre("f:3:1: $.a: is given twice (first on line 1); the last one would win"));
  EXPECT_THAT(problems("a: &x [1]\nb: *x\n"),
              ElementsAre("f:1:4: $.a: has an anchor, which is not read: write the value where it is used",
                          "f:2:4: $.b: is an alias, which is not read: write the value itself"));
  // In the place of a name too, where a fuzzer found it.
  EXPECT_THAT(problems("a: {*x : 1, b: 2}\n"),
              ElementsAre("f:1:5: $.a: is an alias, which is not read: write the value itself"));
  EXPECT_THAT(problems("a: !!binary aGk=\n"), ElementsAre("f:1:4: $.a: has a tag, which is not read"));
  EXPECT_THAT(problems("a: 1\n---\nb: 2\n"), ElementsAre("f:2:1: $: begins a second document: one is read"));
  EXPECT_THAT(problems("? [a]\n: 1\n"), ElementsAre("f:1:3: $: has a name that is no text"));
  EXPECT_THAT(problems("a: [1\nb: 2"), ElementsAre(testing::HasSubstr("is not valid YAML")));
  EXPECT_THAT(problems("a: \xff"), ElementsAre("f:1: $: is not UTF-8"));
  EXPECT_THAT(problems(std::string(101, '[')), ElementsAre(testing::HasSubstr("deeper than 100")));
}

TEST(Yaml, WritesWhatItReads) {
  const auto value = nlohmann::ordered_json::parse(
      R"({"z": "a b", "empty": "", "number": "12", "yes": true, "colon": "a: b", "quote": "it's \"x\"",
          "list": [1, "two", {"a b": null}], "deep": {"long": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "longer": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}, "none": {}, "hash": "#1", "dash": "- x"})");
  const auto read = parse_yaml(dump_yaml(value));
  EXPECT_THAT(read.problems(), testing::IsEmpty()) << dump_yaml(value);
  EXPECT_EQ(read.value(), Json(value)) << dump_yaml(value);
}

}  // namespace
}  // namespace shortfile
