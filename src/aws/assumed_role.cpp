// Roles: AssumeRole and AssumeRoleWithWebIdentity of STS.
#include <fmt/format.h>

#include "aws/sources.h"
#include "aws/timestamp.h"
#include "base/error.h"
#include "base/text.h"
#include "os/files.h"

namespace aws {
namespace {

/// STS is asked in this Region where nothing says one.
constexpr const char* fallback_region = "us-east-1";
constexpr std::uintmax_t largest_token = 64U << 10U;

Call call_of(const char* operation, const Role& role) {
  Call call{"sts",
            operation,
            {{"RoleArn", role.arn},
             {"RoleSessionName", role.session_name},
             {"DurationSeconds", role.duration.count()}}};
  if (!role.external_id.empty()) call.input["ExternalId"] = role.external_id;
  call.region = role.region.empty() ? fallback_region : role.region;
  return call;
}

/// `arn:aws:iam::123456789012:role/name`
std::string account_of(const std::string& arn) {
  std::size_t at = 0;
  for (int colons = 0; colons < 4 && at != std::string::npos; ++colons) at = arn.find(':', at) + 1;
  return arn.substr(at, arn.find(':', at) - at);
}

Credentials read(const base::Json& output, const Role& role) {
  const base::Json given = output.value("Credentials", base::Json::object());
  Credentials out{.access_key_id = given.value("AccessKeyId", ""),
                  .secret_key = base::Secret(given.value("SecretAccessKey", "")),
                  .session_token = base::Secret(given.value("SessionToken", "")),
                  .expires = parse_time(given.value("Expiration", "")),
                  .account = account_of(role.arn),
                  .origin = fmt::format("the role {}", role.arn)};
  if (out.access_key_id.empty() || out.secret_key.empty() || !out.expires)
    throw base::Error("InvalidCredentials", fmt::format("STS gave no credentials for the role {}", role.arn));
  return out;
}

class Assumed : public CredentialSource {
 public:
  Assumed(Role role, Source kept, CredentialSource& base, Sender& sender)
      : role_(std::move(role)), kept_(std::move(kept)), base_(base), sender_(sender) {}

  Credentials get(const base::Budget& budget) override {
    const Call call = call_of("AssumeRole", role_);
    return read(sender_.send(call, call.region, &base_, budget), role_);
  }

 private:
  const Role role_;
  const Source kept_;
  CredentialSource& base_;
  Sender& sender_;
};

class WebIdentity : public CredentialSource {
 public:
  WebIdentity(Role role, std::string file, Sender& sender)
      : role_(std::move(role)), file_(std::move(file)), sender_(sender) {}

  Credentials get(const base::Budget& budget) override {
    Call call = call_of("AssumeRoleWithWebIdentity", role_);
    call.input["WebIdentityToken"] = base::trim(os::read_file(file_, largest_token));
    return read(sender_.send(call, call.region, nullptr, budget), role_);
  }

 private:
  const Role role_;
  const std::string file_;
  Sender& sender_;
};

}  // namespace

Source role_credentials(Role role, Source base, Sender& sender) {
  CredentialSource& owner = *base;
  return std::make_unique<Assumed>(std::move(role), std::move(base), owner, sender);
}

Source role_credentials(Role role, CredentialSource& owner, Sender& sender) {
  return std::make_unique<Assumed>(std::move(role), nullptr, owner, sender);
}

Source web_identity_credentials(Role role, std::string token_file, Sender& sender) {
  return std::make_unique<WebIdentity>(std::move(role), std::move(token_file), sender);
}

}  // namespace aws
