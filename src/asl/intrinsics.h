// The intrinsic functions (States Language specification, Appendix B) and payload templates.
#pragma once

#include <cstdint>

#include "asl/path.h"

namespace asl {

/// Randomness as an argument: MathRandom and UUID take their numbers from `seed`, so that an evaluation is a
/// pure function of its arguments.
struct Entropy {
  std::uint64_t seed = 0;
  std::uint64_t next();
};

/// Evaluates `States.Name(…)`, UTF-8. Throws States.IntrinsicFailure that names the function and the
/// argument.
Json evaluate_intrinsic(std::string_view text, const Scope& scope, Entropy& entropy);

/// Checks the form of an intrinsic without evaluating it; returns what is wrong, or "".
std::string check_intrinsic(std::string_view text);

/// Evaluates the text of a `.$` member: a path or an intrinsic. `member` is the member's name for the message
/// of a path that leads nowhere. Throws States.Runtime or States.IntrinsicFailure.
Json evaluate_value(std::string_view text, std::string_view member, const Scope& scope, Entropy& entropy);

/// Evaluates a payload template (specification, "Payload Template"): members whose names end in `.$` are
/// evaluated at any depth and lose the ending; all else is copied.
Json evaluate_template(const Json& tmpl, const Scope& scope, Entropy& entropy);

}  // namespace asl
