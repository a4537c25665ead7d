// The ledger row and the notification: one of each a run, whatever became of it.
#include <fmt/format.h>

#include "base/text.h"
#include "refresh/document.h"
#include "refresh/lookup.h"
#include "refresh/masking.h"
#include "refresh/plan.h"
#include "refresh/workflow.h"

namespace refresh {

extern const Step update_ledger, send_msg;

namespace {

constexpr Field ledger_fields[] = {
    identifier("dbinstance", "Instance that the row is about.").as(":instance"),
    text("application", "Application that the database belongs to.").as("application", ":target"),
    text("environment", "Environment that the database belongs to.").as("environment", "\"development\""),
    text("source", "Where the data came from.").as("from.source"),
    choice("restoretype", "latestpoint|restorepoint|fromsnapshot|fastcloning", "How it was restored.")
        .as(":restoretype"),
    text("tablename", "Ledger to write to.").as("ledger"),
    text("snapshot", "Snapshot that was restored.").as(":snapshot").when("restoretype", "fromsnapshot"),
    utc_time("restoretime", "Point in time that was restored, UTC.")
        .as(":restoretime")
        .when("restoretype", "restorepoint"),
};

constexpr Field message_fields[] = {
    text("application", "Application that the database belongs to.").as("application", ":target"),
    text("environment", "Environment that the database belongs to.").as("environment", "\"development\""),
    identifier("dbinstance", "Instance that the message is about.").as(":instance"),
    text("source", "Where the data came from.").as("from.source"),
    choice("restoretype", "latestpoint|restorepoint|fromsnapshot|fastcloning", "How it was restored.")
        .as(":restoretype"),
    text("topicarn", "Topic to publish to.").as("notify.topic"),
};

constexpr std::size_t longest_subject = 99;  // SNS Publish: fewer than 100 characters

/// The ledger gets what the file says: whoever reads it should not look for the data elsewhere.
void warn_of_another_source(Planning& plan) {
  if (plan.member == nullptr || !plan.source) return;
  const std::string said = plan.member->value("source", plan.source->name);
  if (said == plan.source->name) return;
  const auto instance = plan.services.databases.find_source(provider::Kind::instance, said);
  if (!instance || instance->cluster != plan.source->id)
    plan.warning("source", fmt::format("says '{}', and the data is of '{}'", said, plan.source->name));
}

/// Every run is recorded, with or without the member.
void plan_ledger(Planning& plan) {
  warn_of_another_source(plan);
  const std::string table = plan.member == nullptr ? "" : plan.member->value("tablename", "");
  if (const auto why = plan.services.ledger.objection(table); !why.empty()) plan.problem("tablename", why);
}

void plan_message(Planning& plan) {
  const std::string topic = plan.member == nullptr ? "" : plan.member->value("topicarn", "");
  if (const auto why = plan.services.notifier.objection(topic); !why.empty()) plan.problem("topicarn", why);
}

std::string data_time_of(const StepContext& step) {
  const Json time = told(step, "dataTime");
  return time.is_string() ? time.get<std::string>() : std::string();
}

std::string cause(const StepContext& step) {
  return plain_cause(step.state.value("failure", Json::object()).value("Cause", ""));
}
/// When the run began and how long it took, as JSON.
std::string durations(StepContext& step) {
  const std::string begun = step.state.value("started", "");
  const auto time = base::parse_ledger_utc(begun);
  const auto seconds =
      time ? std::chrono::duration_cast<std::chrono::seconds>(step.budget.clock.now() - *time).count() : 0;
  return Json{{"started", begun}, {"seconds", seconds}}.dump();
}

/// Its date is a part of a table's key: whoever writes it again, because nobody knows whether it was written,
/// must find the same one.
Work<Done> record(StepContext& step, bool failed) {
  const Json member = step.state.at("members").value(update_ledger.key, Json::object());
  const Facts& facts = step.facts;
  const std::string now = base::ledger_utc(step.budget.clock.now());
  const std::string data_time = data_time_of(step);
  provider::LedgerRow row{.run = step.run(),
                          .dbinstance = member.value("dbinstance", step.names().at("instance")),
                          .restoredate = step.state.value("started", now),
                          .appname = facts.application,
                          .environment = facts.environment,
                          .source = member.value("source", step.names().at("source")),
                          .restoretype = facts.restore_type,
                          .snapshot = facts.snapshot.empty() ? "null" : facts.snapshot,
                          .status = failed ? "failed" : "completed",
                          .recordingtime = now,
                          .datatime = data_time,
                          .durations = durations(step),
                          .reason = failed ? cause(step) : "",
                          .masked = failed ? "" : masked_text(step.state)};
  if (facts.restore_type == "restorepoint") row.restoredate = facts.restore_time;
  if (facts.restore_type == "fromsnapshot" && !data_time.empty()) row.restoredate = data_time;
  step.services.ledger.record(member.value("tablename", provider::usual_ledger), row);
  return Done{};
}

std::string subject(const StepContext& step, bool failed) {
  const std::string end = failed ? " [FAILED]" : " [COMPLETED]";
  std::string head = fmt::format("Application {}: restore of the database instance {}",
                                 step.facts.application, step.names().at("instance").get<std::string>());
  for (char& c : head)
    if (c < ' ' || c > '~') c = '?';
  if (head.size() + end.size() > longest_subject) head.resize(longest_subject - end.size());
  return head + end;
}

std::string masked(const StepContext& step) {
  if (!step.facts.scripts) return fmt::format("Masked:   NO: {}\n", unmasked_reason(step.state));
  std::size_t scripts = step.facts.scripts->size();
  for (const auto& [name, decision] : step.facts.databases) scripts += decision.scripts.size();
  return fmt::format("Masked:   {} scripts ran before anyone could log in\n", scripts);
}

/// How long it took, and how to connect.
std::string way_in(StepContext& step) {
  const auto seconds = Json::parse(durations(step)).at("seconds").get<std::int64_t>();
  std::string text =
      fmt::format("Took:     {}:{:02}:{:02}\n", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (const auto made = new_database(step)) {
    text += fmt::format("Connect:  {}:{} as {}\n", made->host, made->port, made->master_user);
    if (!made->authority.empty())
      text += fmt::format("TLS:      {}, proven by {}\n", made->tls == "require" ? "demanded" : "offered",
                          made->authority);
  }
  if (const std::string name = shown_secret_name(step.facts, step.names()); !name.empty())
    text += fmt::format("Password: {}\n", step.services.secrets.how_to_read(name));
  return text;
}

/// Passwords that stood where others than the database's users may read them.
std::string leaked(const StepContext& step) {
  const auto all = step.state.value("leaked", std::vector<std::string>{});
  if (all.empty()) return "";
  return fmt::format(
      "Leaked:   {} stood in the input of the execution: whoever may look at executions can read it. "
      "dbrefresh launch "
      "keeps passwords out\n",
      base::join(all, ", "));
}

/// The command that does this with the run, by whoever drives it: the embedded engine, or Step Functions.
std::string command(const StepContext& step, const char* verb) {
  const std::string execution = step.state.value("execution", "");
  if (execution.empty()) return fmt::format("dbrefresh {} {}", verb, step.run());
  return fmt::format("dbrefresh --provider aws {} {}", verb, execution.substr(execution.rfind(':') + 1));
}

std::string body(StepContext& step, bool failed) {
  const Json& names = step.names();
  std::string text = fmt::format("{} {} was {}refreshed from {} ({}).\n", names.at("kind").get<std::string>(),
                                 names.at("target").get<std::string>(), failed ? "NOT " : "",
                                 names.at("source").get<std::string>(), step.facts.restore_type);
  text += fmt::format("Run:      {}\n", step.run());
  if (const std::string time = data_time_of(step); !time.empty())
    text += fmt::format("Data of:  {} UTC\n", time);
  text += leaked(step);
  if (!failed) return text + masked(step) + way_in(step);
  text += fmt::format("Reason:   {}\n", cause(step));
  const Json back = step.state.value("results", Json::object()).value(roll_back_step().key, Json::object());
  const std::string why = roll_back_failure(step.state);
  text += why.empty() ? fmt::format("State:    {}\n", back.value("state", "everything was put back"))
                      : fmt::format("State:    rolling back failed too: {}\nThen:     mend that, and: {}\n",
                                    why, command(step, "resume"));
  return text + fmt::format("More:     {}\n", command(step, "history"));
}

/// One message each time that a run ends.
std::string message_id(const StepContext& step) {
  const int again = rolled_back_again(step.state);
  return again == 0 ? step.run() : fmt::format("{}-{}", step.run(), again + 1);
}

Work<Done> send(StepContext& step, bool failed) {
  const Json member = step.state.at("members").value(send_msg.key, Json::object());
  // The run is over: nobody needs its passwords any more, whatever becomes of the mail. Who rolls it back
  // again does.
  if (roll_back_failure(step.state).empty()) step.services.secrets.remove(run_secret_name(step.run()));
  step.services.notifier.send({.id = message_id(step),
                               .topic = member.value("topicarn", ""),
                               .subject = subject(step, failed),
                               .body = body(step, failed)});
  return Done{};
}

/// The report says what the restore says.
void read(Reading& reading) {
  const auto said = reading.said.find("restoretype");
  if (said == reading.said.end()) return;
  const std::string given = base::lower(reading.member.at("restoretype").get<std::string>());
  if (given != said->second.value)
    reading.problem("restoretype", fmt::format("says '{}', and {} says '{}'", given, said->second.key,
                                               said->second.value.get<std::string>()));
}

Work<Done> record_success(StepContext& step) {
  return record(step, false);
}
Work<Done> record_failure(StepContext& step) {
  return record(step, true);
}
Work<Done> send_success(StepContext& step) {
  return send(step, false);
}
Work<Done> send_failure(StepContext& step) {
  return send(step, true);
}

}  // namespace

extern constexpr Step update_ledger{
    .key = "updatedynamodb",
    .states = {"update-dynamodb"},
    .summary = "Record the run in the ledger; every run is, with or without this member.",
    .fields = ledger_fields,
    .asked_by = "ledger",
    .cancellable = false,
    .report = true,
    .right = Right::report,
    .insists = true,
    .read = read,
    .plan = plan_ledger,
    .advance = record_success,
};
static_assert(well_formed(update_ledger));

extern constexpr Step send_msg{
    .key = "sendmsg",
    .states = {"send-msg"},
    .summary = "Tell people; every run does, with or without this member.",
    .fields = message_fields,
    .asked_by = "notify.topic",
    .cancellable = false,
    .report = true,
    .right = Right::report,
    .insists = true,
    .read = read,
    .plan = plan_message,
    .advance = send_success,
};
static_assert(well_formed(send_msg));

extern constexpr Step update_ledger_failure{
    .key = "update_ledger_failure",
    .in_file = false,
    .states = {"update-dynamodb-failure"},
    .summary = "Record the failed run in the ledger.",
    .cancellable = false,
    .report = true,
    .right = Right::report,
    .insists = true,
    .advance = record_failure,
};
static_assert(well_formed(update_ledger_failure));

extern constexpr Step send_msg_failure{
    .key = "send_msg_failure",
    .in_file = false,
    .states = {"send-msg-failure"},
    .summary = "Tell people that the run failed, why, and what state things are in.",
    .cancellable = false,
    .report = true,
    .right = Right::report,
    .insists = true,
    .advance = send_failure,
};
static_assert(well_formed(send_msg_failure));

}  // namespace refresh
