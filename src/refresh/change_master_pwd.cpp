#include "refresh/lookup.h"
#include "refresh/plan.h"

namespace refresh {
namespace {

constexpr Field fields[] = {
    identifier("dbinstance", "Instance of which to change the password.").as(":instance").only_rds(),
    identifier("cluster", "Cluster of which to change the password.").as(":target").only_aurora(),
    text("temppwd", "The new master password.").as(":password").kept_secret(),
    boolean("secret", "Whether the new password also goes into the secret secretname.").as(":writes secret"),
    text("secretname",
         "Secret that gets the new password, with user, engine, host, port, dbname and identifier.")
        .as("master.secret.name")
        .when("secret", "true"),
};

void read(Reading& reading) {
  reading.say("password", "temppwd", reading.member.at("temppwd"));
  if (as_boolean(reading.member.at("secret")) == true)
    reading.say("secret", "secretname", reading.member.at("secretname"));
}

void tell(const Json& member, Facts& facts) {
  facts.master_password = "changemasterpwd.temppwd";
  if (member.value("secret", false)) facts.published_secret = member.at("secretname");
}

/// Where the new password is written: a secret of the file's, or one of ours for a password that nobody else
/// knows.
std::string secret_of(StepContext& step) {
  return step.input.value("secret", false) ? step.input.at("secretname").get<std::string>()
                                           : shown_secret_name(step.facts, step.names());
}

/// Production's password opens no copy: without this member, the run makes one up. The secret's new version
/// stays pending until the new database has its name: whoever reads the secret meanwhile is still served by
/// the old one. Done when a login works, not when a status says so.
Work<Done> advance(StepContext& step) {
  const auto password = master_password(step);
  const auto work = step.databases.make_so(
      must_have_new(step).id, {.master_password = password, .password_token = step.token()}, step.budget);
  if (const auto* pending = std::get_if<Pending>(&work)) return *pending;
  if (const auto name = secret_of(step); !name.empty())
    write_secret(step, name, secret_value(step, password));
  if (!opens(step, password)) return wait_for("the password to open it");
  return Done{};
}

Work<Done> undo(StepContext& step) {
  if (const auto name = secret_of(step); !name.empty()) put_secret_back(step, name);
  return Done{};
}

void plan(Planning& plan) {
  if (plan.member == nullptr || !plan.member->value("secret", false)) return;
  plan.must_be_changeable("secretname");
  plan.tell_if_made("secretname");
}

}  // namespace

extern constexpr Step change_master_pwd{
    .key = "changemasterpwd",
    .states = {"change-master-pwd", "wait-pwd", "check-pwd", "outcome-pwd"},
    .summary =
        "Change the master password of the new database, without this member to a random one; done when "
        "a login with it works.",
    .fields = fields,
    .checktodo = "checkpwd",
    .asked_by = ":says password",
    .always = true,
    .right = Right::sql,
    .read = read,
    .tell = tell,
    .plan = plan,
    .advance = advance,
    .undo = undo,
};
static_assert(well_formed(change_master_pwd));

}  // namespace refresh
