// Time, as an argument. The only room that reads a clock.
#pragma once

#include <chrono>
#include <ctime>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace base {

/// UTC, in microseconds since 1970.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

/// As a number, for files: microseconds since 1970.
constexpr std::int64_t micros(Time time) {
  return time.time_since_epoch().count();
}
constexpr Time from_micros(std::int64_t value) {
  return Time{std::chrono::microseconds{value}};
}

/// A source of time. Thread-safe. Tests give a simulated one (tests/simulation).
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() = 0;
  /// Returns true when `deadline` has come, false when `stop` was asked for first.
  virtual bool sleep_until(Time deadline, std::stop_token stop) = 0;
};

/// The machine's clock. Must outlive all who hold it.
class SystemClock : public Clock {
 public:
  Time now() override;
  bool sleep_until(Time deadline, std::stop_token stop) override;
};

/// A clock whose sleeps only move its hand: for waits that are to take no time. Not thread-safe.
class VirtualClock : public Clock {
 public:
  explicit VirtualClock(Time start) : now_(start) {}
  Time now() override { return now_; }
  bool sleep_until(Time deadline, std::stop_token stop) override;

 private:
  Time now_;
};

/// The day and the hour of a moment in UTC, of whatever year.
std::tm utc_calendar(Time time);
/// `2026-01-31T12:00:00.000Z`, the form of the context object and the journal.
std::string iso_utc(Time time);
/// `2026-01-31 12:00:00`, the form of the refresh file and the ledger.
std::string ledger_utc(Time time);
/// Reads what ledger_utc writes, and nothing else (`2026-02-30 …` is no time).
std::optional<Time> parse_ledger_utc(std::string_view text);
/// Reads an ISO-8601 extended offset date-time (RFC 3339 with `T` and an offset or `Z`, up to nanoseconds),
/// the only form in which the Amazon States Language takes timestamps.
std::optional<Time> parse_iso_offset(std::string_view text);
/// `4.2 s`, `3 min 07 s`, `2 h 05 min`: for people.
std::string human_duration(std::chrono::microseconds duration);
/// `4 d 3 h`, `1 h`, `42 s`: the two largest units that are not 0, for people.
std::string human_age(std::chrono::seconds age);

}  // namespace base
