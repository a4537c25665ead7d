// Which source it is: the AWS CLI's order.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "aws/sources.h"
#include "base/error.h"
#include "base/text.h"

namespace aws {
namespace {

constexpr const char* our_session_name = "dbrefresh";

Credentials keys_of(const Section& values, const char* id, const char* secret, const char* token,
                    std::string origin) {
  Credentials out{.access_key_id = value_of(values, id),
                  .secret_key = base::Secret(value_of(values, secret)),
                  .session_token = base::Secret(value_of(values, token)),
                  .origin = std::move(origin)};
  if (!out.access_key_id.empty() && out.secret_key.empty())
    throw base::Error("InvalidConfig", fmt::format("{} has an access key, but no secret one", out.origin),
                      fmt::format("set {}", secret));
  return out;
}

Credentials environment_keys(const Environment& environment) {
  return keys_of(environment, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                 "the environment");
}

std::chrono::seconds duration_of(const Section& profile, const std::string& origin) {
  const std::string text = value_of(profile, "duration_seconds");
  int seconds = 3600;
  if (text.empty()) return std::chrono::seconds{seconds};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size())
    throw base::Error("InvalidConfig", fmt::format("duration_seconds of {} is '{}'", origin, text),
                      "give a number");
  return std::chrono::seconds{seconds};
}

/// Follows profiles to where keys are.
class Search {
 public:
  Search(const Config& config, Sender& sender) : config_(config), sender_(sender) {}

