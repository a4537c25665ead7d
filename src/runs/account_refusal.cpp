#include "runs/account_refusal.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "aws/refusal.h"
#include "base/text.h"
#include "os/process.h"
#include "runs/amazon_world.h"

namespace runs {
namespace {

using base::Error;
using base::Json;

/// Of our own, found before AWS is asked or where nobody answers.
constexpr std::string_view before_an_answer[] = {
    "NoCredentials", "InvalidCredentials", "ProfileNotFound", "InvalidConfig",    "NoRegion",
    "InvalidRegion", "InvalidUrl",         "InvalidEndpoint", "ConnectionFailed", "CertificateRejected"};

/// Keys that AWS does not know in this Region: wrong ones, or a Region that the account has not enabled.
constexpr std::string_view unknown_keys[] = {"InvalidClientTokenId", "UnrecognizedClientException",
                                             "InvalidAccessKeyId", "AuthFailure"};

bool is_one_of(std::span<const std::string_view> codes, const std::string& code) {
  return std::ranges::find(codes, code) != codes.end();
}

std::string said_by_environment(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (auto value = os::environment(name); !value.empty()) return value;
  return "";
}

/// As the AWS CLI chooses: what the command line says, the environment's keys, a profile.
std::string identity(const Json& whereabouts) {
  const std::string said = whereabouts.value("profile", "");
  const auto profile = said.empty() ? said_by_environment({"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}) : said;
  const bool has_keys = !said_by_environment({"AWS_ACCESS_KEY_ID"}).empty();
  std::string who = said.empty() && has_keys ? "the keys of the environment"
                    : profile.empty()        ? "the credentials that the AWS CLI would find"
                                             : fmt::format("the profile '{}'", profile);
  const std::string role = whereabouts.value("role", "");
  return role.empty() ? who : fmt::format("{}, for the role {}", who, role);
}

std::string region_of(const Json& whereabouts) {
  const std::string said = whereabouts.value("region", "");
  return said.empty() ? said_by_environment({"AWS_REGION", "AWS_DEFAULT_REGION"}) : said;
}

/// The profile's too, where it can be read.
std::string region_by_files(const Json& whereabouts) {
  try {
    return aws::Session(session_settings(whereabouts)).region();
  } catch (const Error&) {
    return region_of(whereabouts);
  }
}

/// "arn:aws:iam::123456789012:role/NAME": the account is behind the fourth colon.
std::string account_in(const std::string& arn) {
  const auto parts = base::split_list(arn, ':');  // it has no Region, and nothing empty is a part
  return provider::is_role_arn(arn) && parts.size() > 3 ? parts[3] : "";
}

std::string what_to_do(const Error& error, const std::string& region) {
  if (error.code == "ConnectionFailed")
    return fmt::format("see that '{}' is a Region of AWS; {}", region, error.hint);
  if (is_one_of(unknown_keys, error.code))
    return fmt::format("renew the keys, or see that the account has enabled the Region '{}'", region);
  if (error.message.find("AssumeRole") != std::string::npos &&
      aws::class_of(error.code, 0, "") == aws::Class::permission)
    return fmt::format("{}, and name them in the role's trust policy", error.hint);
  return error.hint;
}

}  // namespace

std::optional<Error> refusal_of_account(const Error& error, const Json& whereabouts) {
  if (whereabouts.value("provider", "") != "aws") return std::nullopt;
  const auto kind = aws::class_of(error.code, 0, error.message);
  if (!is_one_of(before_an_answer, error.code) && kind != aws::Class::credentials &&
      kind != aws::Class::permission)
    return std::nullopt;
  const auto region = region_of(whereabouts);
  const bool is_answer = error.message.find(" in " + region + ": ") != std::string::npos && !region.empty();
  return Error(account_refused,
               fmt::format("{}{} (asked with {})", is_answer ? "" : "sts GetCallerIdentity cannot be asked: ",
                           error.message, identity(whereabouts)),
               what_to_do(error, region));
}

std::string presumed_place(const Json& whereabouts) {
  const auto known = [](const std::string& part) { return part.empty() ? "?" : part; };
  return known(account_in(whereabouts.value("role", ""))) + "/" + known(region_by_files(whereabouts));
}

}  // namespace runs
