#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "runs/asl_run.h"

namespace asl {
namespace {

using testing::HasSubstr;

Json run(const std::string& definition, const std::string& input = "{}") {
  base::VirtualClock clock(*base::parse_iso_offset("2026-01-01T00:00:00Z"));
  return to_json(runs::run_machine(parse_machine(Json::parse(definition)), Json::parse(input), clock, 1));
}

std::optional<Json> select(const std::string& path, const std::string& input) {
  const Json in = Json::parse(input), context = {{"Execution", {{"Name", "x"}}}},
             variables = {{"v", {{"a", 1}}}};
  return Path::parse(path).select({in, context, variables});
}

TEST(Path, SelectsWhatJsonPathSays) {
  const std::string store = R"({"a": {"b": [10, 20, {"c": 1}, {"c": 5, "d": "x"}]}, "s.t": 7})";
  EXPECT_EQ(select("$.a.b[0]", store), Json(10));
  EXPECT_EQ(select("$.a.b[-1].c", store), Json(5));
  EXPECT_EQ(select("$['a']['b'][1]", store), Json(20));
  EXPECT_EQ(select("$.s\\.t", store), Json(7));
  EXPECT_EQ(select("$.a.b[0:2]", store), Json({10, 20}));
  EXPECT_EQ(select("$.a.b[0,1]", store), Json({10, 20}));
  EXPECT_EQ(select("$..c", store), Json({1, 5}));
  EXPECT_EQ(select("$.a.b[?(@.c > 1)].c", store), Json(std::vector<int>{5}));
  EXPECT_EQ(select("$.a.b[?(@.c > 1 && @.d == 'x' || @.c == 1)].c", store), Json({1, 5}));
  EXPECT_EQ(select("$.a.b[?(!(@.c))]", store), Json({10, 20}));
  EXPECT_EQ(select("$.missing[*]", store), Json::array());
  EXPECT_EQ(select("$.q[?(@[']'] == 1)]", R"({"q": [{"]": 1}, {"]": 2}]})"), Json::parse(R"([{"]": 1}])"));
  const std::string quotes = R"x({"Test\\\"\"Name\"": 1, "it's": 2, "a\\b": 3})x";
  EXPECT_EQ(select(R"($['Test\""Name"'])", quotes), Json(1)) << "as on AWS: the backslash stays";
  EXPECT_EQ(select(R"($['it\'s'])", quotes), Json(2));
  EXPECT_EQ(select(R"($['a\\b'])", quotes), Json(3));
  EXPECT_EQ(select("$.missing", store), std::nullopt);
  EXPECT_EQ(select("$$.Execution.Name", store), Json("x"));
  EXPECT_EQ(select("$v.a", store), Json(1));
  for (const char* bad : {"", "a", "$.", "$.a[", "$.a[x]", "$.a['b]", "$.a[?(@.b]", "$..", "$.a[0:1:0]"})
    EXPECT_THROW(Path::parse(bad), base::Error) << bad;
}

TEST(Path, AssignsThroughReferencePaths) {
  Json root = {{"a", {{"list", {1, 2}}}}};
  Path::parse("$.x.y").assign(root, 5);
  Path::parse("$.a.list[1]").assign(root, 9);
  EXPECT_EQ(root, Json::parse(R"({"a": {"list": [1, 9]}, "x": {"y": 5}})"));
  Json text = "text";
  EXPECT_THROW(Path::parse("$.a").assign(text, 1), base::Error);
}

