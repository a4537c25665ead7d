#include "refresh/lookup.h"

namespace refresh {
namespace {

/// The secret that changemasterpwd or createsecret wrote becomes current only now that its database has its name.
void start(StepContext& step) {
  const std::string name = published_secret(step);
  if (name.empty()) return;
  step.services.secrets.promote(name);
  step.result["secret"] = name;
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

}  // namespace refresh
