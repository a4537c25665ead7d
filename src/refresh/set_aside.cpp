#include "refresh/lookup.h"

namespace refresh {
namespace {

/// Gives a database and, of a cluster, its instances other names.
void rename_all(StepContext& step, const provider::Database& database, bool aside) {
  auto wanted = [&](const std::string& name) {
    const std::string suffix = set_aside_name(step, "");
    if (aside) return name.ends_with(suffix) ? name : name + suffix;
    return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : name;
  };
  for (const auto& id : database.members)
    if (const auto member = step.databases.get(id); member && member->name != wanted(member->name))
      step.databases.rename(id, wanted(member->name));
  if (database.name != wanted(database.name)) step.databases.rename(database.id, wanted(database.name));
}

void start(StepContext& step) {
  const auto old = old_database(step);
  if (!old) return;
  step.databases.set_open(old->id, false, step.waiting);
  rename_all(step, *old, true);
  step.result = {{"id", old->id}, {"name", set_aside_name(step, step.names().at("target"))}};
}

Progress check(StepContext& step) {
  const auto in_the_way = step.databases.find(kind_of(step), step.names().at("target"));
  return !in_the_way || in_the_way->id != old_id(step) ? Progress::succeeded : Progress::pending;
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
    step.databases.start(old->id, step.waiting);
    return Progress::pending;
  }
  rename_all(step, *old, false);
  if (!stopped_before && !old->open) step.databases.set_open(old->id, true, step.waiting);
  const auto named = step.databases.find(kind_of(step), step.names().at("target"));
  return named && named->id == old->id ? Progress::succeeded : Progress::pending;
}

}  // namespace

extern constexpr Step set_aside{
    .key = "set_aside",
    .in_file = false,
    .states = {"set-aside", "wait-set-aside", "check-set-aside", "outcome-set-aside"},
    .summary = "Close the old database and rename it to <target>-old-<run>, so that its name is free.",
    .start = start,
    .check = check,
    .undo = undo,
};
static_assert(well_formed(set_aside));

}  // namespace refresh
