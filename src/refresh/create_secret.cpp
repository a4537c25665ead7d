#include "refresh/lookup.h"
#include "refresh/plan.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    identifier("dbinstance", "Instance that the secret is for.").only_rds(),
    identifier("cluster", "Cluster that the secret is for.").only_aurora(),
    text("temppwd", "The password to put into it; without changemasterpwd it is the random one.")
        .kept_secret(),
    text("secretname", "Secret to make; one of this name that is there gets a new version."),
    boolean("rotation", "Whether it is to be rotated regularly."),
    text("lambdaarn", "Function that rotates it.").when("rotation", "true"),
    integer("rotationdays", 1, "Days between rotations.").when("rotation", "true"),
};

void tell(const Json& member, Facts& facts) {
  facts.published_secret = member.at("secretname");
}

void plan(Planning& plan) {
  if (plan.member == nullptr) return;
  warn_of_unused_password(plan);
  if (plan.member->value("rotation", false) && !plan.services.secrets.rotates())
    plan.warning("rotation",
                 "is true, and secrets are not rotated regularly on this host: it stays as it is");
}

Work<Done> advance(StepContext& step) {
  const auto password =
      makes_password_up(step) ? master_password(step) : run_secret(step, "createsecret.temppwd");
  write_secret(step, step.input.at("secretname"), secret_value(step, password));
  return Done{};
}

Work<Done> undo(StepContext& step) {
  put_secret_back(step, step.input.at("secretname"));
  return Done{};
}

}  // namespace

extern constexpr Step create_secret{
    .key = "createsecret",
    .states = {"create-secret", "wait-secret", "check-secret", "outcome-secret"},
    .summary = "Make a secret for the new database; readers see it once the database has its name.",
    .fields = fields,
    .checktodo = "checkcreatesecret",
    .tell = tell,
    .plan = plan,
    .advance = advance,
    .undo = undo,
};
static_assert(well_formed(create_secret));

}  // namespace refresh
