// The patterns of StringMatches (States Language specification, "Choice State").
#pragma once

#include <string_view>

namespace asl {

/// `*` stands for any text, `\*` and `\\` for themselves. Takes time in proportion to the lengths of pattern
/// and text together, whatever is in them. Throws States.Runtime for a pattern that ends in a backslash.
bool matches_pattern(std::string_view pattern, std::string_view text);

}  // namespace asl
