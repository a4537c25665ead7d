// Lengths of time as people write them.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace shortfile {

/// `30 s`, `15m`, `1h 30m`, `3 days`, `2 weeks`: numbers without a sign, each with its unit. Nothing for
/// anything else, and for more than ten years.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

}  // namespace shortfile
