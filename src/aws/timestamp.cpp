#include "aws/timestamp.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <ctime>

namespace aws {
namespace {

using namespace std::chrono;

long thousandths(base::Time time) {
  return static_cast<long>(floor<milliseconds>(time - floor<seconds>(time)).count());
}

/// `.25`: no more digits than are needed, "" for none.
std::string fraction(base::Time time) {
  if (thousandths(time) == 0) return "";
  std::string out = fmt::format(".{:03}", thousandths(time));
  while (out.ends_with('0')) out.pop_back();
  return out;
}

std::optional<base::Time> parse_epoch(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  constexpr double year_9999 = 253402300799.0;
  if (error != std::errc{} || end != text.data() + text.size() || !(std::abs(value) <= year_9999))
    return std::nullopt;
  return base::Time{microseconds{std::llround(value * 1e6)}};
}

/// `Sat, 31 Jan 2026 12:00:00 GMT`, and with a fraction of a second.
std::optional<base::Time> parse_rfc822(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  milliseconds part{0};
  if (*rest == '.') {
    int digits = 0;
    for (int scale = 100; *++rest >= '0' && *rest <= '9'; scale /= 10, ++digits)
      part += milliseconds{(*rest - '0') * scale};
    if (digits == 0) return std::nullopt;
  }
  if (std::string_view(rest) != " GMT") return std::nullopt;
  return base::Time{seconds{::timegm(&parts)} + part};
}

}  // namespace

std::string iso8601(base::Time time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}{}Z", base::utc_calendar(time), fraction(time));
}

std::string rfc822(base::Time time) {
  constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm parts = base::utc_calendar(time);
  return fmt::format("{}, {:02} {} {:04} {:%H:%M:%S} GMT", days[parts.tm_wday], parts.tm_mday,
                     months[parts.tm_mon], parts.tm_year + 1900, parts);
}

std::string epoch_seconds(base::Time time) {
  return fmt::format("{}{}", floor<seconds>(time).time_since_epoch().count(), fraction(time));
}

std::optional<base::Time> parse_time(std::string_view text) {
  if (const auto time = base::parse_iso_offset(text)) return time;
  if (const auto time = parse_epoch(text)) return time;
  return parse_rfc822(std::string(text));
}

}  // namespace aws
