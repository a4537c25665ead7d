#include "refresh/lookup.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    identifier("dbinstance", "Instance of which to change the password.").only_rds(),
    identifier("cluster", "Cluster of which to change the password.").only_aurora(),
    text("temppwd", "The new master password.").kept_secret(),
    boolean("secret", "Whether the new password also goes into the secret secretname."),
    text("secretname",
         "Secret that gets the new password, with user, engine, host, port, dbname and identifier.")
        .when("secret", "true"),
};

/// The secret's new version stays pending until the new database has its name: whoever reads the secret
/// meanwhile is still served by the old one.
void start(StepContext& step) {
  const auto password = run_secret(step, "changemasterpwd.temppwd");
  step.databases.set_master_password(must_have_new(step).id, password);
  if (!step.input.value("secret", false)) return;
  const std::string name = step.input.at("secretname");
  remember_secret(step, name);
  step.services.secrets.put_pending(name, secret_value(step, password));
  step.result["secret"] = name;
}

/// Done when a login works, not when a status says so.
Progress check(StepContext& step) {
  return opens(step, run_secret(step, "changemasterpwd.temppwd")) ? Progress::succeeded : Progress::pending;
}

Progress undo(StepContext& step) {
  return step.input.value("secret", false) ? put_secret_back(step, step.input.at("secretname"))
                                           : Progress::succeeded;
}

}  // namespace

extern constexpr Step change_master_pwd{
    .key = "changemasterpwd",
    .states = {"change-master-pwd", "wait-pwd", "check-pwd", "outcome-pwd"},
    .summary = "Change the master password of the new database; done when a login with it works.",
    .fields = fields,
    .checktodo = "checkpwd",
    .start = start,
    .check = check,
    .undo = undo,
};
static_assert(well_formed(change_master_pwd));

}  // namespace refresh
