#include <fmt/format.h>

#include "base/error.h"
#include "os/files.h"
#include "refresh/lookup.h"

namespace refresh {
namespace {

using SecretStage = provider::SecretStore::Stage;

constexpr Field fields[] = {
    identifier("dbinstance", "Instance of which the secret is rotated.").only_rds(),
    identifier("cluster", "Cluster of which the secret is rotated.").only_aurora(),
    text("secretname", "Secret to rotate."),
};

std::string password_in(const base::Secret& value) {
  return Json::parse(value.reveal()).at("password");
}

/// A pending version is what an interrupted attempt left: it is carried on with, so that the password of the
/// database is always in the secret, as one version or the other.
void start(StepContext& step) {
  auto& secrets = step.services.secrets;
  const std::string name = step.input.at("secretname");
  const auto current = secrets.get(name, SecretStage::current);
  if (!current) throw base::Error("SecretNotFound", fmt::format("there is no secret '{}'", name));
  remember_secret(step, name);
  auto pending = secrets.get(name, SecretStage::pending);
  if (!pending) {
    Json value = Json::parse(current->reveal());
    value["password"] = os::random_text(32);
    pending = base::Secret(value.dump());
    secrets.put_pending(name, *pending);
  }
  step.databases.set_master_password(must_have_new(step).id, base::Secret(password_in(*pending)));
  step.result["secret"] = name;
}

/// Done when a login with the new password works; publish-rotated-secret then makes it the current one.
Progress check(StepContext& step) {
  const auto pending = step.services.secrets.get(step.input.at("secretname"), SecretStage::pending);
  if (!pending) throw base::Error("SecretNotFound", "the rotated password is gone from the secret");
  return opens(step, base::Secret(password_in(*pending))) ? Progress::succeeded : Progress::pending;
}

Progress undo(StepContext& step) {
  return put_secret_back(step, step.input.at("secretname"));
}

}  // namespace

extern constexpr Step rotate_master_pwd{
    .key = "rotatemasterpwd",
    .states = {"rotate-master-pwd", "wait-rotate-pwd", "check-rotate-pwd", "outcome-rotate-pwd"},
    .summary = "Rotate the secret: a new random master password that nobody has seen.",
    .fields = fields,
    .checktodo = "rotatepwd",
    .start = start,
    .check = check,
    .undo = undo,
};
static_assert(well_formed(rotate_master_pwd));

}  // namespace refresh