TEST(Intrinsics, HonourEscapesAndNesting) {
  const Json input = {{"a", "it's"}}, none = Json::object();
  Entropy entropy{1};
  auto value = [&](const std::string& text) {
    return evaluate_intrinsic(text, {input, none, none}, entropy);
  };
  EXPECT_EQ(value(R"(States.Format('a \{\} \'{}\' \\ {}', $.a, States.Array(1, null)))"),
            R"(a {} 'it's' \ [1, null])");
  EXPECT_EQ(value(R"(States.Array('a\\b', -1.5))"), Json({"a\\b", -1.5}));
  EXPECT_EQ(
      value("States.JsonMerge(States.StringToJson('{\"a\":1}'), States.StringToJson('{\"b\":2}'), false)"),
      Json({{"a", 1}, {"b", 2}}));
  EXPECT_EQ(value("States.UUID()").get<std::string>().size(), 36U);
  EXPECT_EQ(value("States.StringSplit('aèb,cédé', ',é')"), Json({"aèb", "c", "d"})) << "characters, no bytes";
  EXPECT_EQ(value("States.Base64Decode('/w==')"), "�");
  EXPECT_EQ(value("States.ArrayRange(9223372036854775806, 9223372036854775807, 5)").size(), 1U);
  EXPECT_TRUE(value("States.MathRandom(-9223372036854775807, 9223372036854775807)").is_number_integer());
  EXPECT_EQ(value("States.MathAdd(1e300, 0)"), INT64_MAX);
  EXPECT_THROW(value("States.MathAdd(9223372036854775807, 1)"), base::Error);
  for (const char* bad : {"States.Format('{}')", "States.Nope()", "States.Array('x)", "States.Array(1",
                          "States.MathAdd(1)", "States.Hash('a', 'CRC')", "States.Base64Decode('*')"})
    EXPECT_THROW(value(bad), base::Error) << bad;
}

TEST(Intrinsics, AreUtf8AsJsonIs) {
  EXPECT_THROW(select("$.a\xE6.b", "{}"), base::Error);
  EXPECT_THROW(Path::parse("$['\xC3']"), base::Error);
  EXPECT_EQ(select("$.\xC3\xA9", "{\"\xC3\xA9\": 1}"), Json(1));
  const Json none = Json::object();
  Entropy entropy{1};
  EXPECT_THROW(evaluate_intrinsic("States.ArrayLength('\xE6')", {none, none, none}, entropy), base::Error);
  EXPECT_THAT(check_intrinsic("States.ArrayLength('\xE6')"), HasSubstr("it is not UTF-8"));
}

TEST(Intrinsics, HaveALimitOfDepth) {
  const std::string deep = std::string(130'000, '[') + std::string(130'000, ']');
  const Json answer = run(
      R"x({"StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": {"v.$": "States.StringToJson($.text)"}, "End": true}}})x",
      Json({{"text", deep}}).dump());
  EXPECT_EQ(answer["error"], "States.IntrinsicFailure");
  std::string nested = "1", filter(100'000, '(');
  for (int i = 0; i < 11; ++i) nested = "States.Array(" + nested + ")";
  EXPECT_THAT(check_intrinsic(nested), HasSubstr("nested deeper than 10 functions"));
  EXPECT_THROW(select("$[?(" + filter + "@.a" + std::string(100'000, ')') + ")]", "[1]"), base::Error);
  EXPECT_THROW(select("$[?(" + std::string(100'000, '!') + "@.a)]", "[1]"), base::Error);
}

/// Every lap puts the state into itself: no single value of the document is deep.
TEST(Interpreter, AStateThatGrowsDeeperAndDeeperFails) {
  const Json answer = run(
      R"({"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"a.$": "$"}, "Next": "A2"}, "A2": {"Type": "Pass", "Parameters": {"a.$": "$"}, "Next": "A"}}})");
  EXPECT_EQ(answer["error"], "States.Runtime");
  EXPECT_THAT(answer["cause"].get<std::string>(), HasSubstr("nested deeper than 1000 levels"));
}

TEST(Interpreter, RetriesThenCatchesATask) {
  const Json answer = run(R"({"StartAt": "T", "States": {
    "T": {"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 2}],
          "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "P"}], "End": true},
    "P": {"Type": "Pass", "OutputPath": "$.e.Error", "End": true}}})",
                          R"({"in": 1})");
  EXPECT_EQ(answer["output"], "Dbrefresh.NoTaskHandler");
  EXPECT_EQ(std::ranges::count(answer["events"], Json("TaskScheduled")), 3);
}

TEST(Interpreter, StatesRuntimeCannotBeCaught) {
  const Json answer = run(R"({"StartAt": "T", "States": {
    "T": {"Type": "Task", "Resource": "r", "InputPath": "$.missing", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "P"}], "End": true},
    "P": {"Type": "Pass", "End": true}}})");
  EXPECT_EQ(answer["status"], "FAILED");
  EXPECT_EQ(answer["error"], "States.Runtime");
}

