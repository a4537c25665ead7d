#include "shortfile/moment.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "shortfile/duration.h"

namespace shortfile {
namespace {

using Local = date::local_seconds;
using Answer = std::variant<Moment, Fault>;

constexpr const char* forms =
    "write -15m, 'yesterday 23:00 Europe/Berlin', or '2026-01-31 23:00 Europe/Berlin' (or UTC, +01:00)";

struct Clock {
  int hour = 0, minute = 0, second = 0;
};

/// `HH:MM` or `HH:MM:SS`.
std::optional<Clock> clock_of(std::string_view text) {
  const auto digits = [&](std::size_t at) {
    const bool good = text.size() >= at + 2 && base::is_digits(text.substr(at, 2));
    return good ? (text[at] - '0') * 10 + text[at + 1] - '0' : -1;
  };
  if (text.size() != 5 && text.size() != 8) return std::nullopt;
  if (text[2] != ':' || (text.size() == 8 && text[5] != ':')) return std::nullopt;
  const Clock clock{digits(0), digits(3), text.size() == 8 ? digits(6) : 0};
  if (clock.hour < 0 || clock.hour > 23 || clock.minute < 0 || clock.minute > 59 || clock.second < 0 ||
      clock.second > 59)
    return std::nullopt;
  return clock;
}

/// `YYYY-MM-DD`.
std::optional<date::year_month_day> day_of(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  for (const auto part : {text.substr(0, 4), text.substr(5, 2), text.substr(8, 2)})
    if (!base::is_digits(part)) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t size) {
    return std::stoi(std::string(text.substr(at, size)));
  };
  const date::year_month_day day{date::year(number(0, 4)), date::month(static_cast<unsigned>(number(5, 2))),
                                 date::day(static_cast<unsigned>(number(8, 2)))};
  return day.ok() ? std::optional(day) : std::nullopt;
}

/// `+01:00`.
std::optional<std::chrono::minutes> offset_of(std::string_view text) {
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const auto clock = clock_of(text.substr(1));
  if (!clock) return std::nullopt;
  const auto size = std::chrono::minutes(clock->hour * 60 + clock->minute);
  return text[0] == '-' ? -size : size;
}

base::Time at(date::sys_seconds time) {
  return base::Time{time.time_since_epoch()};
}

/// nullptr for a name that is no zone's.
const date::time_zone* zone_of(std::string_view name) {
  try {
    return date::locate_zone(std::string(name == "UTC" || name == "Z" ? "Etc/UTC" : name));
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

/// A date and a time, as the clocks of a place show them.
struct Shown {
  Local local;
  bool daily = false;  ///< meant every day: `today`, `yesterday`
};

std::string text_of(Local local) {
  return date::format("%F %T", local);
}
std::string offset_text(std::chrono::seconds offset) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(offset).count();
  return fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', std::abs(minutes) / 60,
                     std::abs(minutes) % 60);
}

Answer in_zone(const Shown& shown, const date::time_zone& zone) {
  const auto info = zone.get_info(shown.local);
  if (info.result == date::local_info::unique) return Moment{at(zone.to_sys(shown.local)), ""};
  const bool gap = info.result == date::local_info::nonexistent;
  const std::string what = fmt::format("{} {} in {}", text_of(shown.local),
                                       gap ? "does not exist" : "is there twice", zone.name());
  if (!shown.daily)
    return Fault{fmt::format("{}: write it with {} or {}", what, offset_text(info.first.offset),
                             offset_text(info.second.offset))};
  if (gap) return Moment{at(info.first.end), what + ": the moment after the gap is taken"};
  return Moment{at(date::sys_seconds(shown.local.time_since_epoch()) - info.first.offset),
                what + ": the first is taken"};
}

/// The day that `word` names where this zone's clocks are, at `now`.
std::optional<Shown> shown_of(std::string_view word, const Clock& clock, const date::time_zone* zone,
                              base::Time now) {
  Shown shown;
  if (const auto day = day_of(word)) {
    shown.local = date::local_days(*day);
  } else if (word == "today" || word == "yesterday") {
    const auto sys = date::floor<std::chrono::seconds>(now);
    const auto local = zone == nullptr ? Local(sys.time_since_epoch()) : zone->to_local(sys);
    shown = {date::floor<date::days>(local) - date::days(word == "yesterday" ? 1 : 0), true};
  } else {
    return std::nullopt;
  }
  shown.local += std::chrono::hours(clock.hour) + std::chrono::minutes(clock.minute) +
                 std::chrono::seconds(clock.second);
  return shown;
}

Answer calendar_moment(std::string_view text, base::Time now) {
  const auto words = base::split_list(text, ' ');
  if (words.size() < 2) return Fault{fmt::format("is no time: {}", forms)};
  const auto clock = clock_of(words[1]);
  if (!clock) return Fault{fmt::format("'{}' is no time of a day, as 23:00 or 23:00:05", words[1])};
  if (words.size() == 2) return Fault{fmt::format("has no zone: {}", forms)};
  if (words.size() > 3) return Fault{fmt::format("'{}' is too much: {}", words[3], forms)};
  const auto offset = offset_of(words[2]);
  const auto* zone = offset ? nullptr : zone_of(words[2]);
  if (!offset && zone == nullptr)
    return Fault{fmt::format("'{}' is no zone, as Europe/Berlin, UTC or +01:00", words[2])};
  const auto shown = shown_of(words[0], *clock, zone, now + offset.value_or(std::chrono::minutes(0)));
  if (!shown) return Fault{fmt::format("'{}' is no day: {}", words[0], forms)};
  if (offset) return Moment{at(date::sys_seconds(shown->local.time_since_epoch()) - *offset), ""};
  return in_zone(*shown, *zone);
}

}  // namespace

Answer read_moment(std::string_view text, base::Time now) {
  text = base::trim(text);
  if (text.starts_with('-')) {
    const auto before = parse_duration(text.substr(1));
    if (!before) return Fault{fmt::format("is no time: {}", forms)};
    return Moment{now - *before, ""};
  }
  if (const auto iso = base::parse_iso_offset(text)) return Moment{*iso, ""};
  return calendar_moment(text, now);
}

}  // namespace shortfile
