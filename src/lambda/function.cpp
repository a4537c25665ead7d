#include "lambda/function.h"

#include <iostream>

#include "base/text.h"
#include "lambda/overdue.h"
#include "lambda/prepare.h"
#include "lambda/put_back.h"
#include "os/process.h"
#include "refresh/document.h"
#include "refresh/launch.h"
#include "runs/amazon_services.h"

namespace lambda {
namespace {

using base::Error;
using base::Json;
using namespace std::chrono_literals;

/// Before the deadline, for an answer that is under way.
constexpr auto spare = 10s;
/// A look at the world is over sooner; what it waits for is waited for by the state machine.
constexpr auto longest_look = 30s;

/// The certificates of RDS are a part of the package.
std::string certificates() {
  const auto said = os::environment("DBREFRESH_RDS_CA");
  return said.empty() ? os::environment("LAMBDA_TASK_ROOT") + "/rds-ca.pem" : said;
}

/// Text of an event, or the error that says what it lacks.
std::string text_at(const Json& event, const char* path) {
  const Json::json_pointer where(path);
  if (!event.contains(where) || !event.at(where).is_string())
    throw Error("BadEvent", std::string("the event has no text at ") + path,
                "it is {\"state\": …, \"run\": …}, as the state machine's tasks give it");
  return event.at(where).get<std::string>();
}

provider::aws::Settings settings() {
  return {.quarantine_group = os::environment("DBREFRESH_QUARANTINE_GROUP"),
          .addresses = base::split_list(os::environment("DBREFRESH_ADDRESSES")),
          .groups = base::split_list(os::environment("DBREFRESH_GROUPS")),
          .kms_key = os::environment("DBREFRESH_KMS_KEY"),
          .ca_file = certificates()};
}

}  // namespace

Function::Function(base::Clock& clock)
    : clock_(clock),
      account_(std::make_unique<runs::AmazonAccount>(aws::Settings(), "", settings(), clock)) {}
Function::~Function() = default;

Json Function::prepared(const Json& event) {
  for (const char* each : {"/execution", "/started"}) text_at(event, each);
  if (!event.contains("file")) throw Error("BadEvent", "the event has no file");
  if (const auto other = refresh::put_back_of(event["file"]))
    return state_to_put_back(account_->service(), event.at("execution"), *other);
  return prepare(event, account_->services(), os::environment("DBREFRESH_ALLOW_UNMASKED") == "true");
}

/// The call before may have been another process's.
Json Function::answer(const Invocation& invocation) {
  account_->others_changed();
  const std::string state = text_at(invocation.event, "/state");
  if (state == refresh::prepare_state) return prepared(invocation.event);
  if (state == overdue_state) return tell_overdue(invocation.event, account_->services(), clock_.now());
  const std::string run = text_at(invocation.event, "/run/run");
  const auto left = std::max<std::chrono::microseconds>(1s, invocation.deadline - clock_.now() - spare);
  const auto task =
      refresh::make_task(account_->services(),
                         {.light = std::min<std::chrono::microseconds>(left, longest_look), .heavy = left});
  return task({.execution = run,
               .state = state,
               .input = invocation.event,
               .clock = clock_,
               .stop = {},
               .cancel = {},
               .tell = [&](const base::Note& note) {
                 std::clog << run << " " << state << ": " << note.what << "\n";
               }});
}

}  // namespace lambda
