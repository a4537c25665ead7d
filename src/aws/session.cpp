#include "aws/session.h"

#include <unistd.h>

#include "base/error.h"

namespace aws {
namespace {

using Environment = std::map<std::string, std::string, std::less<>>;

std::string value_of(const Environment& environment, std::string_view name) {
  const auto at = environment.find(name);
  return at == environment.end() ? "" : at->second;
}

class EnvironmentSource : public CredentialSource {
 public:
  explicit EnvironmentSource(const Environment& environment)
      : credentials_{.access_key_id = value_of(environment, "AWS_ACCESS_KEY_ID"),
                     .secret_key = base::Secret(value_of(environment, "AWS_SECRET_ACCESS_KEY")),
                     .session_token = base::Secret(value_of(environment, "AWS_SESSION_TOKEN")),
                     .origin = "the environment"} {}

  Credentials get(const base::Budget&) override {
    if (credentials_.access_key_id.empty() || credentials_.secret_key.empty())
      throw base::Error("NoCredentials", "no credentials for AWS in the environment",
                        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    return credentials_;
  }

 private:
  const Credentials credentials_;
};

/// AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_SECRETS_MANAGER: by our names of the services.
EndpointRules endpoints(const Environment& environment) {
  EndpointRules out;
  constexpr std::string_view prefix = "AWS_ENDPOINT_URL";
  for (const auto& [name, value] : environment)
    if (name == prefix) out.overrides[""] = value;
  return out;
}

}  // namespace

Environment Settings::process_environment() {
  Environment out;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view line = *each;
    const auto equals = line.find('=');
    if (equals != std::string_view::npos) out.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return out;
}

Session::Session(const Settings& settings) : region_(settings.region) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"})
    if (region_.empty()) region_ = value_of(settings.environment, name);
  options_.endpoints = endpoints(settings.environment);
  sender_ = std::make_unique<Sender>(options_);
  credentials_ = std::make_unique<EnvironmentSource>(settings.environment);
}

Session::~Session() = default;

}  // namespace aws
