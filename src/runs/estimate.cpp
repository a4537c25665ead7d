#include "runs/estimate.h"

#include <algorithm>

#include "refresh/workflow.h"
#include "runs/view.h"

namespace runs {
namespace {

using base::Json;
using Seconds = std::vector<double>;

double seconds_between(base::Time from, base::Time to) {
  return std::chrono::duration<double>(to - from).count();
}

Json median(Seconds all) {
  if (all.empty()) return nullptr;
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::ranges::nth_element(all, middle);
  return *middle;
}

bool is_of(const refresh::Step& step, const std::string& state) {
  return state == step.states.start || state == step.states.check;
}

/// From the first attempt of one step to the end of the last one of the other.
std::optional<double> downtime(const std::vector<store::AttemptRow>& attempts) {
  std::optional<base::Time> from, to;
  for (const auto& each : attempts) {
    if (!from && is_of(refresh::closing_step(), each.state)) from = each.started;
    if (each.ended && is_of(refresh::naming_step(), each.state)) to = each.ended;
  }
  if (!from || !to) return std::nullopt;
  return seconds_between(*from, *to);
}

bool replaced_one(const store::ExecutionRow& row) {
  const Json results = state_of(row).value("results", Json::object());
  const Json pins = results.value(std::string(refresh::planning_step().key), Json::object());
  return pins.is_object() && !pins.value("old", "").empty();
}

}  // namespace

Json estimate(World& world, const refresh::Names& names) {
  Seconds whole, down;
  const std::string target = target_of(world, names);
  for (const auto& listed : world.journal.list(false)) {
    if (listed.subject != target || listed.status != "SUCCEEDED" || !listed.ended) continue;
    whole.push_back(seconds_between(listed.created, *listed.ended));
    if (!replaced_one(must_find_run(world, listed.id))) continue;
    if (const auto seconds = downtime(world.journal.attempts(listed.id))) down.push_back(*seconds);
  }
  return {{"runs", whole.size()},
          {"seconds", median(whole)},
          {"downtimeFrom", refresh::closing_step().states.start},
          {"downtimeTo", refresh::naming_step().states.start},
          {"downtimeSeconds", median(down)}};
}

}  // namespace runs
