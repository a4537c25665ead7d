// Real answers of AWS Step Functions: every one must agree in status, output and error. A part of them lies
// in recordings/; DBREFRESH_ASL_RECORDINGS may name more.
#include <gtest/gtest.h>

#include <fstream>

#include "runs/asl_run.h"

namespace {

using base::Json;

std::vector<std::string> files() {
  std::vector<std::string> out = {SOURCE_DIR "/tests/asl/recordings/executions.json"};
  const char* given = std::getenv("DBREFRESH_ASL_RECORDINGS");
  const std::string more = given != nullptr ? given : SOURCE_DIR "/../shared/asl-recordings/executions.json";
  if (std::ifstream(more)) out.push_back(more);
  return out;
}

/// Recordings write a JSON document as text where AWS answered with one that is not an object.
Json parsed(const Json& value) {
  if (!value.is_string()) return value;
  Json inner = Json::parse(value.get<std::string>(), nullptr, false);
  return inner.is_discarded() ? value : inner;
}

/// A random number cannot be the same twice: the recording says that there was one.
bool same_output(const Json& expected, const Json& actual) {
  if (expected == "RandomNumberGenerated") return actual.is_number_integer();
  if (expected.is_object() && actual.is_object() && expected.size() == actual.size()) {
    return std::ranges::all_of(expected.items(), [&](const auto& item) {
      return actual.contains(item.key()) && same_output(item.value(), actual[item.key()]);
    });
  }
  return expected == actual;
}

void compare_with(const Json& all) {
  std::size_t outcomes = 0, causes = 0, events = 0, with_cause = 0, with_events = 0;
  for (const Json& recording : all) {
    const std::string id = recording["id"];
    const Json& expect = recording["expect"];
    base::VirtualClock clock(
        *base::parse_iso_offset("2026-11-22T16:15:02Z"));  // the day they were written for
    Json actual;
    try {
      const Json& definition = recording["definition"];
      const auto machine = asl::parse_machine(
          definition.is_string() ? Json::parse(definition.get<std::string>()) : definition);
      actual = to_json(runs::run_machine(machine, recording["input"], clock, 1));
    } catch (const std::exception& error) {
      ADD_FAILURE() << id << ": " << error.what();
      continue;
    }
    const bool agrees = expect["status"] == actual["status"] &&
                        (!expect.contains("output") ||
                         same_output(parsed(expect["output"]), actual.value("output", Json()))) &&
                        expect.value("error", Json()) == actual.value("error", Json());
    if (agrees) ++outcomes;
    EXPECT_TRUE(agrees) << id << "\nexpected " << expect.dump() << "\nactual   " << actual.dump();
    if (expect.value("cause", Json()).is_string()) {
      ++with_cause;
      if (expect["cause"] == actual["cause"])
        ++causes;
      else
        std::cout << "cause of " << id << "\n  expected " << expect["cause"] << "\n  actual   "
                  << actual["cause"] << "\n";
    }
    if (expect.contains("events")) {
      ++with_events;
      if (expect["events"] == actual["events"])
        ++events;
      else
        std::cout << "events of " << id << "\n  expected " << expect["events"] << "\n  actual   "
                  << actual["events"] << "\n";
    }
  }
  std::cout << "recordings: outcome " << outcomes << "/" << all.size() << ", cause " << causes << "/"
            << with_cause << ", events " << events << "/" << with_events << "\n";
  EXPECT_EQ(outcomes, all.size());
}

TEST(Recordings, AgreeWithAws) {
  for (const auto& path : files()) {
    std::ifstream file(path);
    ASSERT_TRUE(file) << path;
    compare_with(Json::parse(file));
  }
}

}  // namespace
