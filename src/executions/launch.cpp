#include "executions/launch.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "os/files.h"
#include "refresh/lookup.h"
#include "refresh/passwords.h"
#include "refresh/recipients.h"
#include "refresh/script_times.h"
#include "refresh/workflow.h"
#include "runs/view.h"

namespace executions {
namespace {

using base::Error;

/// An input has 262,144 bytes at most (Step Functions, "Quotas for state machine executions").
constexpr std::size_t longest_input = 262'144;

/// Where the file is of another database than the one that was named, somebody would be surprised.
void check_target(runs::Planned& planned, const std::string& target) {
  const auto& names = planned.file.names;
  const auto asked = base::lower(target);
  if (asked == base::lower(names.target) || asked == base::lower(names.instance)) return;
  planned.problems.push_back(
      planned.file.problem_at("$.restore", fmt::format("is of '{}', and not of '{}'", names.target, target)));
}

/// Functions read buckets, and no file of this host.
void check_scripts(runs::Planned& planned) {
  const std::string key(refresh::masking_step().key);
  const auto found = planned.file.members.find(key);
  if (found == planned.file.members.end() || found->value("bucketname", "") != provider::ScriptStore::files)
    return;
  planned.problems.push_back(
      planned.file.problem_at(base::member_path("$", key),
                              "names files of this host: an execution reads scripts from a bucket alone, "
                              "s3://BUCKET/KEY"));
}

/// What works by a home alone.
void check_watching(runs::Planned& planned) {
  const auto recipients = refresh::recipients_of(planned.file.members.value("sendmsg", base::Json::object()));
  const auto object = [&](const char* field, const char* why) {
    planned.problems.push_back(planned.file.problem_at(std::string("$.sendmsg.") + field, why));
  };
  if (!recipients.to.empty())
    object("mailto", "an execution sends no mail: subscribe the address to a topic");
  if (!recipients.webhook.empty())
    object("webhookurl", "an execution posts nothing: subscribe the URL to a topic");
  if (!planned.file.max_age) return;
  auto warning = planned.file.problem_at("$.max_age",
                                         "dbrefresh check knows no executions: the parameter "
                                         "OverdueDays of the stack says when one is too old");
  warning.warning = true;
  planned.problems.push_back(std::move(warning));
}

/// No home: nothing was ever begun from here.
std::vector<Json> states_of_home(const std::string& root, const std::string& target) {
  try {
    runs::Books books(root);
    return runs::states_of_target(books, target);
  } catch (const Error& error) {
    if (error.code != "NotAHome") throw;
    return {};
  }
}

}  // namespace

std::string file_of(const Order& order) {
  const auto path =
      fmt::format("{}/db-json/{}/db-{}-{}", order.folder, order.region, order.application, order.target);
  return os::fs::exists(path + ".yaml") && !os::fs::exists(path + ".json") ? path + ".yaml" : path + ".json";
}

runs::Planned read(const Order& order, base::Time now) {
  auto planned = runs::read_refresh_file(file_of(order), now);
  if (planned.ok()) check_target(planned, order.target);
  if (planned.ok()) check_scripts(planned);
  if (planned.ok()) check_watching(planned);
  return planned;
}

Json input_of(const runs::Planned& planned, const refresh::Launch& launch) {
  Json input = planned.file.document.value();
  refresh::take_passwords(input);
  refresh::Launch said = launch;
  said.keep_failed = launch.keep_failed || planned.file.keep_failed;
  input[refresh::launch_member] = refresh::to_json(said);
  if (input.dump().size() > longest_input)
    throw Error("BadInput", fmt::format("{} is longer than Step Functions takes ({} bytes)", planned.path,
                                        longest_input));
  return input;
}

std::vector<base::Problem> long_scripts(Executions& executions, const std::string& root,
                                        const runs::Planned& planned) {
  const auto& names = planned.file.names;
  const auto target = fmt::format("{}/{}", to_string(names.kind), names.target);
  auto states = executions.states_of(target);
  std::ranges::move(states_of_home(root, executions.place() + "/" + target), std::back_inserter(states));
  // A run is called by when it began.
  std::ranges::stable_sort(states, std::greater<>(), [](const Json& each) { return each.value("run", ""); });
  std::vector<base::Problem> all;
  for (const auto& each : refresh::scripts_too_long(planned.file.members, states)) {
    const auto path = fmt::format("$.{}.{}", refresh::masking_step().key, each.field);
    all.push_back(planned.file.problem_at(path, to_string(each)));
    all.back().warning = true;
  }
  return all;
}

void begin(Executions& executions, const runs::Planned& planned, const refresh::Launch& launch) {
  auto& secrets = executions.account().services().secrets;
  const Json input = input_of(planned, launch);
  if (!planned.file.secrets.empty()) refresh::seal_passwords(secrets, launch.run, planned.file);
  try {
    executions.machine().start(launch.run, input);
  } catch (const Error& error) {
    // Of one that may have begun they stay: it removes them when it ends.
    if (!error.maybe_delivered) secrets.remove(refresh::run_secret_name(launch.run));
    if (error.code != "StateMachineDoesNotExist") throw;
    throw Error("BadInput", error.message, "the output StateMachineArn of the stack names it");
  }
}

}  // namespace executions
