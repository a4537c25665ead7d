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
Work<Done> take_back(StepContext& step) {
  const auto steps = sequence();
  const Json none = Json::object();
  for (auto at = steps.rbegin(); at != steps.rend(); ++at) {
    const Step* each = *at;
    if (each->undo == nullptr || !(runs_always(*each) || step.has_member(each->key))) continue;
    const std::string key(each->key);
    StepContext context{.input = step.has_member(key) ? step.state["members"][key] : none,
                        .state = step.state,
                        .facts = step.facts,
                        .databases = step.databases,
                        .services = step.services,
                        .budget = step.budget,
                        .key = key};
    if (const auto work = each->undo(context); std::holds_alternative<Pending>(work)) return work;
  }
  return Done{};
}

/// Of a copy that nobody has seen nobody knows whether it was asked for: then it is looked for until it would
/// show. Once seen, it is there, or was removed.
std::optional<Pending> await_unseen_copy(StepContext& step) {
  const auto late = step.services.databases.shows_within();
  if (late.count() == 0) return std::nullopt;
  if (new_database(step)) step.result["copySeen"] = true;
  if (step.result.value("copySeen", false)) return std::nullopt;
  if (!step.result.contains("looksUntil"))
    step.result["looksUntil"] = base::iso_utc(step.budget.clock.now() + late);
  const auto until = base::parse_iso_offset(step.result["looksUntil"].get<std::string>());
  if (!until || *until <= step.budget.clock.now()) return std::nullopt;
  return wait_for("a copy that may have been asked for, to show");
}

/// Says where things stand, for people.
Work<Done> advance(StepContext& step) {
  if (!step.state.contains("plan")) return Done{};  // the plan itself refused: nothing was done
  if (!too_late(step)) {
    const auto unseen = await_unseen_copy(step);
    const auto work = take_back(step);
    return unseen && std::holds_alternative<Done>(work) ? Work<Done>(*unseen) : work;
  }
  step.result["state"] =
      "the old database is gone, or no longer whole; the new one, which was proven, keeps the name";
  return Done{};
}

}  // namespace

extern constexpr Step roll_back{
    .key = "roll_back",
    .in_file = false,
    .states = {"roll-back", "wait-roll-back", "check-roll-back", "outcome-roll-back"},
    .summary = "Put everything back: the old database under its name, no copy left behind.",
    .cancellable = false,
    .insists = true,
    .deadline_minutes = 240,
    .advance = advance,
};
static_assert(well_formed(roll_back));

}  // namespace refresh
