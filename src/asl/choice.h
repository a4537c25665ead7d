// The rules of Choice states (States Language specification, "Choice State").
#pragma once

#include "asl/path.h"

namespace asl {

/// Does `rule` hold? A value of another type than the operator wants is false, never an error. Throws
/// States.Runtime where a path leads nowhere, except for IsPresent.
bool choice_holds(const Json& rule, const Scope& scope);

/// What is wrong with a rule's form, one message each with its path below `where`.
void check_choice(const Json& rule, const std::string& where, bool top, std::vector<base::Problem>& problems);

}  // namespace asl
