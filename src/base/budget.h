// How long a call may take, and whom it tells.
#pragma once

#include <functional>
#include <stop_token>

#include "base/clock.h"
#include "base/note.h"

namespace base {

/// References must be valid during the call.
struct Budget {
  Clock& clock;
  Time until;            ///< the call answers by then
  std::stop_token stop;  ///< asked for: the call throws `Interrupted` within two seconds
  std::function<void(const Note&)> tell;
};

}  // namespace base
