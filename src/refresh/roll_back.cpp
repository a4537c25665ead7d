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

/// Does the new database, which was proven, stay? It has the name and serves, and of the old one something is
/// going or gone.
bool new_one_stays(StepContext& step) {
  if (old_id(step).empty()) return false;
  const auto ours = new_database(step);
  if (!ours || ours->name != step.names().at("target") || !ours->open) return false;
  const auto old = old_database(step);
  return is_gone(old) || provider::classify(old->status) == provider::StatusClass::failed ||
         gone_parts(step) > 0;
}

/// Does something else of the run, as that step would.
Work<Done> as_step(StepContext& step, const Step& other, Work<Done> (*work)(StepContext&)) {
  const Json none = Json::object();
  const std::string key(other.key);
  StepContext context{.input = step.has_member(key) ? step.state["members"][key] : none,
                      .state = step.state,
                      .facts = step.facts,
                      .databases = step.databases,
                      .services = step.services,
                      .budget = step.budget,
                      .key = key};
  return work(context);
}

bool takes_part(StepContext& step, const Step& other) {
  return runs_always(other) || step.has_member(std::string(other.key));
}

/// It may have its users, and nobody its password yet.
Work<Done> let_stay(StepContext& step) {
  const auto old = old_database(step);
  step.result["state"] =
      "the old database is gone, or no longer whole; the new one, which was proven, keeps the name" +
      (is_gone(old) ? "" : fmt::format(". What is left of the old one is closed to users: {}", old->name));
  for (const Step* each : sequence()) {
    if (!each->stays || !takes_part(step, *each)) continue;
    if (const auto work = as_step(step, *each, each->advance); std::holds_alternative<Pending>(work))
      return work;
  }
  return Done{};
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
  for (auto at = steps.rbegin(); at != steps.rend(); ++at) {
    const Step& each = **at;
    if (each.undo == nullptr || !takes_part(step, each)) continue;
    if (const auto work = as_step(step, each, each.undo); std::holds_alternative<Pending>(work)) return work;
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
  if (new_one_stays(step)) return let_stay(step);
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
