// IAM Identity Center: the token that `aws sso login` left, exchanged for a role's credentials.
#include <fmt/format.h>

#include "aws/sources.h"
#include "aws/timestamp.h"
#include "base/digest.h"
#include "base/error.h"
#include "os/files.h"

namespace aws {
namespace {

using base::Json;
using namespace std::chrono;

std::string text(const Json& from, const char* name) {
  const auto at = from.find(name);
  return at != from.end() && at->is_string() ? at->get<std::string>() : std::string();
}

class SingleSignOn : public CredentialSource {
 public:
  SingleSignOn(Sso sso, Sender& sender) : sso_(std::move(sso)), sender_(sender) {}

  Credentials get(const base::Budget& budget) override {
    const std::string token = access_token(budget);
    const Json output =
        sender_.send({"sso",
                      "GetRoleCredentials",
                      {{"accountId", sso_.account}, {"roleName", sso_.role}, {"accessToken", token}}},
                     sso_.region, nullptr, budget);
    return read(output.value("roleCredentials", Json::object()));
  }

 private:
  os::fs::path cache() const {
    return os::fs::path(sso_.folder) /
           (base::hex(base::sha1(sso_.session.empty() ? sso_.start_url : sso_.session)) + ".json");
  }

  [[noreturn]] void refuse(const char* why) const {
    throw base::Error("NoCredentials",
                      fmt::format("the session '{}' of IAM Identity Center {}",
                                  sso_.session.empty() ? sso_.start_url : sso_.session, why),
                      sso_.session.empty() ? "run aws sso login"
                                           : fmt::format("run aws sso login --sso-session {}", sso_.session));
  }

  std::string access_token(const base::Budget& budget) const {
    std::error_code ignored;
    if (!os::fs::exists(cache(), ignored)) refuse("has no token");
    const Json token = Json::parse(os::read_file(cache()), nullptr, false);
    if (!token.is_object() || text(token, "accessToken").empty()) refuse("has no token that can be read");
    const auto ends = parse_time(text(token, "expiresAt"));
    const base::Time now = budget.clock.now();
    if (ends && now + minutes{1} < *ends) return text(token, "accessToken");
    if (!can_be_renewed(token, now)) refuse("has ended");
    return renewed(token, budget);
  }

  bool can_be_renewed(const Json& token, base::Time now) const {
    const auto registered = parse_time(text(token, "registrationExpiresAt"));
    return !sso_.session.empty() && !text(token, "refreshToken").empty() &&
           !text(token, "clientId").empty() && registered && now < *registered;
  }

  /// Written back: the old token for renewing may be of no use any more.
  std::string renewed(Json token, const base::Budget& budget) const {
    const Json output = sender_.send({"sso-oidc",
                                      "CreateToken",
                                      {{"clientId", text(token, "clientId")},
                                       {"clientSecret", text(token, "clientSecret")},
                                       {"grantType", "refresh_token"},
                                       {"refreshToken", text(token, "refreshToken")}}},
                                     sso_.region, nullptr, budget);
    token["accessToken"] = text(output, "accessToken");
    token["expiresAt"] = iso8601(floor<seconds>(budget.clock.now()) + seconds{output.value("expiresIn", 0)});
    if (!text(output, "refreshToken").empty()) token["refreshToken"] = text(output, "refreshToken");
    if (text(output, "accessToken").empty()) refuse("was not renewed");
    os::write_file_atomic(cache(), token.dump(2), 0600);
    return text(token, "accessToken");
  }

  /// The answer has milliseconds since 1970.
  base::Time expiry(std::optional<std::int64_t> given) const {
    constexpr std::int64_t year_9999 = 253402300799000;
    if (!given || *given < 0 || *given > year_9999) refuse("gave credentials that expire at no time");
    return base::Time{milliseconds{*given}};
  }

  Credentials read(const Json& given) const {
    Credentials out{.access_key_id = text(given, "accessKeyId"),
                    .secret_key = base::Secret(text(given, "secretAccessKey")),
                    .session_token = base::Secret(text(given, "sessionToken")),
                    .expires = expiry(base::integer(given.value("expiration", Json(0)))),
                    .account = sso_.account,
                    .origin = fmt::format("IAM Identity Center: {} in {}", sso_.role, sso_.account)};
    if (out.access_key_id.empty() || out.secret_key.empty()) refuse("gave no credentials");
    return out;
  }

  const Sso sso_;
  Sender& sender_;
};

}  // namespace

Source sso_credentials(Sso sso, Sender& sender) {
  return std::make_unique<SingleSignOn>(std::move(sso), sender);
}

}  // namespace aws
