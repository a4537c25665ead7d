#include "provider/local/webhook.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "base/error.h"
#include "os/http.h"

namespace provider::local {
namespace {

constexpr std::string_view secret_prefix = "whsec_";
constexpr std::size_t shortest_key = 24, longest_key = 64;
constexpr int gone = 410;  // the receiver wants no more (Standard Webhooks, "Delivery")

std::string seconds_of(base::Time at) {
  return std::to_string(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
}

/// What goes to this host goes through no proxy, which would read what is not encrypted.
bool is_open(const std::string& url) {
  return url.starts_with("http://");
}

base::Error failed(const std::string& url, const std::string& why, bool retryable) {
  base::Error error("WebhookFailed", fmt::format("webhook {}: {}", url.substr(0, url.find('?')), why),
                    "look at notify.webhook of the refresh file, and at what listens there");
  error.retryable = retryable;
  return error;
}

}  // namespace

std::optional<base::Secret> webhook_key(const std::string& secret) {
  if (!secret.starts_with(secret_prefix)) return std::nullopt;
  auto key = base::from_base64(std::string_view(secret).substr(secret_prefix.size()));
  if (!key || key->size() < shortest_key || key->size() > longest_key) return std::nullopt;
  return base::Secret(*std::move(key));
}

std::string webhook_signature(const base::Secret& key, const std::string& id, base::Time at,
                              const std::string& body) {
  const auto signed_text = fmt::format("{}.{}.{}", id, seconds_of(at), body);
  return "v1," + base::base64(base::hmac_sha256(key.reveal(), signed_text));
}

void post_webhook(const std::string& url, const base::Secret& key, const std::string& id, base::Time at,
                  const std::string& body) {
  os::Http http;
  int status = 0;
  try {
    status = http.send({.method = "POST",
                        .url = url,
                        .headers = {{"Content-Type", "application/json"},
                                    {"User-Agent", "dbrefresh"},
                                    {"webhook-id", id},
                                    {"webhook-timestamp", seconds_of(at)},
                                    {"webhook-signature", webhook_signature(key, id, at, body)}},
                        .body = body,
                        .direct = is_open(url),
                        .within = std::chrono::seconds(10)},
                       {})
                 .status;
  } catch (const base::Error& error) {
    throw failed(url, error.message, true);
  }
  if (status / 100 != 2) throw failed(url, fmt::format("answered {}", status), status != gone);
}

}  // namespace provider::local
