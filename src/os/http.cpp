#include "os/http.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/text.h"

namespace os {
namespace {

constexpr std::size_t largest_answer = 64U << 20U;
constexpr std::size_t most_idle = 16;

using Handle = std::unique_ptr<CURL, void (*)(CURL*)>;
using List = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* to) {
  auto& response = *static_cast<HttpResponse*>(to);
  if (response.body.size() + size * count > largest_answer) return 0;
  response.body.append(data, size * count);
  return size * count;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* to) {
  auto& response = *static_cast<HttpResponse*>(to);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) response.headers.clear();  // those of an interim answer
  if (const auto colon = line.find(':'); colon != std::string_view::npos)
    response.headers.emplace_back(base::lower(line.substr(0, colon)),
                                  std::string(base::trim(line.substr(colon + 1))));
  return size * count;
}

/// Scheme, host and path: queries may hold tokens.
std::string place(const std::string& url) {
  return url.substr(0, url.find('?'));
}

List header_list(const HttpRequest& request) {
  curl_slist* list = nullptr;
  for (const auto& [name, value] : request.headers)
    list = curl_slist_append(list, (value.empty() ? name + ";" : name + ": " + value).c_str());
  // What curl would add by itself: a signed request is sent as it was signed, and no answer is waited for
  // before the body goes out.
  for (const char* unwanted : {"Expect:", "Accept:"})
    if (std::ranges::none_of(request.headers, [&](const auto& header) {
          return base::lower(header.first) + ":" == base::lower(unwanted);
        }))
      list = curl_slist_append(list, unwanted);
  const bool typed = std::ranges::any_of(
      request.headers, [](const auto& header) { return base::lower(header.first) == "content-type"; });
  if (!typed) list = curl_slist_append(list, "Content-Type:");
  return {list, curl_slist_free_all};
}

void set_method(CURL* curl, const HttpRequest& request) {
  const bool bodiless = request.method == "GET" || request.method == "HEAD";
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.method == "HEAD") curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  if (bodiless && request.body.empty()) return;
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
}

/// Where libcurl of Debian looks, and, on other systems, where theirs are; "": libcurl knows best.
std::string authorities() {
  std::error_code ignored;
  if (std::filesystem::exists("/etc/ssl/certs/ca-certificates.crt", ignored)) return "";
  constexpr const char* elsewhere = "/etc/pki/tls/certs/ca-bundle.crt";  // Amazon Linux
  return std::filesystem::exists(elsewhere, ignored) ? elsewhere : "";
}

void prepare(CURL* curl, const HttpRequest& request, const curl_slist* headers, HttpResponse& response) {
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_within.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.within.count()));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &response);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &response);
  curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (request.direct) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  const std::string trusted = request.certificates.empty() ? authorities() : request.certificates;
  if (!trusted.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, trusted.c_str());
  // A kept connection that the peer has closed is found out only by using it, and curl sends again then.
  if (request.once) curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
  set_method(curl, request);
}

/// Did bytes of the request reach the kernel for an established connection?
bool has_gone_out(CURL* curl) {
  long bytes = 0;
  curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &bytes);
  return bytes > 0;
}

base::Error certificate_error(const HttpRequest& request, const std::string& why) {
  return {"CertificateRejected",
          fmt::format("{}: the server's certificate is not trusted: {}", place(request.url), why),
          "look at the proxy between, or name its authority's file in AWS_CA_BUNDLE"};
}

base::Error failure(CURLcode code, CURL* curl, const HttpRequest& request, const char* detail) {
  const std::string why = *detail != '\0' ? detail : curl_easy_strerror(code);
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
    return certificate_error(request, why);
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
    return {"InvalidUrl", fmt::format("'{}': {}", place(request.url), why), "give an http or https URL"};
  base::Error error("ConnectionFailed", fmt::format("{}: {}", place(request.url), why),
                    "look at the network, the proxy (HTTPS_PROXY, NO_PROXY) and the endpoint's name");
  error.retryable = true;
  error.maybe_delivered = has_gone_out(curl);
  if (code == CURLE_WRITE_ERROR) {
    error.code = "ResponseTooLarge";
    error.message =
        fmt::format("{}: answered more than {}", place(request.url), base::human_bytes(largest_answer));
    error.retryable = false;
  }
  return error;
}

base::Error interruption(CURL* curl) {
  base::Error error("Interrupted", "told to stop");
  error.maybe_delivered = has_gone_out(curl);
  return error;
}

}  // namespace

/// A multi handle keeps connections, and can be woken.
struct Http::Line {
  std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)> multi{curl_multi_init(), curl_multi_cleanup};

  /// nothing when `stop` was asked for first.
  std::optional<CURLcode> perform(CURL* curl, const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi.get()); });
    curl_multi_add_handle(multi.get(), curl);
    std::optional<CURLcode> result;
    for (int running = 1; running > 0 && !stop.stop_requested();) {
      curl_multi_perform(multi.get(), &running);
      if (running > 0) curl_multi_poll(multi.get(), nullptr, 0, 1000, nullptr);
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left))
      if (message->msg == CURLMSG_DONE) result = message->data.result;
    curl_multi_remove_handle(multi.get(), curl);
    return result;
  }
};

Http::Http() = default;
Http::~Http() = default;

std::string_view HttpResponse::header(std::string_view name) const {
  const auto at = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
  return at == headers.end() ? std::string_view() : std::string_view(at->second);
}

std::unique_ptr<Http::Line> Http::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<Line>();
  auto line = std::move(idle_.back());
  idle_.pop_back();
  return line;
}

void Http::give_back(std::unique_ptr<Line> line) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < most_idle) idle_.push_back(std::move(line));
}

HttpResponse Http::send(const HttpRequest& request, const std::stop_token& stop) {
  HttpResponse response;
  const Handle curl(curl_easy_init(), curl_easy_cleanup);
  const List headers = header_list(request);
  prepare(curl.get(), request, headers.get(), response);
  char detail[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, detail);
  auto line = take();
  const auto result = line->perform(curl.get(), stop);
  if (!result) throw interruption(curl.get());
  if (*result != CURLE_OK) throw failure(*result, curl.get(), request, detail);
  give_back(std::move(line));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  return response;
}

}  // namespace os