TEST(Interpreter, AMapHonoursItsConcurrencyAndKeepsItsOrder) {
  const Json answer = run(
      R"({"StartAt": "M", "States": {"M": {"Type": "Map", "MaxConcurrency": 2, "ItemsPath": "$.n", "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"},
    "ItemProcessor": {"StartAt": "W", "States": {"W": {"Type": "Wait", "SecondsPath": "$.v", "Next": "P"}, "P": {"Type": "Pass", "OutputPath": "$.i", "End": true}}}, "End": true}}})",
      R"({"n": [30, 10, 20, 5]})");
  EXPECT_EQ(answer["output"], Json({0, 1, 2, 3}));
}

TEST(Interpreter, ATaskTimesOut) {
  const auto machine = parse_machine(Json::parse(
      R"({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "r", "TimeoutSeconds": 10, "End": true}}})"));
  const base::Time start{};
  Execution execution = begin("e", "e", "m", {}, start);
  advance(machine, execution, Start{}, start, 1);
  EXPECT_EQ(next_due(execution), start + std::chrono::seconds(10));
  const auto token = open_tasks(machine, execution, 1).at(0).token;
  advance(machine, execution, Tick{}, start + std::chrono::seconds(10), 1);
  EXPECT_EQ(execution.status, Execution::Status::failed);
  EXPECT_EQ(execution.root.error, "States.Timeout");
  EXPECT_TRUE(advance(machine, execution, TaskResult{.token = token, .output = 1}, start, 1).stale);
}

/// The texts are AWS's.
TEST(Interpreter, FieldsByPathSayWhatIsWrongAsAwsDoes) {
  const auto cause = [](const std::string& state, const std::string& input) {
    const Json answer = run(R"({"StartAt": "S", "States": {"S": {)" + state + R"(, "End": true}}})", input);
    EXPECT_EQ(answer["error"], "States.Runtime");
    EXPECT_EQ(std::ranges::count(answer["events"], Json("MapStateFailed")), 0);
    return answer["cause"].get<std::string>();
  };
  EXPECT_THAT(
      cause(R"("Type": "Wait", "SecondsPath": "$.input.waitSeconds")", R"({"input": {"waitSeconds": -1}})"),
      HasSubstr("The SecondsPath parameter references a negative value: $.input.waitSeconds == -1"));
  EXPECT_THAT(
      cause(
          R"("Type": "Map", "MaxConcurrencyPath": "$.MaxConcurrencyValue", "ItemsPath": "$.n", "Iterator": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}})",
          R"({"MaxConcurrencyValue": {}, "n": []})"),
      HasSubstr("The MaxConcurrencyPath field refers to value \"{}\" which is not a valid integer: "
                "$.MaxConcurrencyValue"));
  for (const char* field : {"TimeoutSecondsPath", "HeartbeatSecondsPath"})
    EXPECT_THAT(cause(fmt::format(R"("Type": "Task", "Resource": "r", "{}": "$.X")", field), "{}"),
                HasSubstr("Invalid path '$.X' : No results for path: $['X']"));
}

TEST(Interpreter, APassSeesNoTaskInItsContext) {
  const Json seen =
      run(R"({"StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": {"c.$": "$$"}, "End": true}}})")
          ["output"]["c"];
  EXPECT_FALSE(seen.contains("Task"));
  EXPECT_FALSE(seen["State"].contains("RetryCount"));
  EXPECT_EQ(seen["Execution"]["RedriveCount"], 0);
}

TEST(Interpreter, BackoffWithoutALimitDoesNotOverflow) {
  const auto machine = parse_machine(Json::parse(
      R"({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": ["e"], "IntervalSeconds": 99999999, "BackoffRate": 1000, "MaxAttempts": 50}], "End": true}}})"));
  base::Time now{};
  Execution execution = begin("e", "e", "m", {}, now);
  advance(machine, execution, Start{}, now, 1);
  for (int i = 0; i < 10; ++i) {
    const auto token = open_tasks(machine, execution, 1).at(0).token;
    advance(machine, execution, TaskResult{.token = token, .output = {}, .error = "e", .cause = ""}, now, 1);
    ASSERT_GT(*next_due(execution), now);
    now = *next_due(execution);
    advance(machine, execution, Tick{}, now, 1);
    advance(machine, execution, Proceed{}, now, 1);
  }
}

