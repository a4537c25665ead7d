#include <algorithm>

#include "refresh/lookup.h"
#include "refresh/workflow.h"

namespace refresh {
namespace {

/// Once anything of the old database is going or gone, the new one, which has the name and was proven, stays.
bool too_late(StepContext& step) {
  if (old_id(step).empty()) return false;
  const auto ours = new_database(step);
  if (!ours || ours->name != step.names().at("target")) return false;
  auto gone = [&](const std::string& id) {
    const auto each = step.databases.get(id);
    return !each || each->status == "deleting";
  };
  const auto old = old_database(step);
  return (old && provider::classify(old->status) == provider::StatusClass::failed) ||
         std::ranges::any_of(old_whole(step), gone);
}

/// The steps' undo, last step first; stops at the first that is not through.
Progress take_back(StepContext& step) {
  if (!step.state.contains("plan")) return Progress::succeeded;  // the plan itself refused: nothing was done
  if (too_late(step)) return Progress::succeeded;
  const auto steps = sequence();
  for (auto at = steps.rbegin(); at != steps.rend(); ++at) {
    const Step* each = *at;
    if (each->undo == nullptr) continue;
    if (each->in_file && !step.has_member(each->key)) continue;
    const Json none = Json::object();
    StepContext context{each->in_file ? step.state["members"][std::string(each->key)] : none, step.state,
                        step.databases, step.services, step.budget};
    // Asked twice: where the world moves at once, nobody needs to wait for the next check.
    if (each->undo(context) == Progress::pending && each->undo(context) == Progress::pending)
      return Progress::pending;
  }
  return Progress::succeeded;
}

/// Where things stand, for people.
void start(StepContext& step) {
  take_back(step);
  if (step.state.contains("plan") && too_late(step))
    step.result["state"] =
        "the old database is gone, or no longer whole; the new one, which was proven, keeps the name";
}

Progress check(StepContext& step) {
  return take_back(step);
}

}  // namespace

extern constexpr Step roll_back{
    .key = "roll_back",
    .in_file = false,
    .states = {"roll-back", "wait-roll-back", "check-roll-back", "outcome-roll-back"},
    .summary = "Put everything back: the old database under its name, no copy left behind.",
    .cancellable = false,
    .deadline_minutes = 240,
    .start = start,
    .check = check,
};
static_assert(well_formed(roll_back));

}  // namespace refresh
