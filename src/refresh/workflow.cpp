#include "refresh/workflow.h"

#include <algorithm>

namespace refresh {

extern const Step plan_step, perform_restore, create_instance, change_master_pwd, create_secret, run_scripts,
    verify, set_aside, rename_cluster, rename_database, publish_secret, fix_tags, delete_replicas,
    create_read_replicas, rotate_master_pwd, publish_rotated_secret, stop_old_database, delete_old_database,
    delete_old_cluster, update_ledger, send_msg, roll_back, update_ledger_failure, send_msg_failure;

// A new step is its own file and its place here: the order is a fact about the refresh, not about any one
// step.
std::span<const Step* const> sequence() {
  static constexpr const Step* steps[] = {
      &plan_step,
      // The new database comes into being beside the old one, closed.
      &perform_restore, &create_instance,
      // It is made fit to be seen.
      &change_master_pwd, &create_secret, &run_scripts, &verify,
      // The names change hands; until here, the old one has not been touched.
      &set_aside, &rename_cluster, &rename_database, &publish_secret, &fix_tags, &create_read_replicas,
      &rotate_master_pwd, &publish_rotated_secret,
      // Only now, and last of all, the old one goes, with all that hangs on it.
      &delete_replicas, &stop_old_database, &delete_old_database, &delete_old_cluster, &update_ledger,
      &send_msg};
  return steps;
}

std::span<const Step* const> failure_sequence() {
  static constexpr const Step* steps[] = {&update_ledger_failure, &send_msg_failure};
  return steps;
}

const Step& roll_back_step() {
  return roll_back;
}

const Step& planning_step() {
  return plan_step;
}

const Step& closing_step() {
  return set_aside;
}

const Step& naming_step() {
  return rename_database;
}

const Step& masking_step() {
  return run_scripts;
}

const Step& proving_step() {
  return verify;
}

Facts facts_of(const Json& members) {
  Facts facts;
  for (const Step* step : sequence())
    if (step->tell != nullptr && members.contains(step->key)) step->tell(members[step->key], facts);
  return facts;
}

const Step* find_step(std::string_view key) {
  const auto all = sequence();
  const auto found = std::ranges::find(all, key, [](const Step* step) { return step->key; });
  return found == all.end() ? nullptr : *found;
}

namespace {

/// In no order.
std::vector<const Step*> all_steps() {
  std::vector<const Step*> all = {&roll_back};
  for (const auto steps : {sequence(), failure_sequence()}) all.insert(all.end(), steps.begin(), steps.end());
  return all;
}

}  // namespace

const Step* step_of(std::string_view state) {
  for (const Step* step : all_steps())
    for (const auto name : {step->states.start, step->states.check, step->states.outcome, step->states.wait})
      if (!name.empty() && name == state) return step;
  return nullptr;
}

std::optional<StateRef> find_state(std::string_view state) {
  const Step* step = step_of(state);
  const bool is_task = step != nullptr && (state == step->states.start || state == step->states.check);
  return is_task ? std::optional(StateRef{step, state != step->states.start}) : std::nullopt;
}

}  // namespace refresh
