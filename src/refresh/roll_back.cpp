#include <fmt/format.h>

#include <algorithm>

#include "refresh/lookup.h"
#include "refresh/workflow.h"

namespace refresh {
namespace {

bool is_gone(const std::optional<provider::Database>& database) {
  return !database || database->status == "deleting";
}

std::size_t gone_parts(StepContext& step) {
  return static_cast<std::size_t>(std::ranges::count_if(
      old_parts(step), [&](const std::string& id) { return is_gone(step.databases.get(id)); }));
}

/// The new database, which has the name and was proven, if it stays: once the old one is going or gone, or,
/// since that one's parts go first, once any of it is while the new one serves already.
std::optional<provider::Database> one_that_stays(StepContext& step) {
  if (old_id(step).empty()) return std::nullopt;
  auto ours = new_database(step);
  if (!ours || ours->name != step.names().at("target")) return std::nullopt;
  const auto old = old_database(step);
  const bool lost = is_gone(old) || provider::classify(old->status) == provider::StatusClass::failed;
  return lost || (ours->open && gone_parts(step) > 0) ? ours : std::nullopt;
}

/// It may have got its name, and not yet its users.
Work<Done> let_stay(StepContext& step, const provider::Database& ours) {
  const auto old = old_database(step);
  step.result["state"] =
      "the old database is gone, or no longer whole; the new one, which was proven, keeps the name" +
      (is_gone(old) ? "" : fmt::format(". What is left of the old one is closed to users: {}", old->name));
  if (ours.open) return Done{};
  return done_if(step.databases.make_so(ours.id, {.open = true, .running = true}, step.budget));
}

/// What could not be put back, because somebody has deleted it meanwhile; "" if all was.
std::string shortage(StepContext& step) {
  if (old_id(step).empty()) return "";
  if (is_gone(old_database(step))) return "the old database is gone: there was nothing to put back";
  const auto gone = gone_parts(step);
  return gone == 0 ? ""
                   : fmt::format(
                         "the old database serves under its name; of its instances and replicas {} "
                         "{} deleted meanwhile",
                         gone, gone == 1 ? "was" : "were");
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
  if (const auto ours = one_that_stays(step)) return let_stay(step, *ours);
  const auto unseen = await_unseen_copy(step);
  const auto work = take_back(step);
  if (std::holds_alternative<Pending>(work)) return work;
  if (unseen) return *unseen;
  if (const auto lacks = shortage(step); !lacks.empty()) step.result["state"] = lacks;
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
