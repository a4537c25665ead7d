#include "refresh/lookup.h"

namespace refresh {
namespace {

Work<Done> publish(StepContext& step, const std::string& name) {
  if (name.empty()) return Done{};
  step.services.secrets.promote(name);
  step.result["secret"] = name;
  return Done{};
}

}  // namespace

/// What is written before the new database has its name becomes current only now.
extern constexpr Step publish_secret{
    .key = "publish_secret",
    .in_file = false,
    .states = {"publish-secret"},
    .summary = "Make the new version of the database's secret the current one.",
    .advance =
        [](StepContext& step) {
          const std::string shown = shown_secret_name(step.facts, step.names());
          return publish(step, shown.empty() ? step.facts.published_secret : shown);
        },
};
static_assert(well_formed(publish_secret));

extern constexpr Step publish_rotated_secret{
    .key = "publish_rotated_secret",
    .in_file = false,
    .states = {"publish-rotated-secret"},
    .summary = "Make the rotated password the current one in its secret.",
    .advance = [](StepContext& step) { return publish(step, step.facts.rotated_secret); },
};
static_assert(well_formed(publish_rotated_secret));

}  // namespace refresh
