// Whom a refresh file wants to hear of its runs, and of which of them.
#pragma once

#include "refresh/step.h"

namespace refresh {

/// What can be told: a run that is not put back has failed, too; late is a target whose data is older than it
/// may be.
inline constexpr std::string_view outcomes = "succeeded|failed|refused|not_put_back|late";

struct Recipients {
  std::string topic;            ///< hears of every run
  std::vector<std::string> to;  ///< addresses
  std::string webhook, webhook_secret;
  std::vector<std::string> on;  ///< of `outcomes`; none: all but succeeded
};

/// Of the member that says them, normalised; nobody of an empty object.
Recipients recipients_of(const Json& member);
/// Gives a message to those who want to hear of this outcome.
void address(provider::Message& message, const Recipients& recipients, std::string_view outcome);

/// Why nobody can be told by this: "" if they can. A webhook must be https, but on this host, and its URL
/// holds no password.
std::string address_fault(const std::string& address);
std::string webhook_fault(const std::string& url);

}  // namespace refresh
