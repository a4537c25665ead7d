// Who we are to AWS, and where that comes from.
#pragma once

#include <optional>
#include <string>

#include "base/budget.h"
#include "base/secret.h"

namespace aws {

struct Credentials {
  std::string access_key_id;
  base::Secret secret_key;
  base::Secret session_token;         ///< empty for a user's own keys
  std::optional<base::Time> expires;  ///< nothing: never by themselves
  std::string account;                ///< "" where the source does not say
  std::string origin;                 ///< for people: "the profile 'prod'"

  bool operator==(const Credentials&) const = default;
};

/// A place that gives credentials. Thread-safe.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  /// Credentials that are good now. Throws base::Error{"NoCredentials"} when the place is not set up for
  /// them, else whatever went wrong. `Interrupted` when the budget's stop is asked for.
  virtual Credentials get(const base::Budget& budget) = 0;
  /// The service has refused `refused` as expired: get() gives no longer what equals it, where it can.
  virtual void forget(const Credentials& refused) { static_cast<void>(refused); }
};

}  // namespace aws
