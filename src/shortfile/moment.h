// Points in time as people write them.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"

namespace shortfile {

struct Moment {
  base::Time time;
  std::string note;  ///< what was chosen where a day's clocks changed; "" for nearly all
};

/// What is wrong with a text, to be said after the name of what it stands in.
struct Fault {
  std::string message;
};

/// `-15m` before `now`; `yesterday 23:00 Europe/Berlin`, `today 03:00 UTC`; `2026-01-31 23:00 Europe/Berlin`,
/// `2026-01-31 23:00:05 UTC`, `2026-01-31T23:00:05+01:00`. There is no time without a zone: a name of the tz
/// database, UTC, or an offset.
///
/// When clocks are put forward some times do not exist, and when they are put back some are there twice. Of a
/// date that somebody has written that is a fault, whose message has the offsets to choose from; `today` and
/// `yesterday` are for files that are used every day: they mean the end of the gap, and the first of two.
std::variant<Moment, Fault> read_moment(std::string_view text, base::Time now);

}  // namespace shortfile
