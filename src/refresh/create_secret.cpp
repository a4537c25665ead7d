#include "refresh/lookup.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    identifier("dbinstance", "Instance that the secret is for.").only_rds(),
    identifier("cluster", "Cluster that the secret is for.").only_aurora(),
    text("temppwd", "The password to put into it.").kept_secret(),
    text("secretname", "Secret to make; one of this name that is there gets a new version."),
    boolean("rotation", "Whether it is to be rotated regularly."),
    text("lambdaarn", "Function that rotates it.").when("rotation", "true"),
    integer("rotationdays", 1, "Days between rotations.").when("rotation", "true"),
};

void start(StepContext& step) {
  const std::string name = step.input.at("secretname");
  remember_secret(step, name);
  step.services.secrets.put_pending(name, secret_value(step, run_secret(step, "createsecret.temppwd")));
  step.result["secret"] = name;
}

Progress check(StepContext& step) {
  return step.services.secrets.get(step.input.at("secretname"), provider::SecretStore::Stage::pending)
             ? Progress::succeeded
             : Progress::pending;
}

Progress undo(StepContext& step) {
  return put_secret_back(step, step.input.at("secretname"));
}

}  // namespace

extern constexpr Step create_secret{
    .key = "createsecret",
    .states = {"create-secret", "wait-secret", "check-secret", "outcome-secret"},
    .summary = "Make a secret for the new database; readers see it once the database has its name.",
    .fields = fields,
    .checktodo = "checkcreatesecret",
    .start = start,
    .check = check,
    .undo = undo,
};
static_assert(well_formed(create_secret));

}  // namespace refresh
