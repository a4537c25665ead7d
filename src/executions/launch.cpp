#include "executions/launch.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "refresh/lookup.h"
#include "refresh/passwords.h"

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
  planned.problems.push_back({planned.file.line_of("$.restore"), "$.restore",
                              fmt::format("is of '{}', and not of '{}'", names.target, target)});
}

}  // namespace

std::string file_of(const Order& order) {
  return fmt::format("{}/db-json/{}/db-{}-{}.json", order.folder, order.region, order.application,
                     order.target);
}

runs::Planned read(const Order& order) {
  auto planned = runs::read_refresh_file(file_of(order));
  if (planned.ok()) check_target(planned, order.target);
  return planned;
}

Json input_of(const runs::Planned& planned, const refresh::Launch& launch) {
  Json input = planned.file.document.value();
  refresh::take_passwords(input);
  input[refresh::launch_member] = refresh::to_json(launch);
  if (input.dump().size() > longest_input)
    throw Error("BadInput", fmt::format("{} is longer than Step Functions takes ({} bytes)", planned.path,
                                        longest_input));
  return input;
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
