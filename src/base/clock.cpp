#include "base/clock.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <condition_variable>
#include <mutex>

namespace base {
namespace {

using namespace std::chrono;

/// Takes exactly `digits` digits from the front of `text`.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  int value = 0;
  if (text.size() < digits) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc{} || end != text.data() + digits || text[0] == '-') return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// `YYYY-MM-DD<separator>HH:MM:SS`; leaves the rest in `text`.
std::optional<Time> take_date_time(std::string_view& text, std::string_view separators) {
  const auto y = take_number(text, 4);
  if (!y || !take_char(text, "-")) return std::nullopt;
  const auto mo = take_number(text, 2);
  if (!mo || !take_char(text, "-")) return std::nullopt;
  const auto d = take_number(text, 2);
  if (!d || !take_char(text, separators)) return std::nullopt;
  const auto h = take_number(text, 2);
  if (!h || !take_char(text, ":")) return std::nullopt;
  const auto mi = take_number(text, 2);
  if (!mi || !take_char(text, ":")) return std::nullopt;
  const auto s = take_number(text, 2);
  if (!s || *h > 23 || *mi > 59 || *s > 59) return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return std::nullopt;
  return Time{sys_days{date} + hours{*h} + minutes{*mi} + seconds{*s}};
}

/// `.123456789` in microseconds, or nothing there at all.
std::optional<microseconds> take_fraction(std::string_view& text) {
  if (!take_char(text, ".,")) return microseconds{0};
  std::int64_t nanos = 0, scale = 100'000'000;
  std::size_t digits = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9' && digits < 9; ++digits, scale /= 10) {
    nanos += (text[0] - '0') * scale;
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  return microseconds{nanos / 1000};
}

std::optional<minutes> take_offset(std::string_view& text) {
  if (take_char(text, "Zz")) return minutes{0};
  const bool west = !text.empty() && text[0] == '-';
  if (!take_char(text, "+-")) return std::nullopt;
  const auto h = take_number(text, 2);
  if (!h || !take_char(text, ":")) return std::nullopt;
  const auto m = take_number(text, 2);
  if (!m || *h > 18 || *m > 59) return std::nullopt;
  const minutes offset = hours{*h} + minutes{*m};
  return west ? -offset : offset;
}

}  // namespace

Time SystemClock::now() {
  return time_point_cast<microseconds>(system_clock::now());
}

bool SystemClock::sleep_until(Time deadline, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_until(lock, stop, deadline, [] { return false; });
  return !stop.stop_requested();
}

bool VirtualClock::sleep_until(Time deadline, std::stop_token stop) {
  if (stop.stop_requested()) return false;
  now_ = std::max(now_, deadline);
  return true;
}

/// Not by way of system_clock, whose nanoseconds end in the year 2262.
std::tm utc_calendar(Time time) {
  return fmt::gmtime(static_cast<std::time_t>(floor<seconds>(time).time_since_epoch().count()));
}

std::string iso_utc(Time time) {
  const auto ms = duration_cast<milliseconds>(time.time_since_epoch()).count() % 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", utc_calendar(time), ms < 0 ? ms + 1000 : ms);
}

std::string ledger_utc(Time time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", utc_calendar(time));
}

std::optional<Time> parse_ledger_utc(std::string_view text) {
  const auto time = take_date_time(text, " ");
  return text.empty() ? time : std::nullopt;
}

std::optional<Time> parse_iso_offset(std::string_view text) {
  const auto time = take_date_time(text, "Tt");
  if (!time) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return *time + *fraction - *offset;
}

std::string human_age(std::chrono::seconds age) {
  constexpr std::pair<std::int64_t, const char*> units[] = {
      {86'400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
  std::string text;
  int told = 0;
  std::int64_t left = age.count();
  for (const auto& [seconds, name] : units) {
    if (left < seconds || told == 2) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : " ", left / seconds, name);
    left %= seconds;
    ++told;
  }
  return text.empty() ? "0 s" : text;
}

std::string human_duration(microseconds duration) {
  const double s = duration_cast<std::chrono::duration<double>>(duration).count();
  if (s < 10) return fmt::format("{:.1f} s", s);
  if (s < 60) return fmt::format("{:.0f} s", s);
  const auto whole = static_cast<long>(s);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

}  // namespace base
