#include "lambda/prepare.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "base/error.h"
#include "provider/aws/changes.h"
#include "refresh/document.h"
#include "refresh/launch.h"
#include "refresh/lookup.h"
#include "refresh/masking.h"
#include "refresh/passwords.h"
#include "refresh/workflow.h"

namespace lambda {
namespace {

using base::Error;
using base::Json;
using refresh::Launch;

/// As long as the end of every run's id.
constexpr std::size_t end_of_id = 6;

/// Of an execution that somebody else has started: its name may be anything, and is its own for 90 days.
Launch launch_of_execution(const Json& event, base::Time started) {
  const auto own = base::hex(base::sha256(event.at("execution").get<std::string>())).substr(0, end_of_id);
  return {.run = refresh::run_stamp(started) + "-" + own, .unmasked = "", .keep_failed = false};
}

/// A name is given to one execution: nobody else's run, and its passwords, are meant.
void must_be_its_own(const Launch& launch, bool launched, const Json& event) {
  const auto arn = event.at("execution").get<std::string>();
  if (launched && arn.substr(arn.rfind(':') + 1) != launch.run)
    throw Error("BadInput", fmt::format("$.{}.run is '{}', and not the name of the execution",
                                        refresh::launch_member, launch.run));
}

/// Those that the launcher has kept for the run.
void take_kept_passwords(Json& document, const std::string& run, provider::SecretStore& secrets) {
  const auto kept = secrets.get(refresh::run_secret_name(run), provider::SecretStore::Stage::current);
  if (kept) refresh::put_passwords(document, base::parse_json(kept->reveal()));
}

[[noreturn]] void refuse(const std::vector<base::Problem>& problems) {
  std::string list;
  for (const auto& each : problems)
    if (!each.warning) list += fmt::format("\n  {}: {}", each.path, each.message);
  throw Error("BadInput", "this is no valid refresh file:" + list, "dbrefresh validate FILE");
}

/// Nobody gets production's data unmasked by leaving something out: the original's launcher can say nothing.
std::string reason_to_mask_nothing(const refresh::RefreshFile& file, const Launch& launch, bool allowed) {
  const std::string key(refresh::masking_step().key);
  if (file.members.contains(key)) return "";
  if (!allowed)
    refuse({{0, fmt::format("$.{}.torun", key),
             "is not true: the copy would be opened with production's data unmasked, which the parameter "
             "AllowUnmasked of the stack does not allow"}});
  return launch.unmasked.empty() ? "AllowUnmasked of the stack" : launch.unmasked;
}

}  // namespace

Json prepare(const Json& event, provider::Services& services, bool allow_unmasked) {
  const auto started = base::parse_iso_offset(event.at("started").get<std::string>());
  if (!started) throw Error("BadEvent", "started is no time: " + event.at("started").dump());
  Json document = event.at("file");
  if (!document.is_object()) throw Error("BadInput", "the input is no refresh file: it is no object");
  const auto launched = refresh::launch_of(document);
  document.erase(refresh::launch_member);
  const Launch launch = launched ? *launched : launch_of_execution(event, *started);
  must_be_its_own(launch, launched.has_value(), event);

  Json without = document;
  const auto leaked = refresh::take_passwords(without);
  if (launched) take_kept_passwords(document, launch.run, services.secrets);
  // What our launcher sends may have been lowered from a short file.
  const auto file = refresh::parse_refresh_file(
      document.dump(), launched ? refresh::Dialect::lowered : refresh::Dialect::sample);
  std::string unmasked;
  try {
    if (!file.ok()) refuse(file.problems);
    const auto taken = [](const base::Secret& password, const std::string& engine) {
      return provider::aws::objection_to_password(password.reveal(), engine);
    };
    if (const auto wrong = refresh::master_password_problem(file, services.databases, taken))
      refuse({*wrong});
    unmasked = reason_to_mask_nothing(file, launch, allow_unmasked);
  } catch (const Error& error) {
    // Nobody comes after this task who would remove what the launcher has kept.
    if (!error.retryable && launched) services.secrets.remove(refresh::run_secret_name(launch.run));
    throw;
  }
  refresh::seal_passwords(services.secrets, launch.run, file);

  Json input = refresh::run_input(launch.run, file, launch.keep_failed, *started);
  input.update(refresh::unmasked_state(unmasked));
  input["execution"] = event.at("execution");
  if (!leaked.empty()) input["leaked"] = leaked;
  return input;
}

}  // namespace lambda
