#include <algorithm>

#include "refresh/lookup.h"

namespace refresh {
namespace {

/// Closes or opens the old database and its read replicas; a cluster's instances go with it.
void open_all(StepContext& step, bool open) {
  auto ids = pinned(step, "old_replicas");
  ids.push_back(old_id(step));
  for (const auto& id : ids)
    if (const auto each = step.databases.get(id); each && each->open != open)
      step.databases.set_open(id, open, step.budget);
}

/// Gives the old database and what hangs on it other names, itself last.
void rename_all(StepContext& step, bool aside) {
  auto wanted = [&](const std::string& name) {
    const std::string suffix = set_aside_name(step, "");
    if (aside) return name.ends_with(suffix) ? name : name + suffix;
    return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : name;
  };
  for (const auto& id : old_whole(step))
    if (const auto each = step.databases.get(id); each && each->name != wanted(each->name))
      step.databases.rename(id, wanted(each->name));
}

void start(StepContext& step) {
  const auto old = old_database(step);
  if (!old) return;
  open_all(step, false);
  rename_all(step, true);
  step.result = {{"id", old->id}, {"name", set_aside_name(step, step.names().at("target"))}};
}

/// The names of the parts are wanted for the new ones.
Progress check(StepContext& step) {
  const auto suffix = set_aside_name(step, "");
  const bool all = std::ranges::all_of(old_whole(step), [&](const std::string& id) {
    const auto each = step.databases.get(id);
    return !each || each->name.ends_with(suffix);
  });
  return all ? Progress::succeeded : Progress::pending;
}

/// The old database takes its name back and serves; whatever else has happened, this is how a failed run
/// ends.
Progress undo(StepContext& step) {
  const auto old = old_database(step);
  if (!old || old->status == "deleting") return Progress::succeeded;
  const auto status = provider::classify(old->status);
  if (status == provider::StatusClass::transient) return Progress::pending;
  const auto stopped_before = step.state.at("plan").value("old_status", "") == "stopped";
  if (status == provider::StatusClass::stopped && !stopped_before) {
    step.databases.start(old->id, step.budget);
    return Progress::pending;
  }
  rename_all(step, false);
  open_all(step, true);
  const auto named = step.databases.find(kind_of(step), step.names().at("target"));
  return named && named->id == old->id ? Progress::succeeded : Progress::pending;
}

}  // namespace

extern constexpr Step set_aside{
    .key = "set_aside",
    .in_file = false,
    .states = {"set-aside", "wait-set-aside", "check-set-aside", "outcome-set-aside"},
    .summary =
        "Close the old database and rename it, with its instances and replicas, to <name>-old-<run>, so "
        "that the names are free.",
    .start = start,
    .check = check,
    .undo = undo,
};
static_assert(well_formed(set_aside));

}  // namespace refresh
