#include <fmt/format.h>

#include "base/error.h"
#include "os/files.h"
#include "refresh/lookup.h"
#include "refresh/plan.h"

namespace refresh {
namespace {

using SecretStage = provider::SecretStore::Stage;

constexpr Field fields[] = {
    identifier("dbinstance", "Instance of which the secret is rotated.").as(":instance").only_rds(),
    identifier("cluster", "Cluster of which the secret is rotated.").as(":target").only_aurora(),
    text("secretname", "Secret to rotate.").as("master.secret.name"),
};

std::string password_in(const base::Secret& value) {
  return Json::parse(value.reveal()).at("password");
}

/// What the secret is to become: a pending version is what an interrupted attempt left, and is carried on
/// with, so that the password of the database is always in the secret, as one version or the other.
base::Secret rotated(StepContext& step, const std::string& name) {
  auto& secrets = step.services.secrets;
  if (auto pending = secrets.get(name, SecretStage::pending)) return *std::move(pending);
  const auto current = secrets.get(name, SecretStage::current);
  if (!current) throw base::Error("SecretNotFound", fmt::format("there is no secret '{}'", name));
  Json value = Json::parse(current->reveal());
  value["password"] = os::random_text(32);
  return base::Secret(value.dump());
}

void tell(const Json& member, Facts& facts) {
  facts.rotated_secret = member.at("secretname");
}

void plan(Planning& plan) {
  if (plan.member == nullptr) return;
  plan.must_be_changeable("secretname");
  plan.must_have_secret("secretname");
}

/// Done when a login with the new password works; publish-rotated-secret then makes it the current one.
Work<Done> advance(StepContext& step) {
  const std::string name = step.input.at("secretname");
  const auto value = rotated(step, name);
  write_secret(step, name, value);
  const base::Secret password(password_in(value));
  const auto work = step.databases.make_so(
      must_have_new(step).id, {.master_password = password, .password_token = step.token()}, step.budget);
  if (const auto* pending = std::get_if<Pending>(&work)) return *pending;
  if (!opens(step, password)) return wait_for("the password to open it");
  return Done{};
}

Work<Done> undo(StepContext& step) {
  put_secret_back(step, step.input.at("secretname"));
  return Done{};
}

}  // namespace

extern constexpr Step rotate_master_pwd{
    .key = "rotatemasterpwd",
    .states = {"rotate-master-pwd", "wait-rotate-pwd", "check-rotate-pwd", "outcome-rotate-pwd"},
    .summary = "Rotate the secret: a new random master password that nobody has seen.",
    .fields = fields,
    .checktodo = "rotatepwd",
    .asked_by = "master.rotate",
    .right = Right::sql,
    .tell = tell,
    .plan = plan,
    .advance = advance,
    .undo = undo,
};
static_assert(well_formed(rotate_master_pwd));

}  // namespace refresh
