#include "refresh/document.h"

#include <fmt/format.h>

#include "refresh/workflow.h"

namespace refresh {
namespace {

using Ordered = nlohmann::ordered_json;

constexpr std::string_view stage_names[] = {"PRE-RESTORE", "RESTORE", "POST-RESTORE"};
/// With a minute between the later ones: an API may throttle for half an hour.
constexpr int most_retries = 40;
/// Where the state of a run says why it could not be rolled back, and how often it was tried again.
constexpr const char* not_put_back = "roll_back_failure";
constexpr const char* tried_again = "rolled_back_again";

std::string_view stage_name(Stage stage) {
  return stage_names[static_cast<std::size_t>(stage)];
}

std::string result_path(const Step& step) {
  return fmt::format("$.results.{}", step.key);
}

Ordered retriers() {
  return Ordered::array({Ordered{{"ErrorEquals", {engine::retryable_failure}},
                                 {"IntervalSeconds", 2},
                                 {"MaxAttempts", most_retries},
                                 {"BackoffRate", 2},
                                 {"MaxDelaySeconds", 60},
                                 {"JitterStrategy", "FULL"}}});
}

Ordered task(std::string_view state, const std::string& result, Ordered catchers, std::string_view next) {
  return {
      {"Type", "Task"},       {"Resource", task_resource}, {"Parameters", {{"state", state}, {"run.$", "$"}}},
      {"ResultPath", result}, {"Retry", retriers()},       {"Catch", std::move(catchers)},
      {"Next", next}};
}

Ordered catch_all(std::string_view result, std::string_view next) {
  return {{"ErrorEquals", {"States.ALL"}}, {"ResultPath", result}, {"Next", next}};
}

/// Adds a step's states: start, check, outcome, and wait only while it is not done. Start and check are the
/// same call; each writes all that the step tells.
void add_step(Ordered& states, const Step& step, std::string_view next, const Ordered& give_up) {
  const StateNames& name = step.states;
  Ordered catchers = Ordered::array();
  if (!step.restores_again_on.empty())
    catchers.push_back({{"ErrorEquals", {step.restores_again_on}},
                        {"ResultPath", "$.interrupted"},
                        {"Next", stage_name(Stage::restore)}});
  catchers.push_back(give_up);
  states[name.start] = task(name.start, result_path(step), catchers, name.check.empty() ? next : name.check);
  if (name.check.empty()) return;
  states[name.check] = task(name.check, result_path(step), catchers, name.outcome);
  states[name.outcome] = {{"Type", "Choice"},
                          {"Choices", Ordered::array({Ordered{{"Variable", result_path(step) + ".status"},
                                                              {"StringEquals", "SUCCEEDED"},
                                                              {"Next", next}}})},
                          {"Default", name.wait}};
  states[name.wait] = {
      {"Type", "Wait"}, {"SecondsPath", result_path(step) + ".look_again"}, {"Next", name.check}};
}

/// Where a step begins: at the choice that lets files leave it out, unless it always runs.
std::string entry(const Step& step) {
  if (runs_always(step)) return std::string(step.states.start);
  return step.choice_state.empty() ? fmt::format("choose-{}", step.states.start)
                                   : std::string(step.choice_state);
}

void add_choice(Ordered& states, const Step& step, const std::string& next) {
  if (entry(step) == step.states.start) return;
  states[entry(step)] = {
      {"Type", "Choice"},
      {"Choices", Ordered::array({Ordered{{"Variable", fmt::format("$.members.{}", step.key)},
                                          {"IsPresent", true},
                                          {"Next", step.states.start}}})},
      {"Default", next}};
}

void add_failure_path(Ordered& states) {
  const Step& back = roll_back_step();
  const auto reports = failure_sequence();
  add_step(states, back, reports[0]->states.start,
           catch_all(fmt::format("$.{}", not_put_back), reports[0]->states.start));
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const std::string_view next = i + 1 < reports.size() ? reports[i + 1]->states.start : "RESTORE-FAILED";
    add_step(states, *reports[i], next, catch_all(result_path(*reports[i]), next));
  }
  states["RESTORE-FAILED"] = {
      {"Type", "Fail"}, {"ErrorPath", "$.failure.Error"}, {"CausePath", "$.failure.Cause"}};
}

}  // namespace

Ordered state_machine() {
  Ordered states = Ordered::object();
  const auto steps = sequence();
  /// The first state of what follows step i.
  auto after = [&](std::size_t i) -> std::string {
    if (i + 1 == steps.size()) return "RESTORE-COMPLETE";
    return steps[i + 1]->stage != steps[i]->stage ? std::string(stage_name(steps[i + 1]->stage))
                                                  : entry(*steps[i + 1]);
  };
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = *steps[i];
    if (i == 0 || steps[i - 1]->stage != step.stage)
      states[stage_name(step.stage)] = {{"Type", "Pass"}, {"Next", entry(step)}};
    add_choice(states, step, after(i));
    add_step(states, step, after(i),
             step.report ? catch_all(result_path(step), after(i))
                         : catch_all("$.failure", roll_back_step().states.start));
  }
  states["RESTORE-COMPLETE"] = {{"Type", "Succeed"}};
  add_failure_path(states);
  return {{"Comment", "A database refresh; generated by dbrefresh (dbrefresh asl show)."},
          {"StartAt", stage_names[0]},
          {"States", states}};
}

Json run_input(const std::string& run, const RefreshFile& file, bool keep_failed, base::Time now) {
  return {{"run", run},
          {"names", to_json(file.names)},
          {"members", file.members},
          {"keep_failed", keep_failed},
          {"started", base::ledger_utc(now)},
          {"results", Json::object()}};
}

std::string plain_cause(const std::string& cause) {
  const Json parsed = Json::parse(cause, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("errorMessage")) return cause;
  const Json& message = parsed["errorMessage"];
  return message.is_string() ? message.get<std::string>() : cause;
}

std::string roll_back_failure(const Json& state) {
  const Json failure = state.value(not_put_back, Json::object());
  const std::string cause = plain_cause(failure.value("Cause", ""));
  return cause.empty() ? failure.value("Error", "") : cause;
}

int rolled_back_again(const Json& state) {
  return state.value(tried_again, 0);
}

std::optional<asl::Redrive> roll_back_again(const Json& state) {
  if (!state.contains(not_put_back)) return std::nullopt;
  Json input = state;
  input.erase(not_put_back);
  input[tried_again] = rolled_back_again(state) + 1;
  return asl::Redrive{std::string(roll_back_step().states.start), std::move(input)};
}

}  // namespace refresh
