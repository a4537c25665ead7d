#include "refresh/lookup.h"

namespace refresh {
namespace {

/// The address that was written with the new version goes with the temporary name.
void write_address(StepContext& step, const std::string& name) {
  auto& secrets = step.services.secrets;
  const auto pending = secrets.get(name, provider::SecretStore::Stage::pending);
  if (!pending) return;
  const auto database = must_have_new(step);
  Json value = Json::parse(pending->reveal());
  value.update({{"host", database.host}, {"port", database.port}});
  if (const base::Secret now(value.dump()); now != *pending) secrets.put_pending(name, now);
}

Work<Done> publish(StepContext& step, const std::string& name) {
  if (name.empty()) return Done{};
  write_address(step, name);
  step.services.secrets.promote(name);
  step.result["secret"] = name;
  return Done{};
}

/// The function that rotates a secret logs in to what the secret names: only now is that the new database.
void rotate_from_now_on(StepContext& step) {
  auto& secrets = step.services.secrets;
  if (!step.facts.rotation || !secrets.rotates()) return;
  secrets.rotate_regularly(step.facts.published_secret, step.facts.rotation);
  step.result["rotationdays"] = step.facts.rotation->days;
}

Work<Done> publish_new(StepContext& step) {
  const std::string shown = shown_secret_name(step.facts, step.names());
  const auto published = publish(step, shown.empty() ? step.facts.published_secret : shown);
  rotate_from_now_on(step);
  return published;
}

Work<Done> publish_rotated(StepContext& step) {
  return publish(step, step.facts.rotated_secret);
}

}  // namespace

/// What is written before the new database has its name becomes current only now.
extern constexpr Step publish_secret{
    .key = "publish_secret",
    .in_file = false,
    .states = {"publish-secret"},
    .summary =
        "Make the new version of the database's secret the current one, and have it rotated if it is to be.",
    .stays = true,
    .advance = publish_new,
};
static_assert(well_formed(publish_secret));

extern constexpr Step publish_rotated_secret{
    .key = "publish_rotated_secret",
    .in_file = false,
    .states = {"publish-rotated-secret"},
    .summary = "Make the rotated password the current one in its secret.",
    .advance = publish_rotated,
};
static_assert(well_formed(publish_rotated_secret));

}  // namespace refresh
