// HTTP/1.1 over TCP and TLS: one request, one answer.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace os {

struct HttpRequest {
  std::string method = "GET";
  std::string url;  ///< http or https; sent as it is
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// Sent at most once: never again by itself over a second connection when the first one turns out dead.
  bool once = false;
  bool direct = false;  ///< through no proxy, whatever the environment says: for link-local addresses
  std::chrono::milliseconds connect_within{5'000};
  std::chrono::milliseconds within{30'000};  ///< from here to the last byte of the answer
  std::string certificates;                  ///< a file of trusted authorities; "": the system's
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;

  /// The first header of this name (in lower case), or "".
  std::string_view header(std::string_view name) const;
};

/// Connections that are kept for the next request. Thread-safe. Obeys http_proxy, HTTPS_PROXY, ALL_PROXY and
/// NO_PROXY as curl does; verifies certificates, always; follows no redirect; takes 64 MiB at most.
class Http {
 public:
  Http();
  ~Http();

  /// Whatever status is answered is an answer. Throws base::Error where there is none: `ConnectionFailed`
  /// (retryable; maybe_delivered where bytes of the request had gone out), `CertificateRejected`,
  /// `ResponseTooLarge`, `InvalidUrl`, and `Interrupted` soon after `stop` is asked for (maybe_delivered as
  /// above). No message holds a header, a query or a body.
  HttpResponse send(const HttpRequest& request, const std::stop_token& stop);

 private:
  struct Line;
  std::unique_ptr<Line> take();
  void give_back(std::unique_ptr<Line> line);

  std::mutex mutex_;
  std::vector<std::unique_ptr<Line>> idle_;
};

}  // namespace os
