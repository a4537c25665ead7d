// What IAM says of the caller's permissions, for a plan.
#include <fmt/format.h>

#include "base/error.h"
#include "provider/aws/simulation.h"
#include "runs/amazon_world.h"
#include "runs/iam_policy.h"

namespace runs {
namespace {

constexpr auto longest_simulation = std::chrono::seconds(30);

std::string denied(const provider::aws::Denial& denial, const std::string& principal) {
  return fmt::format("{} may not {} {}: {}", principal, denial.action,
                     denial.resource == "*" ? "anything" : denial.resource,
                     denial.is_explicit ? "a policy denies it"
                                        : "no policy allows it (dbrefresh iam policy FILE prints one)");
}

}  // namespace

std::vector<base::Problem> AmazonWorld::missing_permissions(const refresh::RefreshFile& file) {
  std::vector<base::Problem> all;
  const auto warn = [&](std::string message) { all.push_back({0, "$", std::move(message), true}); };
  const std::string caller = caller_.value("Arn", "");
  provider::aws::Service service(client_, clock);
  const auto budget = service.own_budget(longest_simulation);
  try {
    const auto principal = principal_of(service, caller, budget);
    if (principal.empty()) return all;
    for (const auto& each : denials(service, principal, policy_of(*this, {file}), file.names.kind, budget))
      warn(denied(each, principal));
  } catch (const base::Error& error) {
    warn(fmt::format("what {} may do is not simulated: {}", caller, error.message));
  }
  return all;
}

}  // namespace runs
