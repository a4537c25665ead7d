// What an error code means for whoever called: the classes of failures, by code and not by status.
#pragma once

#include <string_view>

namespace aws {

enum class Class {
  throttle,     ///< not carried out; later, yes
  transient,    ///< the service's or the network's fault: may have been carried out
  clock,        ///< our clock is wrong: not carried out
  credentials,  ///< those that we showed have expired: not carried out
  permission,   ///< we may not
  state,        ///< the thing is busy: later, perhaps
  capacity,     ///< AWS has none left
  quota,        ///< the account has none left
  other         ///< the request is wrong, or the thing is not there
};

/// `status` decides only where the code says nothing: 429 and 5xx. `message` tells an old signature from a
/// wrong one.
Class class_of(std::string_view code, int status, std::string_view message);

/// Can the same call work a moment later?
bool is_retryable(Class kind);

/// What to do about it; never "".
std::string_view advice(Class kind);

}  // namespace aws
