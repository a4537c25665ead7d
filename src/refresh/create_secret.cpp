#include <fmt/format.h>

#include "refresh/lookup.h"
#include "refresh/plan.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    identifier("dbinstance", "Instance that the secret is for.").as(":instance").only_rds(),
    identifier("cluster", "Cluster that the secret is for.").as(":target").only_aurora(),
    text("temppwd", "The password to put into it; without changemasterpwd it is the random one.")
        .as(":password")
        .or_inherited()
        .kept_secret(),
    text("secretname", "Secret to make; one of this name that is there gets a new version.")
        .as("master.secret.name"),
    boolean("rotation", "Whether it is to be rotated regularly, from when the database has its name.")
        .as(":rotates"),
    text("lambdaarn", "Function that rotates it.")
        .as("master.secret.rotate_function")
        .when("rotation", "true"),
    integer("rotationdays", 1, "Days between rotations.")
        .as("master.secret.rotate_days")
        .when("rotation", "true"),
};

void read(Reading& reading) {
  warn_of_unused_password(reading);
}

void tell(const Json& member, Facts& facts) {
  facts.published_secret = member.at("secretname");
  if (member.value("rotation", false)) facts.rotation = {member.at("lambdaarn"), member.at("rotationdays")};
}

/// Of Secrets Manager (API reference, RotationRulesType).
constexpr std::int64_t most_days = 1000;

void check_rotation(Planning& plan) {
  if (!plan.facts.rotation) return;
  if (!plan.services.secrets.rotates())
    return plan.warning("rotation",
                        "is true, and secrets are not rotated regularly on this host: it stays as it is");
  const auto& [function, days] = *plan.facts.rotation;
  if (!function.starts_with("arn:") || function.find(":lambda:") == std::string::npos)
    plan.problem("lambdaarn", fmt::format("'{}' is no ARN of a Lambda function: name the one that rotates "
                                          "secrets of this engine",
                                          function));
  if (days > most_days)
    plan.problem("rotationdays", fmt::format("is {}: Secrets Manager takes {} at most", days, most_days));
}

void plan(Planning& plan) {
  if (plan.member == nullptr) return;
  plan.must_be_changeable("secretname");
  plan.tell_if_made("secretname");
  check_rotation(plan);
}

Work<Done> advance(StepContext& step) {
  const auto password =
      makes_password_up(step) ? master_password(step) : run_secret(step, "createsecret.temppwd");
  const std::string name = step.input.at("secretname");
  if (step.facts.rotation && step.services.secrets.rotates()) remember_rotation(step, name);
  write_secret(step, name, secret_value(step, password));
  return Done{};
}

Work<Done> undo(StepContext& step) {
  const std::string name = step.input.at("secretname");
  put_secret_back(step, name);
  put_rotation_back(step, name);
  return Done{};
}

}  // namespace

extern constexpr Step create_secret{
    .key = "createsecret",
    .states = {"create-secret", "wait-secret", "check-secret", "outcome-secret"},
    .summary = "Make a secret for the new database; readers see it once the database has its name.",
    .fields = fields,
    .checktodo = "checkcreatesecret",
    .asked_by = ":makes secret",
    .read = read,
    .tell = tell,
    .plan = plan,
    .advance = advance,
    .undo = undo,
};
static_assert(well_formed(create_secret));

}  // namespace refresh
