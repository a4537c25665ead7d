// What an execution of the published state machine is started with: a refresh file without its passwords, and
// what else its run is to know.
#pragma once

#include "refresh/step.h"

namespace refresh {

/// A run that somebody begins.
struct Launch {
  std::string run;       ///< its id
  std::string unmasked;  ///< why nothing is masked; "": scripts mask it
  bool keep_failed = false;
};

/// The member of the input that has it; no member of refresh files is called so.
inline constexpr const char* launch_member = "dbrefresh";

Json to_json(const Launch& launch);
/// Nothing of an input that somebody else made. Throws BadInput for one that is not as to_json() writes it.
std::optional<Launch> launch_of(const Json& input);

/// The input of an execution that puts back what another one of the same machine did, by its name.
Json put_back_input(const std::string& execution);
/// The name in such an input; nothing in any other, which launch_of() may refuse.
std::optional<std::string> put_back_of(const Json& input);

/// What the id of a run that begins at this moment begins with: "20260131120000".
std::string run_stamp(base::Time time);
bool is_run_id(std::string_view text);

}  // namespace refresh
