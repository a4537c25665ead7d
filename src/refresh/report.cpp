// The ledger row and the notification: one of each a run, whatever became of it.
#include <fmt/format.h>

#include "base/text.h"
#include "refresh/document.h"
#include "refresh/letter.h"
#include "refresh/lookup.h"
#include "refresh/masking.h"
#include "refresh/plan.h"
#include "refresh/recipients.h"
#include "refresh/retry.h"
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
    text("topicarn", "Topic to publish to, about every run; on this host it is a line of the message.")
        .optional()
        .as("notify.topic"),
    list("mailto", "Addresses that get a mail, by the smtp of settings.json; not on AWS.")
        .optional()
        .as("notify.to"),
    list("tellon", "Of which runs mailto and webhookurl tell: all but succeeded, if it is left out.",
         outcomes)
        .optional()
        .as("notify.on"),
    text("webhookurl", "URL that is told in JSON, signed as Standard Webhooks are; not on AWS.")
        .optional()
        .as("notify.webhook.url"),
    text("webhooksecret", "Secret whose password, whsec_ and a key in base64, signs it.")
        .optional()
        .as("notify.webhook.secret"),
};

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
  const auto recipients = recipients_of(plan.member == nullptr ? Json::object() : *plan.member);
  auto& notifier = plan.services.notifier;
  const auto object = [&](std::string_view field, const std::string& why) {
    if (!why.empty()) plan.problem(field, why);
  };
  object("topicarn", notifier.objection(recipients.topic));
  if (!recipients.to.empty()) object("mailto", notifier.objection_to_mail());
  if (!recipients.webhook.empty())
    object("webhooksecret", notifier.objection_to_webhook(recipients.webhook_secret));
}

/// Who says nobody at all has forgotten somebody.
std::vector<Problem> message_rules(const Json& member) {
  std::vector<Problem> problems;
  const auto said = [&](const char* field) { return member.contains(field); };
  const auto problem = [&](const char* field, std::string why) {
    problems.push_back({0, std::string(".") + field, std::move(why)});
  };
  const bool webhook = said("webhookurl");
  if (!said("topicarn") && !said("mailto") && !webhook)
    problem("topicarn", "is required, where neither mailto nor webhookurl says whom to tell");
  if (said("mailto"))
    for (const auto& each : base::split_list(member["mailto"].get<std::string>()))
      if (auto why = address_fault(each); !why.empty()) problem("mailto", std::move(why));
  if (webhook)
    if (auto why = webhook_fault(member["webhookurl"].get<std::string>()); !why.empty())
      problem("webhookurl", std::move(why));
  if (webhook != said("webhooksecret"))
    problem(webhook ? "webhooksecret" : "webhookurl",
            "is required: what is posted is signed with that secret");
  if (said("tellon") && !said("mailto") && !webhook)
    problem("tellon", "is of mailto and webhookurl, and there is neither: a topic hears of every run");
  return problems;
}

/// When the run began and how long it took, as JSON.
std::string durations(const StepContext& step) {
  return Json{{"started", step.state.value("started", "")}, {"seconds", time_taken(step).count()}}.dump();
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
                          .reason = failed ? cause_of(step) : "",
                          .masked = failed ? "" : masked_text(step.state)};
  // The file of a run that goes on with a kept copy may say another time by now.
  const bool of_kept = retry_of(step.state) && !data_time.empty();
  if (facts.restore_type == "restorepoint") row.restoredate = of_kept ? data_time : facts.restore_time;
  if (facts.restore_type == "fromsnapshot" && !data_time.empty()) row.restoredate = data_time;
  step.services.ledger.record(member.value("tablename", provider::usual_ledger), row);
  return Done{};
}

Work<Done> send(StepContext& step, bool failed) {
  const Json member = step.state.at("members").value(send_msg.key, Json::object());
  // The run is over: nobody needs its passwords any more, whatever becomes of the mail. Who rolls it back
  // again does.
  if (roll_back_failure(step.state).empty()) step.services.secrets.remove(run_secret_name(step.run()));
  auto message = message_of(step, failed);
  address(message, recipients_of(member), outcome_of(step, failed));
  step.services.notifier.send(message);
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
    .asked_by = ":tells",
    .cancellable = false,
    .report = true,
    .right = Right::report,
    .insists = true,
    .rules = message_rules,
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
