#include "os/mail.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <cstring>
#include <memory>

#include "base/error.h"
#include "base/text.h"

namespace os {
namespace {

struct Reading {
  std::string text;
  std::size_t at = 0;
};

std::size_t give(char* buffer, std::size_t size, std::size_t count, void* from) {
  auto& reading = *static_cast<Reading*>(from);
  const std::size_t bytes = std::min(size * count, reading.text.size() - reading.at);
  std::memcpy(buffer, reading.text.data() + reading.at, bytes);
  reading.at += bytes;
  return bytes;
}

}  // namespace

void send_mail(const Mail& mail) {
  const std::string text = mail_text(mail);
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  curl_slist* list = nullptr;
  for (const auto& each : mail.to) list = curl_slist_append(list, each.c_str());
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> recipients(list, curl_slist_free_all);
  Reading reading{text};
  CURL* handle = curl.get();
  curl_easy_setopt(handle, CURLOPT_URL, mail.url.c_str());
  curl_easy_setopt(handle, CURLOPT_MAIL_FROM, mail.from.c_str());
  curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(handle, CURLOPT_READFUNCTION, give);
  curl_easy_setopt(handle, CURLOPT_READDATA, &reading);
  curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT, 30L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  if (!mail.username.empty()) {
    curl_easy_setopt(handle, CURLOPT_USERNAME, mail.username.c_str());
    curl_easy_setopt(handle, CURLOPT_PASSWORD, mail.password.reveal().c_str());
    curl_easy_setopt(handle, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));  // a password only over TLS
  }
  const CURLcode code = curl_easy_perform(handle);
  if (code != CURLE_OK)
    throw base::Error(
        "MailFailed",
        fmt::format("mail to {} by {}: {}", base::join(mail.to, ", "), mail.url, curl_easy_strerror(code)),
        "look at smtp in settings.json");
}

}  // namespace os
