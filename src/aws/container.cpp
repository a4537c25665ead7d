// The containers' credentials: ECS tasks and EKS Pod Identity (AWS SDKs Reference, "Container credential
// provider").
#include <fmt/format.h>

#include <algorithm>

#include "aws/sources.h"
#include "base/error.h"
#include "base/text.h"
#include "os/files.h"

namespace aws {
namespace {

/// Who may be asked without TLS: this host, and the link-local addresses of ECS and EKS.
constexpr std::string_view plain_hosts[] = {"localhost",     "127.0.0.1",      "[::1]",
                                            "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};

std::string name_of_host(const std::string& url) {
  const std::string host = host_of(url.substr(0, url.find('?')));
  const auto port = host.rfind(':');
  return port == std::string::npos || host.ends_with(']') ? host : host.substr(0, port);
}

bool is_trusted(const std::string& url) {
  if (url.starts_with("https://")) return true;
  const std::string host = url.starts_with("http://") ? name_of_host(url) : "";
  return std::ranges::find(plain_hosts, host) != std::end(plain_hosts);
}

class Container : public CredentialSource {
 public:
  Container(const Environment& environment, const std::string& host)
      : url_(value_of(environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")),
        token_file_(value_of(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")),
        token_(value_of(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN")) {
    url_ = url_.empty() ? value_of(environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI") : host + url_;
    if (!is_trusted(url_))
      throw base::Error("InvalidConfig",
                        fmt::format("AWS_CONTAINER_CREDENTIALS_FULL_URI names '{}'", name_of_host(url_)),
                        "without https only this host and those of ECS and EKS may be asked");
  }

  Credentials get(const base::Budget& budget) override {
    os::HttpRequest request{.url = url_,
                            .direct = true,
                            .connect_within = std::chrono::seconds{2},
                            .within = std::chrono::seconds{5}};
    if (const std::string token = this->token(); !token.empty())
      request.headers.emplace_back("Authorization", token);
    const auto response = http_.send(request, budget.stop);
    if (response.status == 200) return parse_credentials(response.body, "the container's role");
    base::Error error(
        "NoCredentials",
        fmt::format("the container's credentials at {}: HTTP status {}", name_of_host(url_), response.status),
        "look at the task's role, or at the Pod Identity Agent");
    error.retryable = response.status >= 500;
    throw error;
  }

 private:
  /// A line break in it would be a header of its own.
  std::string token() const {
    const std::string token(token_file_.empty() ? token_.reveal()
                                                : base::trim(os::read_file(token_file_, 64U << 10U)));
    if (token.find_first_of("\r\n") == std::string::npos) return token;
    throw base::Error("InvalidConfig", "the container's authorization token has more than one line",
                      "look at AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  }

  std::string url_, token_file_;
  const base::Secret token_;
  os::Http http_;
};

}  // namespace

Source container_credentials(const Environment& environment, const std::string& host) {
  return std::make_unique<Container>(environment, host);
}

}  // namespace aws
