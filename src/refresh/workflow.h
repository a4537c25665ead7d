// Every step of a refresh, in the order they run.
#pragma once

#include "refresh/step.h"

namespace refresh {

std::span<const Step* const> sequence();
/// The steps that make the report of a failed run, after roll-back.
std::span<const Step* const> failure_sequence();
/// Puts everything back; a step of ours that uses the others' undo.
const Step& roll_back_step();
/// Pins the databases; its result is where all steps look for them.
const Step& planning_step();

/// From the first of these on, until the end of the other, nothing serves under the target's name.
const Step& closing_step();
const Step& naming_step();

/// Masks the copy.
const Step& masking_step();
/// Proves that it is fit to be seen.
const Step& proving_step();

/// By member key; nullptr if there is none.
const Step* find_step(std::string_view key);
/// The step of which this is the start or check state, and which of the two.
struct StateRef {
  const Step* step;
  bool is_check;
};
std::optional<StateRef> find_state(std::string_view state);

/// The step that any of its states belongs to; nullptr if it is none's.
const Step* step_of(std::string_view state);

/// What the members that run (normalised) say that other steps go by.
Facts facts_of(const Json& members);

}  // namespace refresh
