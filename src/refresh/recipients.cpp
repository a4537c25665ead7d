#include "refresh/recipients.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "os/mail.h"

namespace refresh {
namespace {

bool wants(const Recipients& recipients, std::string_view outcome) {
  const auto& on = recipients.on;
  if (on.empty()) return outcome != "succeeded";
  return std::ranges::find(on, outcome) != on.end() ||
         (outcome == "not_put_back" && std::ranges::find(on, "failed") != on.end());
}

/// Of `https://host:port/path`; "" where there is none.
std::string host_in(std::string_view after_scheme) {
  const auto authority = after_scheme.substr(0, after_scheme.find_first_of("/?#"));
  if (authority.starts_with('[')) {
    const auto end = authority.find(']') + 1;
    const bool whole = end > 0 && (end == authority.size() || authority[end] == ':');
    return whole ? std::string(authority.substr(0, end)) : "";
  }
  return base::lower(authority.substr(0, authority.find(':')));
}

}  // namespace

Recipients recipients_of(const Json& member) {
  return {.topic = member.value("topicarn", ""),
          .to = member.value("mailto", std::vector<std::string>{}),
          .webhook = member.value("webhookurl", ""),
          .webhook_secret = member.value("webhooksecret", ""),
          .on = member.value("tellon", std::vector<std::string>{})};
}

void address(provider::Message& message, const Recipients& recipients, std::string_view outcome) {
  message.topic = recipients.topic;
  message.type = fmt::format("refresh.{}", outcome);
  if (!wants(recipients, outcome)) return;
  message.to = recipients.to;
  message.webhook = recipients.webhook;
  message.webhook_secret = recipients.webhook_secret;
}

std::string address_fault(const std::string& address) {
  return os::is_mail_address(address) ? "" : fmt::format("'{}' is no address, as dba@example.com", address);
}

std::string webhook_fault(const std::string& url) {
  const bool plain = std::ranges::all_of(url, [](char c) { return c > ' ' && c <= '~'; });
  const bool secure = url.starts_with("https://"), open = url.starts_with("http://");
  const std::string_view rest = std::string_view(url).substr(secure ? 8 : open ? 7 : 0);
  const auto host = host_in(rest);
  if (!plain || (!secure && !open) || host.empty())
    return "must be an URL, as https://hooks.example.com/refresh";
  if (rest.substr(0, rest.find_first_of("/?#")).find('@') != std::string_view::npos)
    return "has a user or a password in it, which has no place in a file";
  const bool here = host == "127.0.0.1" || host == "[::1]" || host == "localhost";
  if (open && !here) return "is not encrypted: https:// is demanded, but to 127.0.0.1, [::1] and localhost";
  return "";
}

}  // namespace refresh
