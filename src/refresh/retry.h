// A run that goes on with the copy which a failed one has kept, instead of making one.
#pragma once

#include "refresh/headway.h"

namespace refresh {

struct Retry {
  std::string of;                 ///< the failed run
  std::string copy;               ///< what it kept, by its resource id
  std::string data_time, method;  ///< of that copy: as the restore's result has them
  Headway scripts;                ///< where its scripts are gone on with
};

/// The member of a run's state that has it.
inline constexpr const char* retry_member = "retry";
Json to_json(const Retry& retry);
/// Nothing of the state of a run that makes its own copy.
std::optional<Retry> retry_of(const Json& state);

/// Why the members of a file cannot be made of the copy that those of another one made: `$.<path> was …`, a
/// problem each. The time of a restore may differ: `-15m` was said of another moment.
std::vector<Problem> differences(const Json& kept, const Json& members);

}  // namespace refresh
