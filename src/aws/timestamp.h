// The ways in which AWS's protocols write a moment.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace aws {

/// `2026-01-31T12:00:00Z`, with milliseconds where there are any: the form of inputs and outputs here.
std::string iso8601(base::Time time);
/// `Sat, 31 Jan 2026 12:00:00 GMT`, of HTTP's headers.
std::string rfc822(base::Time time);
/// `1769860800`, with milliseconds where there are any.
std::string epoch_seconds(base::Time time);
/// As one of these, whatever the answer has: ISO 8601, RFC 822 or seconds since 1970.
std::optional<base::Time> parse_time(std::string_view text);

}  // namespace aws
