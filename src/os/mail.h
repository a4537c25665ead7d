// Mail by SMTP.
#pragma once

#include <string>
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
  std::string subject;  ///< one line of ASCII
  std::string body;     ///< UTF-8
};

/// Hands a mail to a server; at most 30 s. Throws MailFailed with the server's words.
void send_mail(const Mail& mail);

}  // namespace os
