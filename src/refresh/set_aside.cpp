#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "refresh/lookup.h"
#include "refresh/plan.h"
#include "refresh/workflow.h"

namespace refresh {
namespace {

/// A replica or an instance of what is replaced goes with it: its new name must be allowed, and fit.
void check_part(Planning& plan, const provider::Database& part) {
  const auto refuse = [&](const std::string& why) {
    plan.problem_at(plan.target_path(),
                    fmt::format("'{}', which belongs to '{}', {}", part.name, plan.old->name, why));
  };
  if (tag_of(part, "refresh") != "true")
    refuse("does not carry the tag refresh=true: it is not ours to replace");
  if (part.deletion_protection) refuse("has deletion protection");
  if (!fits_set_aside(part.name))
    refuse("has a name too long to be set aside as <name>-old-<run>, in 63 characters");
}

/// What of them does not run is told apart: rolling back does not start it.
void plan_parts(Planning& plan) {
  std::vector<std::string> stopped;
  for (const auto& ids : {plan.old->members, plan.old->replicas})
    for (const auto& id : ids) {
      const auto part = plan.services.databases.get(id);
      if (!part) continue;
      check_part(plan, *part);
      if (provider::classify(part->status) == provider::StatusClass::stopped) stopped.push_back(id);
    }
  plan.plan.pins["old_stopped"] = stopped;
}

/// What is being deleted is nobody's to put back: when it is gone, nothing is missing.
void leave_out_deleted(Planning& plan) {
  for (auto* ids : {&plan.old->members, &plan.old->replicas})
    std::erase_if(*ids, [&](const std::string& id) {
      const auto part = plan.services.databases.get(id);
      return !part || part->status == "deleting";
    });
}

/// The database that has the target's name now. It may be in the way, or not be ours to replace.
void plan(Planning& plan) {
  const std::string name = plan.names.at("target");
  plan.old = plan.services.databases.find(plan.kind(), name);
  if (plan.old && plan.is_ours(*plan.old)) plan.old.reset();  // this run's own, renamed already
  if (!plan.old) return;
  leave_out_deleted(plan);
  const auto& old = *plan.old;
  plan.plan.old_status = old.status;
  plan.plan.pins.update({{"old", old.id},
                         {"old_status", old.status},
                         {"old_open", old.open},
                         {"old_members", old.members},
                         {"old_replicas", old.replicas}});
  const auto refuse = [&](std::string why) { plan.problem_at(plan.target_path(), std::move(why)); };
  if (tag_of(old, "refresh") != "true")
    refuse(
        fmt::format("'{}' exists and does not carry the tag refresh=true: it is not ours to replace", name));
  if (!old.open && tag_of(old, "refresh-masked") == "false")
    refuse(fmt::format("'{}' is a copy of run {} that is not finished: it is closed until it is masked", name,
                       tag_of(old, "refresh-run")));
  if (old.deletion_protection) refuse(fmt::format("'{}' has deletion protection", name));
  if (provider::classify(old.status) == provider::StatusClass::transient)
    refuse(fmt::format("'{}' is {}; wait until that is over", name, old.status));
  plan_parts(plan);
}

/// Of a list of ids, those that are still there.
std::vector<provider::Database> found(StepContext& step, const std::vector<std::string>& ids) {
  std::vector<provider::Database> all;
  for (const auto& id : ids)
    if (auto each = step.databases.get(id)) all.push_back(*std::move(each));
  return all;
}

/// Closes or opens the old database and its read replicas; a cluster's instances go with it. Whether all of
/// it is so the host knows, not the row of a cluster.
Work<Done> open_all(StepContext& step, bool open) {
  auto ids = pinned(step, "old_replicas");
  ids.push_back(old_id(step));
  return done_if_all(found(step, ids), [&](const auto& each) {
    return done_if(step.databases.make_so(each.id, {.open = open}, step.budget));
  });
}

/// Gives the old database and what hangs on it other names, itself last. One that has its old name may have
/// been asked for the other one, which does not show yet; nothing that is stopped or broken is renamed.
Work<Done> rename_all(StepContext& step, bool aside) {
  using provider::StatusClass;
  const std::string suffix = set_aside_name(step, "");
  auto wanted = [&](const std::string& name) {
    if (aside) return name.ends_with(suffix) ? name : name + suffix;
    return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : name;
  };
  return done_if_all(found(step, old_whole(step)), [&](const auto& each) {
    const auto what = provider::classify(each.status);
    const bool stays =
        what == StatusClass::failed || what == StatusClass::stopped || (aside && what == StatusClass::ready);
    return stays && each.name == wanted(each.name)
               ? Work<Done>(Done{})
               : done_if(step.databases.make_so(each.id, {.name = wanted(each.name)}, step.budget));
  });
}

/// Done when all names are free: those of the parts are wanted for the new ones.
Work<Done> advance(StepContext& step) {
  const auto old = old_database(step);
  if (!old) return Done{};
  step.result = {{"id", old->id}, {"name", set_aside_name(step, step.names().at("target"))}};
  const auto closed = open_all(step, false);
  return std::holds_alternative<Pending>(closed) ? closed : rename_all(step, true);
}

/// What ran when the run was planned runs again, whatever has ended it meanwhile; itself first, since a
/// cluster's instances start with it.
Work<Done> start_all(StepContext& step) {
  auto stay = pinned(step, "old_stopped");
  if (step.state.at("plan").value("old_status", "") == "stopped") stay.push_back(old_id(step));
  auto whole = old_parts(step);
  whole.insert(whole.begin(), old_id(step));
  for (const auto& each : found(step, whole)) {
    const bool down = provider::classify(each.status) == provider::StatusClass::stopped &&
                      std::ranges::find(stay, each.id) == stay.end();
    if (!down) continue;
    const auto running = step.databases.make_so(each.id, {.running = true}, step.budget);
    if (std::holds_alternative<Pending>(running)) return done_if(running);
  }
  return Done{};
}

/// Where the old database is gone, a copy that was proven is the last one that is left: it is a person's to
/// throw away.
void must_not_be_last(StepContext& step) {
  const Json results = step.state.value("results", Json::object());
  const bool proven =
      results.value(std::string(proving_step().key), Json::object()).value("status", "") == "SUCCEEDED";
  const auto copy = new_database(step);
  if (!proven || !copy || step.state.value("keep_failed", false)) return;
  throw base::Error(
      "OldDatabaseGone",
      fmt::format("the old database is gone, and '{}', which was to take its place, is the last "
                  "one left: it is kept, closed to users",
                  copy->name),
      "delete it when you want it no more, and take the run up again");
}

/// The old database takes its name back and serves; whatever else has happened, this is how a failed run
/// ends.
/// Another run, which was faster, has set it aside: it is that one's to put back.
bool is_another_runs(const StepContext& step, const provider::Database& old) {
  const std::string target = step.names().at("target");
  return old.name != target && old.name != set_aside_name(step, target);
}

Work<Done> undo(StepContext& step) {
  const auto old = old_database(step);
  if (!old || old->status == "deleting") {
    if (!old_id(step).empty()) must_not_be_last(step);
    return Done{};
  }
  if (is_another_runs(step, *old)) return Done{};
  if (const auto running = start_all(step); std::holds_alternative<Pending>(running)) return running;
  const auto named = rename_all(step, false);
  // What was closed before has no users to be let in.
  if (std::holds_alternative<Pending>(named) || !step.state.at("plan").value("old_open", true)) return named;
  return open_all(step, true);
}

}  // namespace

extern constexpr Step set_aside{
    .key = "set_aside",
    .in_file = false,
    .states = {"set-aside", "wait-set-aside", "check-set-aside", "outcome-set-aside"},
    .summary =
        "Close the old database and rename it, with its instances and replicas, to <name>-old-<run>, so "
        "that the names are free.",
    .plan = plan,
    .advance = advance,
    .undo = undo,
};
static_assert(well_formed(set_aside));

}  // namespace refresh