/// What a Catch leads to has a later limit, and after the last one there is room for the end.
TEST(Interpreter, TheOwnLimitOfEventsLeavesAWayOut) {
  const auto machine = parse_machine(Json::parse(R"({"StartAt": "T", "States": {
    "T": {"Type": "Task", "Resource": "r", "Next": "T2", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "U"}]},
    "T2": {"Type": "Task", "Resource": "r", "Next": "T", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "U"}]},
    "U": {"Type": "Task", "Resource": "undo", "Next": "U2", "Catch": [{"ErrorEquals": ["Dbrefresh.TooManyChecks"], "Next": "End"}]},
    "U2": {"Type": "Task", "Resource": "undo", "Next": "U", "Catch": [{"ErrorEquals": ["Dbrefresh.TooManyChecks"], "Next": "End"}]},
    "End": {"Type": "Task", "Resource": "tell", "End": true}}})"));
  base::Time now{};
  Execution execution = begin("e", "e", "m", {}, now);
  execution.event_limit = 20'000;
  std::int64_t undone_at = 0, end_at = 0;
  Event event = Start{};
  for (bool more = false; execution.status == Execution::Status::running;) {
    more = advance(machine, execution, event, now, 1).more;
    if (execution.root.state == "U" && undone_at == 0) undone_at = execution.events;
    if (execution.root.state == "End" && end_at == 0) end_at = execution.events;
    if (more)
      event = Proceed{};
    else if (const auto open = open_tasks(machine, execution, 1); !open.empty())
      event = TaskResult{.token = open[0].token, .output = Json::object(), .error = {}, .cause = ""};
    if (execution.events % 1000 == 0) execution = execution_from_json(to_json(execution));
  }
  EXPECT_EQ(execution.status, Execution::Status::succeeded);
  EXPECT_NEAR(static_cast<double>(undone_at), 20'000, 10);
  EXPECT_NEAR(static_cast<double>(end_at), 24'000, 10);
}

TEST(Interpreter, TheExecutionTimesOut) {
  const Json answer = run(
      R"({"StartAt": "W", "TimeoutSeconds": 60, "States": {"W": {"Type": "Wait", "Seconds": 61, "End": true}}})");
  EXPECT_EQ(answer["status"], "TIMED_OUT");
}

TEST(Interpreter, AnEndlessLoopEndsAtTheHistoryLimit) {
  const Json answer = run(
      R"({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "C"}], "Default": "A"}, "C": {"Type": "Succeed"}}})");
  EXPECT_EQ(answer["status"], "FAILED");
  EXPECT_LE(answer["events"].size(), 25'005U);
}

/// Stopping and going on from the snapshot at every single step makes no difference.
TEST(Interpreter, SurvivesItsSnapshotAtEveryStep) {
  const auto machine = parse_machine(
      Json::parse(R"({"StartAt": "A", "States": {"A": {"Type": "Pass", "Assign": {"v.$": "$.n"}, "Next": "P"},
    "P": {"Type": "Parallel", "Branches": [
      {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$.n", "MaxConcurrency": 1, "ItemProcessor": {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 5, "End": true}}}, "End": true}}},
      {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "r", "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}], "End": true}}}], "Next": "Z"},
    "Z": {"Type": "Pass", "Parameters": {"all.$": "$", "v.$": "$v"}, "End": true}}})"));
  auto play = [&](bool through_snapshots) {
    base::Time now{};
    Execution execution = begin("e", "e", "m", Json::parse(R"({"n": [1, 2]})"), now);
    Event event = Start{};
    int failures = 0;
    while (true) {
      if (through_snapshots) execution = execution_from_json(Json::parse(to_json(execution).dump()));
      const auto decision = advance(machine, execution, event, now, 1);
      const auto open = open_tasks(machine, execution, 1);
      if (execution.status != Execution::Status::running) break;
      if (decision.more) {
        event = Proceed{};
      } else if (!open.empty()) {
        event = failures++ == 0 ? TaskResult{.token = open[0].token, .error = "E"}
                                : TaskResult{.token = open[0].token, .output = "done"};
      } else {
        now = next_due(execution).value();
        event = Tick{};
      }
    }
    return to_json(execution);
  };
  EXPECT_EQ(play(false), play(true));
  EXPECT_EQ(play(true)["root"]["input"], Json::parse(R"({"all": [[1, 2], "done"], "v": [1, 2]})"));
}

TEST(Lint, FindsEveryProblemWithItsLine) {
  const auto problems = lint(base::LocatedJson::parse(R"x({
  "StartAt": "Nowhere",
  "States": {
    "A": {"Type": "Pas", "End": true},
    "B": {"Type": "Wait", "Seconds": 1, "Timestamp": "2016-03-05T21:29:29Z", "End": true},
    "C": {"Type": "Task", "Resource": "r", "Next": "D",
          "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["x"], "MaxAttempts": -1}]},
    "D": {"Type": "Pass", "ResultPath": "$.a[*]", "Parameters": {"x.$": "States.Nope()"}},
    "E": {"Type": "Choice", "Choices": [{"Variable": "$.x", "NumericEquals": "1", "Next": "D"}]}
  }
})x"));
  std::vector<std::string> lines;
  for (const auto& each : problems) lines.push_back(base::to_string("m", each));
  const std::string all = testing::PrintToString(lines);
  EXPECT_THAT(all, HasSubstr("m:2: $.StartAt: there is no state"));
  EXPECT_THAT(all, HasSubstr("m:4: $.States.A.Type: 'Pas' is not a type of state; did you mean 'Pass'?"));
  EXPECT_THAT(all, HasSubstr("m:5: $.States.B: needs exactly one of Seconds"));
  EXPECT_THAT(all,
              HasSubstr("m:7: $.States.C.Retry[0].ErrorEquals: States.ALL must stand alone and come last"));
  EXPECT_THAT(all, HasSubstr("MaxAttempts: must be an integer of at least 0"));
  EXPECT_THAT(all, HasSubstr("m:8: $.States.D.ResultPath: must be a reference path"));
  EXPECT_THAT(all, HasSubstr("there is no function States.Nope"));
  EXPECT_THAT(all, HasSubstr("m:8: $.States.D: needs either Next or End"));
  EXPECT_THAT(all, HasSubstr("NumericEquals: has an operand of the wrong type"));
  EXPECT_THAT(all, HasSubstr("$.States.E: cannot be reached"));
}

TEST(Lint, FindsDistributedMapsHoweverTheyAreWritten) {
  for (const char* processor : {"ItemProcessor", "Iterator"}) {
    const auto problems = lint(base::LocatedJson::parse(fmt::format(
        R"({{"StartAt": "M", "States": {{"M": {{"Type": "Map", "End": true, "{}": {{"ProcessorConfig": {{"Mode": "DISTRIBUTED"}},
          "StartAt": "P", "States": {{"P": {{"Type": "Pass", "End": true}}}}}}}}}}}})",
        processor)));
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_THAT(problems[0].message, HasSubstr("only INLINE"));
  }
}

