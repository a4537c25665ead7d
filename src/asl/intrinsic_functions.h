// The table of intrinsic functions: what there is, with how many arguments, and what each does.
#pragma once

#include <span>

#include "asl/intrinsics.h"

namespace asl {

struct IntrinsicFunction {
  std::string_view name;  ///< behind `States.`
  std::size_t least, most;
  /// Throws States.IntrinsicFailure that names the function and the argument.
  Json (*call)(std::span<const Json> arguments, Entropy& entropy);
};
std::span<const IntrinsicFunction> intrinsic_functions();

}  // namespace asl
