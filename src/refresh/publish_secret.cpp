#include "refresh/lookup.h"

namespace refresh {
namespace {

void publish(StepContext& step, const std::string& name) {
  if (name.empty()) return;
  step.services.secrets.promote(name);
  step.result["secret"] = name;
}

/// The secret that changemasterpwd or createsecret wrote becomes current only now that its database has its
/// name.
void start(StepContext& step) {
  publish(step, published_secret(step));
}

void start_rotated(StepContext& step) {
  publish(step, step.has_member("rotatemasterpwd")
                    ? step.state["members"]["rotatemasterpwd"].at("secretname").get<std::string>()
                    : "");
}

}  // namespace

extern constexpr Step publish_secret{
    .key = "publish_secret",
    .in_file = false,
    .states = {"publish-secret"},
    .summary = "Make the new version of the database's secret the current one.",
    .start = start,
};
static_assert(well_formed(publish_secret));

extern constexpr Step publish_rotated_secret{
    .key = "publish_rotated_secret",
    .in_file = false,
    .states = {"publish-rotated-secret"},
    .summary = "Make the rotated password the current one in its secret.",
    .start = start_rotated,
};
static_assert(well_formed(publish_rotated_secret));

}  // namespace refresh
