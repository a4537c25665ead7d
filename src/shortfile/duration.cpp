#include "shortfile/duration.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/text.h"

namespace shortfile {
namespace {

struct Unit {
  std::string_view names;  ///< with commas between
  std::int64_t seconds;
};

constexpr Unit units[] = {{"s,sec,second,seconds", 1},
                          {"m,min,minute,minutes", 60},
                          {"h,hour,hours", 3600},
                          {"d,day,days", 86'400},
                          {"w,week,weeks", 604'800}};

std::optional<std::int64_t> seconds_of(std::string_view unit) {
  for (const Unit& each : units)
    for (const auto& name : base::split_list(each.names))
      if (name == unit) return each.seconds;
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
  constexpr std::int64_t most = 3650LL * 86'400;
  std::int64_t all = 0;
  text = base::trim(text);
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    std::int64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || number < 0 || number > most) return std::nullopt;
    text = base::trim(text.substr(static_cast<std::size_t>(read.ptr - text.data())));
    const auto end = std::ranges::find_if(text, [](char c) { return c < 'a' || c > 'z'; });
    const auto unit = seconds_of(text.substr(0, static_cast<std::size_t>(end - text.begin())));
    if (!unit) return std::nullopt;
    all += number * *unit;
    if (all > most) return std::nullopt;
    text = base::trim(text.substr(static_cast<std::size_t>(end - text.begin())));
  }
  return std::chrono::seconds(all);
}

}  // namespace shortfile
