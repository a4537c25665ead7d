#include "aws/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "aws/sources.h"
#include "base/error.h"
#include "base/text.h"

namespace aws {
namespace {

bool is_true(const std::string& text) {
  return base::lower(text) == "true";
}

std::string first_of(const Environment& environment, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (std::string value = value_of(environment, name); !value.empty()) return value;
  return "";
}

Config read_config(const Settings& settings) {
  Config out{.environment = settings.environment};
  out.profile_was_asked_for = !settings.profile.empty();
  out.profile = settings.profile.empty() ? first_of(out.environment, {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"})
                                         : settings.profile;
  const bool is_named = !out.profile.empty();
  if (!is_named) out.profile = "default";
  const Section* profile = out.files.profile(out.profile);
  if (is_named && profile == nullptr)
    throw base::Error("ProfileNotFound", fmt::format("there is no profile '{}'", out.profile),
                      "aws configure list-profiles names them");
  out.region = settings.region.empty() ? first_of(out.environment, {"AWS_REGION", "AWS_DEFAULT_REGION"})
                                       : settings.region;
  if (out.region.empty() && profile != nullptr) out.region = value_of(*profile, "region");
  return out;
}

/// `rds.endpoint_url` of the section of services that the profile names, and the profile's endpoint_url.
void read_profile_endpoints(const Config& config, EndpointRules& out) {
  const Section* profile = config.files.profile(config.profile);
  if (profile == nullptr) return;
  if (const Section* services = config.files.services(value_of(*profile, "services")))
    for (const auto& [name, value] : *services)
      if (constexpr std::string_view end = ".endpoint_url"; name.ends_with(end))
        out.overrides[name.substr(0, name.size() - end.size())] = value;
  if (const std::string url = value_of(*profile, "endpoint_url"); !url.empty()) out.overrides[""] = url;
}

/// AWS_ENDPOINT_URL_SECRETS_MANAGER is that of `secrets_manager`. A variable for all services goes before
/// what the files say of one.
void read_environment_endpoints(const Environment& environment, EndpointRules& out) {
  constexpr std::string_view prefix = "AWS_ENDPOINT_URL";
  if (const std::string url = value_of(environment, prefix); !url.empty()) out.overrides = {{"", url}};
  for (const auto& [name, value] : environment)
    if (name.starts_with("AWS_ENDPOINT_URL_") && !value.empty())
      out.overrides[base::lower(name.substr(prefix.size() + 1))] = value;
}

SenderOptions sender_options(const Config& config) {
  SenderOptions out;
  out.endpoints.use_fips = is_true(config.setting("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"));
  out.endpoints.use_dualstack =
      is_true(config.setting("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"));
  out.certificates = config.setting("AWS_CA_BUNDLE", "ca_bundle");
  if (is_true(config.setting("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")))
    return out;
  read_profile_endpoints(config, out.endpoints);
  read_environment_endpoints(config.environment, out.endpoints);
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

Session::Session(const Settings& settings) {
  const Config config = read_config(settings);
  region_ = config.region;
  options_ = sender_options(config);
  options_.tally = settings.tally;
  sender_ = std::make_unique<Sender>(options_);
  credentials_ = find_credentials(config, *sender_);
}

Session::Session(std::string region, SenderOptions options)
    : region_(std::move(region)), options_(std::move(options)), sender_(std::make_unique<Sender>(options_)) {}

Session::~Session() = default;

std::unique_ptr<Session> Session::assume(const std::string& role_arn, const std::string& external_id) {
  std::unique_ptr<Session> out(new Session(region_, options_));
  Role role{.arn = role_arn, .session_name = "dbrefresh", .external_id = external_id, .region = region_};
  out->credentials_ =
      std::make_unique<Refreshing>(role_credentials(std::move(role), *credentials_, *sender_));
  return out;
}

}  // namespace aws