/// Mutated documents and inputs are refused or run; they never crash.
TEST(Lint, SurvivesMutations) {
  const std::string good =
      R"x({"StartAt": "A", "States": {"A": {"Type": "Map", "ItemsPath": "$.a[?(@.b > 1)]", "Iterator": {"StartAt": "B", "States": {"B": {"Type": "Pass", "Parameters": {"x.$": "States.Format('{}', $.b)"}, "End": true}}}, "Next": "C"}, "C": {"Type": "Wait", "Seconds": 3, "End": true}}})x";
  Entropy entropy{42};
  int ran = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = good;
    for (std::uint64_t n = entropy.next() % 3 + 1; n > 0; --n) {
      const auto at = entropy.next() % text.size();
      if (entropy.next() % 2 == 0)
        text[at] = static_cast<char>(entropy.next() % 128);
      else
        text.erase(at, entropy.next() % 4);
    }
    const auto located = base::LocatedJson::parse(text);
    if (!lint(located).empty()) continue;
    base::VirtualClock clock(base::Time{});
    runs::run_machine(parse_machine(located), Json::parse(R"({"a": [{"b": 1}, {"b": 2}]})"), clock, 1);
    ++ran;
  }
  EXPECT_GT(ran, 100);
}

}  // namespace
}  // namespace asl
