// How long scripts took in earlier runs, and which of them are too long for a function of AWS Lambda.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/json.h"

namespace refresh {

/// A function of the state machine (step_functions.cpp) runs a whole script in one call. It has this long for
/// one in any case: fifteen minutes, without what it keeps to answer in, and without the tenth of a call
/// after which none is begun.
inline constexpr std::chrono::seconds script_call{800};

/// What makes a script too long: `field` of `runscripts` names it.
struct LongScript {
  std::string field, script;
  std::string why;  ///< for people: how long it took, in which run; or which run cut it off
};

/// Of the scripts of a file (its members), by the states of earlier runs of its target, newest first: of each
/// script the newest run that says anything of it stands. A state that is like no run's says nothing. Empty
/// where the scripts run on a host (`method` ec2).
std::vector<LongScript> scripts_too_long(const base::Json& members, const std::vector<base::Json>& states);

/// The sentence for one, with what else can run it.
std::string to_string(const LongScript& script);

}  // namespace refresh
