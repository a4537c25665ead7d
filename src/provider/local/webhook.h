// Posts that are signed by the rules of Standard Webhooks (https://www.standardwebhooks.com), version 1.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/secret.h"

namespace provider::local {

/// The key in a secret as it is handed out, `whsec_` and base64; nothing of any other, and of one that is
/// shorter than 24 or longer than 64 bytes.
std::optional<base::Secret> webhook_key(const std::string& secret);

/// The value of `webhook-signature` for what is posted under this id at this moment.
std::string webhook_signature(const base::Secret& key, const std::string& id, base::Time at,
                              const std::string& body);

/// A POST of JSON, once, in ten seconds at most; no redirect is followed. Throws WebhookFailed, retryable
/// where a later try may succeed. The error has no query of the URL.
void post_webhook(const std::string& url, const base::Secret& key, const std::string& id, base::Time at,
                  const std::string& body);

}  // namespace provider::local
