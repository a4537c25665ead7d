#include "executions/record.h"

#include "refresh/document.h"
#include "refresh/workflow.h"

namespace executions {
namespace {

/// How Step Functions names what becomes of a call, by what the call is (a function, or a service).
constexpr std::pair<std::string_view, const char*> ends[] = {
    {"LambdaFunctionSucceeded", "TaskSucceeded"},   {"TaskSucceeded", "TaskSucceeded"},
    {"LambdaFunctionFailed", "TaskFailed"},         {"TaskFailed", "TaskFailed"},
    {"LambdaFunctionTimedOut", "TaskFailed"},       {"TaskTimedOut", "TaskFailed"},
    {"LambdaFunctionScheduleFailed", "TaskFailed"}, {"LambdaFunctionStartFailed", "TaskFailed"},
};

const char* end_of(std::string_view type) {
  for (const auto& [name, end] : ends)
    if (name == type) return end;
  return nullptr;
}

/// {error, cause}, under whatever name this kind of event has its details.
Json failure_in(const Json& event) {
  for (const auto& [name, details] : event.items())
    if (details.is_object() && (details.contains("cause") || details.contains("error")))
      return {{"error", details.value("error", "")},
              {"cause", refresh::plain_cause(details.value("cause", ""))}};
  return Json::object();
}

}  // namespace

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Json newest_data(const std::vector<Json>& events) {
  for (auto event = events.rbegin(); event != events.rend(); ++event)
    if (Json data = data_of(*event); !data.is_null()) return data;
  return nullptr;
}

bool has_begun(const Json& state) {
  return state.is_object() && state.value("results", Json::object()).contains(refresh::planning_step().key);
}

std::optional<asl::HistoryEvent> heard(const Json& event, std::string& state) {
  const auto type = event.at("type").get<std::string>();
  const auto id = event.at("id").get<std::int64_t>();
  if (auto entered = state_entered(event); !entered.empty()) state = std::move(entered);
  if (type == "TaskStateEntered") return asl::HistoryEvent{id, type, state, Json::object()};
  if (const char* end = end_of(type)) return asl::HistoryEvent{id, end, state, failure_in(event)};
  return std::nullopt;
}

Json attempts(const std::vector<Json>& events) {
  Json all = Json::array();
  std::string state;
  for (const Json& event : events) {
    const auto type = event.at("type").get<std::string>();
    heard(event, state);
    const Json& at = event.at("timestamp");
    if (type == "LambdaFunctionScheduled" || type == "TaskScheduled")
      all.push_back(
          {{"state", state}, {"tries", 1}, {"started", at}, {"ended", nullptr}, {"outcome", "running"}});
    else if (const char* end = end_of(type); end != nullptr && !all.empty())
      all.back().update(
          {{"ended", at}, {"outcome", end == std::string_view("TaskFailed") ? "failed" : "succeeded"}});
  }
  return all;
}

Json events_view(const std::vector<Json>& events) {
  Json all = Json::array();
  std::string state;
  for (const Json& event : events) {
    heard(event, state);
    all.push_back({{"id", event.at("id")},
                   {"at", event.at("timestamp")},
                   {"type", event.at("type")},
                   {"state", text_or_null(state)}});
  }
  return all;
}

std::string waits_for(const Json& state, const std::string& at) {
  const auto* step = refresh::step_of(at);
  if (step == nullptr || !state.is_object()) return "";
  return state.value("results", Json::object())
      .value(std::string(step->key), Json::object())
      .value("waits_for", "");
}

}  // namespace executions