  Source run() {
    const Environment& environment = config_.environment;
    if (!config_.profile_was_asked_for)
      if (Credentials keys = environment_keys(environment); !keys.access_key_id.empty())
        return fixed_credentials(std::move(keys));
    const Section* profile = config_.files.profile(config_.profile);
    if (profile != nullptr && is_role(*profile)) return of_profile(config_.profile);
    if (!config_.profile_was_asked_for && !value_of(environment, "AWS_WEB_IDENTITY_TOKEN_FILE").empty())
      return web_identity_of_environment();
    if (Source source = of_profile(config_.profile)) return source;
    if (!value_of(environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").empty() ||
        !value_of(environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI").empty())
      return container_credentials(environment);
    return instance_credentials(environment);
  }

 private:
  static bool is_role(const Section& profile) {
    return !value_of(profile, "role_arn").empty() && value_of(profile, "web_identity_token_file").empty();
  }
  static std::string origin_of(const std::string& name) { return fmt::format("the profile '{}'", name); }

  [[noreturn]] static void refuse(const std::string& name, const std::string& what, const std::string& hint) {
    throw base::Error("InvalidConfig", fmt::format("{} {}", origin_of(name), what), hint);
  }

  /// null where the profile has nothing to do with credentials, or is not there and nobody asked for it.
  Source of_profile(const std::string& name) {
    const Section* profile = config_.files.profile(name);
    if (profile == nullptr && name == "default" && !config_.profile_was_asked_for) return nullptr;
    if (profile == nullptr)
      throw base::Error("ProfileNotFound", fmt::format("there is no profile '{}'", name),
                        "aws configure list-profiles names them");
    if (std::ranges::find(visited_, name) != visited_.end()) return of_visited(name, *profile);
    visited_.push_back(name);
    if (is_role(*profile)) return role(name, *profile);
    return plain(name, *profile);
  }

  /// A role may name its own profile as the source of the keys that stand in it.
  Source of_visited(const std::string& name, const Section& profile) {
    if (visited_.back() == name)
      if (Credentials own = keys(name, profile); !own.access_key_id.empty())
        return fixed_credentials(std::move(own));
    refuse(name, fmt::format("is its own source_profile, by way of {}", fmt::join(visited_, ", ")),
           "let one of them have keys, sso_session or credential_source");
  }

  static Credentials keys(const std::string& name, const Section& profile) {
    return keys_of(profile, "aws_access_key_id", "aws_secret_access_key", "aws_session_token",
                   origin_of(name));
  }

  Source plain(const std::string& name, const Section& profile) {
    if (!value_of(profile, "web_identity_token_file").empty())
      return web_identity_credentials(role_of(name, profile), value_of(profile, "web_identity_token_file"),
                                      sender_);
    if (!value_of(profile, "sso_session").empty() || !value_of(profile, "sso_start_url").empty())
      return sso(name, profile);
    if (!value_of(profile, "login_session").empty())
      refuse(
          name, "has a login_session, which only the AWS CLI can renew",
          fmt::format("use a profile with credential_process = aws configure export-credentials --profile {} "
                      "--format process",
                      name));
    if (Credentials found = keys(name, profile); !found.access_key_id.empty())
      return fixed_credentials(std::move(found));
    if (const std::string command = value_of(profile, "credential_process"); !command.empty())
      return process_credentials(command, config_.environment, origin_of(name));
    return nullptr;
  }

  Role role_of(const std::string& name, const Section& profile) const {
    const std::string session = value_of(profile, "role_session_name");
    return {.arn = value_of(profile, "role_arn"),
            .session_name = session.empty() ? our_session_name : session,
            .external_id = value_of(profile, "external_id"),
            .region = config_.region.empty() ? value_of(profile, "region") : config_.region,
            .duration = duration_of(profile, origin_of(name))};
  }

  Source role(const std::string& name, const Section& profile) {
    const std::string from = value_of(profile, "source_profile"),
                      place = value_of(profile, "credential_source");
    if (!value_of(profile, "mfa_serial").empty())
      refuse(name, "wants a code of an MFA device, which nobody can type here",
             "use aws sso login, or a role that needs no MFA");
    if (from.empty() == place.empty())
      refuse(name, "has a role_arn, and not one of source_profile and credential_source",
             "give it one of them");
    Source base = from.empty() ? of_place(name, place) : of_profile(from);
    if (base == nullptr)
      refuse(from, "has no credentials", fmt::format("{} takes a role with them", origin_of(name)));
    return role_credentials(role_of(name, profile), std::make_unique<Refreshing>(std::move(base)), sender_);
  }

  Source of_place(const std::string& name, const std::string& place) {
    if (place == "Ec2InstanceMetadata") return instance_credentials(config_.environment);
    if (place == "EcsContainer") return container_credentials(config_.environment);
    if (place != "Environment")
      refuse(name, fmt::format("has the credential_source '{}'", place),
             "it can be Environment, Ec2InstanceMetadata or EcsContainer");
    Credentials found = environment_keys(config_.environment);
    if (found.access_key_id.empty())
      refuse(name, "has credential_source = Environment, where no keys are", "set AWS_ACCESS_KEY_ID");
    return fixed_credentials(std::move(found));
  }

  Source sso(const std::string& name, const Section& profile) {
    const std::string session_name = value_of(profile, "sso_session");
    const Section* session = session_name.empty() ? &profile : config_.files.sso_session(session_name);
    if (session == nullptr)
      refuse(name, fmt::format("names the sso-session '{}', which is nowhere", session_name),
             "run aws configure sso");
    Sso sso{.session = session_name,
            .start_url = value_of(*session, "sso_start_url"),
            .region = value_of(*session, "sso_region"),
            .account = value_of(profile, "sso_account_id"),
            .role = value_of(profile, "sso_role_name"),
            .folder = config_.files.folder() + "/sso/cache"};
    if (sso.region.empty() || sso.account.empty() || sso.role.empty() || sso.start_url.empty())
      refuse(name, "lacks one of sso_start_url, sso_region, sso_account_id and sso_role_name",
             "run aws configure sso");
    return sso_credentials(std::move(sso), sender_);
  }

  Source web_identity_of_environment() {
    const Environment& environment = config_.environment;
    const std::string session = value_of(environment, "AWS_ROLE_SESSION_NAME");
    Role role{.arn = value_of(environment, "AWS_ROLE_ARN"),
              .session_name = session.empty() ? our_session_name : session,
              .region = config_.region};
    if (role.arn.empty())
      throw base::Error("InvalidConfig", "AWS_WEB_IDENTITY_TOKEN_FILE is set, but not AWS_ROLE_ARN",
                        "set both");
    return web_identity_credentials(std::move(role), value_of(environment, "AWS_WEB_IDENTITY_TOKEN_FILE"),
                                    sender_);
  }

  const Config& config_;
  Sender& sender_;
  std::vector<std::string> visited_;
};

}  // namespace

Source find_credentials(const Config& config, Sender& sender) {
  return std::make_unique<Refreshing>(Search(config, sender).run());
}

}  // namespace aws
