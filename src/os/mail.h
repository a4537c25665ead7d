// Mail by SMTP.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"

namespace os {

struct Mail {
  std::string url;  ///< smtp://host:port or smtps://host:port
  std::string from;
  std::vector<std::string> to;
  std::string username;
  base::Secret password;
  std::string id;  ///< the same for the same mail: who gets it twice can tell
  base::Time date{};
  std::string subject;  ///< UTF-8
  std::string body;     ///< UTF-8
};

/// Is it `name@host`, and nothing that a header or SMTP would read as anything else?
bool is_mail_address(std::string_view text);

/// The mail as it goes out (RFC 5322, MIME): lines end in CRLF, and are short enough for any server. Whatever
/// subject and body hold, no header comes of it. Throws MailFailed for an address that would break one.
std::string mail_text(const Mail& mail);

/// Hands a mail to a server; at most 30 s. Throws MailFailed with the server's words.
void send_mail(const Mail& mail);

}  // namespace os
