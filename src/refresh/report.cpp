// The ledger row and the notification: one of each a run, whatever became of it.
#include <fmt/format.h>

#include "refresh/lookup.h"
#include "refresh/masking.h"

namespace refresh {
namespace {

constexpr Field ledger_fields[] = {
    identifier("dbinstance", "Instance that the row is about."),
    text("application", "Application that the database belongs to."),
    text("environment", "Environment that the database belongs to."),
    text("source", "Where the data came from."),
    choice("restoretype", "latestpoint|restorepoint|fromsnapshot|fastcloning", "How it was restored."),
    text("tablename", "Ledger to write to."),
    text("snapshot", "Snapshot that was restored.").when("restoretype", "fromsnapshot"),
    utc_time("restoretime", "Point in time that was restored, UTC.").when("restoretype", "restorepoint"),
};

constexpr Field message_fields[] = {
    text("application", "Application that the database belongs to."),
    text("environment", "Environment that the database belongs to."),
    identifier("dbinstance", "Instance that the message is about."),
    text("source", "Where the data came from."),
    choice("restoretype", "latestpoint|restorepoint|fromsnapshot|fastcloning", "How it was restored."),
    text("topicarn", "Topic to publish to."),
};

constexpr std::size_t longest_subject = 99;  // SNS Publish: fewer than 100 characters

std::string cause(const StepContext& step) {
  return step.state.value("failure", Json::object()).value("Cause", "");
}
Json result(const StepContext& step, const char* key) {
  return step.state.value("results", Json::object()).value(key, Json::object());
}
const Json& restore(const StepContext& step) {
  return step.state.at("members").at("restore");
}

/// When the run began and how long it took, as JSON.
std::string durations(StepContext& step) {
  const std::string begun = step.state.value("started", "");
  const auto time = base::parse_ledger_utc(begun);
  const auto seconds =
      time ? std::chrono::duration_cast<std::chrono::seconds>(step.budget.clock.now() - *time).count() : 0;
  return Json{{"started", begun}, {"seconds", seconds}}.dump();
}

void record(StepContext& step, bool failed) {
  const Json member = step.state.at("members").value("updatedynamodb", Json::object());
  const std::string now = base::ledger_utc(step.budget.clock.now());
  const std::string type = restore(step).at("restoretype");
  const std::string data_time = result(step, "restore").value("dataTime", "");
  provider::LedgerRow row{.run = step.run(),
                          .dbinstance = member.value("dbinstance", step.names().at("instance")),
                          .restoredate = now,
                          .appname = restore(step).at("application"),
                          .environment = restore(step).at("environment"),
                          .source = member.value("source", step.names().at("source")),
                          .restoretype = type,
                          .snapshot = restore(step).value("snapshot", "null"),
                          .status = failed ? "failed" : "completed",
                          .recordingtime = now,
                          .datatime = data_time,
                          .durations = durations(step),
                          .reason = failed ? cause(step) : "",
                          .masked = failed ? "" : masked_text(step.state)};
  if (type == "restorepoint") row.restoredate = restore(step).at("restoretime");
  if (type == "fromsnapshot" && !data_time.empty()) row.restoredate = data_time;
  step.services.ledger.record(member.value("tablename", "dbalignment-awssol"), row);
}

std::string subject(const StepContext& step, bool failed) {
  const std::string end = failed ? " [FAILED]" : " [COMPLETED]";
  std::string head = fmt::format("Application {}: restore of the database instance {}",
                                 restore(step).at("application").get<std::string>(),
                                 step.names().at("instance").get<std::string>());
  for (char& c : head)
    if (c < ' ' || c > '~') c = '?';
  if (head.size() + end.size() > longest_subject) head.resize(longest_subject - end.size());
  return head + end;
}

std::string body(const StepContext& step, bool failed) {
  const Json& names = step.names();
  std::string text =
      fmt::format("{} {} was {}refreshed from {} ({}).\n", names.at("kind").get<std::string>(),
                  names.at("target").get<std::string>(), failed ? "NOT " : "",
                  names.at("source").get<std::string>(), restore(step).at("restoretype").get<std::string>());
  text += fmt::format("Run:      {}\n", step.run());
  if (const std::string time = result(step, "restore").value("dataTime", ""); !time.empty())
    text += fmt::format("Data of:  {} UTC\n", time);
  if (!failed) {
    std::size_t scripts = result(step, "runscripts").value("scripts", Json::array()).size();
    text += scripts > 0 ? fmt::format("Masked:   {} scripts ran before anyone could log in\n", scripts)
                        : fmt::format("Masked:   NO: {}\n", unmasked_reason(step.state));
    return text;
  }
  text += fmt::format("Reason:   {}\n", cause(step));
  const std::string state =
      step.state.value("roll_back_failure", Json()).is_object()
          ? "rolling back failed too: " + step.state["roll_back_failure"].value("Cause", "")
          : result(step, "roll_back").value("state", "everything was put back");
  return text + fmt::format("State:    {}\nMore:     dbrefresh history {}\n", state, step.run());
}

void send(StepContext& step, bool failed) {
  const Json member = step.state.at("members").value("sendmsg", Json::object());
  step.services.notifier.send({.run = step.run(),
                               .topic = member.value("topicarn", ""),
                               .subject = subject(step, failed),
                               .body = body(step, failed)});
  step.services.secrets.remove(
      run_secret_name(step.run()));  // the run is over: nobody needs its passwords any more
}

}  // namespace

extern constexpr Step update_ledger{
    .key = "updatedynamodb",
    .states = {"update-dynamodb"},
    .summary = "Record the run in the ledger; every run is, with or without this member.",
    .fields = ledger_fields,
    .cancellable = false,
    .report = true,
    .start = [](StepContext& step) { record(step, false); },
};
static_assert(well_formed(update_ledger));

extern constexpr Step send_msg{
    .key = "sendmsg",
    .states = {"send-msg"},
    .summary = "Tell people; every run does, with or without this member.",
    .fields = message_fields,
    .cancellable = false,
    .report = true,
    .start = [](StepContext& step) { send(step, false); },
};
static_assert(well_formed(send_msg));

extern constexpr Step update_ledger_failure{
    .key = "update_ledger_failure",
    .in_file = false,
    .states = {"update-dynamodb-failure"},
    .summary = "Record the failed run in the ledger.",
    .cancellable = false,
    .report = true,
    .start = [](StepContext& step) { record(step, true); },
};
static_assert(well_formed(update_ledger_failure));

extern constexpr Step send_msg_failure{
    .key = "send_msg_failure",
    .in_file = false,
    .states = {"send-msg-failure"},
    .summary = "Tell people that the run failed, why, and what state things are in.",
    .cancellable = false,
    .report = true,
    .start = [](StepContext& step) { send(step, true); },
};
static_assert(well_formed(send_msg_failure));

}  // namespace refresh
