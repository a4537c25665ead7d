// An execution as JSON, the form in which it is journaled. Members with their default value are left out: a
// waiting execution should cost little.
#include <array>

#include "asl/interpreter.h"

namespace asl {
namespace {

using base::from_micros;
using base::micros;

constexpr std::array statuses = {"RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT"};

Json frame_to_json(const Frame& frame) {
  Json out = {
      {"phase", static_cast<int>(frame.phase)}, {"state", frame.state},         {"input", frame.input},
      {"entered", micros(frame.entered)},       {"event", frame.entered_event}, {"visit", frame.visit}};
  if (!frame.variables.empty()) out["variables"] = frame.variables;
  if (!frame.attempts.empty()) out["attempts"] = frame.attempts;
  if (frame.due) out["due"] = micros(*frame.due);
  if (frame.heartbeat_due) out["heartbeatDue"] = micros(*frame.heartbeat_due);
  if (frame.heartbeat_seconds > 0) out["heartbeatSeconds"] = frame.heartbeat_seconds;
  for (const Frame& child : frame.children) out["children"].push_back(frame_to_json(child));
  if (!frame.pending.empty()) out["pending"] = frame.pending;
  if (frame.max_concurrency > 0) out["maxConcurrency"] = frame.max_concurrency;
  if (!frame.item.is_null()) out["item"] = frame.item;
  if (frame.reported) out["reported"] = true;
  if (frame.error) out["error"] = *frame.error;
  if (frame.cause) out["cause"] = *frame.cause;
  return out;
}

Frame frame_from_json(const Json& json) {
  Frame frame{.phase = static_cast<Frame::Phase>(json.at("phase").get<int>()),
              .state = json.at("state"),
              .input = json.at("input"),
              .variables = json.value("variables", Json::object()),
              .attempts = json.value("attempts", std::vector<int>{}),
              .visit = json.at("visit"),
              .entered_event = json.at("event"),
              .entered = from_micros(json.at("entered"))};
  if (json.contains("due")) frame.due = from_micros(json["due"]);
  if (json.contains("heartbeatDue")) frame.heartbeat_due = from_micros(json["heartbeatDue"]);
  frame.heartbeat_seconds = json.value("heartbeatSeconds", 0.0);
  for (const Json& child : json.value("children", Json::array()))
    frame.children.push_back(frame_from_json(child));
  frame.pending = json.value("pending", std::vector<Json>{});
  frame.max_concurrency = json.value("maxConcurrency", std::size_t{0});
  frame.item = json.value("item", Json());
  frame.reported = json.value("reported", false);
  if (json.contains("error")) frame.error = json["error"].get<std::string>();
  if (json.contains("cause")) frame.cause = json["cause"].get<std::string>();
  return frame;
}

}  // namespace

std::string_view to_string(Execution::Status status) {
  return statuses.at(static_cast<std::size_t>(status));
}

Json to_json(const Execution& execution) {
  Json out = {{"id", execution.id},
              {"name", execution.name},
              {"machine", execution.machine_name},
              {"started", micros(execution.started)},
              {"input", execution.input},
              {"root", frame_to_json(execution.root)},
              {"events", execution.events},
              {"status", static_cast<int>(execution.status)}};
  if (execution.event_limit > 0) out["eventLimit"] = execution.event_limit;
  if (execution.redrives > 0) out["redrives"] = execution.redrives;
  if (execution.deadline) out["deadline"] = micros(*execution.deadline);
  return out;
}

Execution execution_from_json(const Json& json) {
  Execution execution{.id = json.at("id"),
                      .name = json.at("name"),
                      .machine_name = json.at("machine"),
                      .started = from_micros(json.at("started")),
                      .input = json.at("input"),
                      .root = frame_from_json(json.at("root")),
                      .events = json.at("events"),
                      .event_limit = json.value("eventLimit", std::int64_t{0}),
                      .redrives = json.value("redrives", 0),
                      .status = static_cast<Execution::Status>(json.at("status").get<int>())};
  if (json.contains("deadline")) execution.deadline = from_micros(json["deadline"]);
  return execution;
}

}  // namespace asl
