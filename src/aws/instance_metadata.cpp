// The EC2 instance's role, by IMDSv2 alone: a token first, then the role's name, then its credentials.
#include <fmt/format.h>

#include "aws/sources.h"
#include "base/error.h"
#include "base/text.h"

namespace aws {
namespace {

constexpr const char* nowhere =
    "no credentials for AWS: none in the environment, the profile, a container or an EC2 instance";
constexpr const char* what_to_do =
    "set AWS_PROFILE or give --profile, run aws sso login, or set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY";

class Instance : public CredentialSource {
 public:
  explicit Instance(const Environment& environment)
      : is_disabled_(base::lower(value_of(environment, "AWS_EC2_METADATA_DISABLED")) == "true"),
        endpoint_(value_of(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT")) {
    const bool is_v6 = base::lower(value_of(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")) == "ipv6";
    if (endpoint_.empty()) endpoint_ = is_v6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
    while (endpoint_.ends_with('/')) endpoint_.pop_back();
  }

  Credentials get(const base::Budget& budget) override {
    if (is_disabled_) throw base::Error("NoCredentials", nowhere, what_to_do);
    const std::string token =
        ask("PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds", "21600"}, budget);
    const std::string folder = "/latest/meta-data/iam/security-credentials/";
    const std::string role(base::trim(ask("GET", folder, {"X-aws-ec2-metadata-token", token}, budget)));
    return parse_credentials(ask("GET", folder + role, {"X-aws-ec2-metadata-token", token}, budget),
                             fmt::format("the EC2 instance's role {}", role));
  }

 private:
  std::string ask(const char* method, const std::string& path, std::pair<std::string, std::string> header,
                  const base::Budget& budget) {
    const auto response = send({.method = method,
                                .url = endpoint_ + path,
                                .headers = {std::move(header)},
                                .direct = true,
                                .connect_within = std::chrono::seconds{1},
                                .within = std::chrono::seconds{2}},
                               budget);
    if (response.status == 200) return response.body;
    base::Error error(
        "NoCredentials",
        fmt::format("the instance metadata answers {} with HTTP status {}", path, response.status),
        response.status == 404 ? "the EC2 instance has no role" : what_to_do);
    error.retryable = response.status >= 500;
    throw error;
  }

  /// Off EC2 nobody answers there.
  os::HttpResponse send(const os::HttpRequest& request, const base::Budget& budget) {
    try {
      return http_.send(request, budget.stop);
    } catch (const base::Error& error) {
      if (error.code == "Interrupted") throw;
      throw base::Error("NoCredentials", fmt::format("{} ({})", nowhere, error.message), what_to_do);
    }
  }

  const bool is_disabled_;
  std::string endpoint_;
  os::Http http_;
};

}  // namespace

Source instance_credentials(const Environment& environment) {
  return std::make_unique<Instance>(environment);
}

}  // namespace aws
