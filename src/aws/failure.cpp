#include "aws/failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "aws/timestamp.h"
#include "base/text.h"

namespace aws {
namespace {

using base::Json;

void collect_secrets(const Member& member, const Json& value, std::vector<std::string>& out) {
  const Shape& shape = *member.shape;
  if (member.is_secret && value.is_string()) out.push_back(value.get<std::string>());
  if (shape.kind == Kind::structure)
    for (const auto& each : shape.members)
      if (value.contains(each.name)) collect_secrets(each, value[each.name], out);
  if (shape.kind == Kind::list || shape.kind == Kind::map)
    for (const auto& each : value) collect_secrets(shape.element, each, out);
}

/// Validation errors quote what they refuse.
std::string without_secrets(std::string text, const CallName& call, const Json& input) {
  std::vector<std::string> secrets;
  if (call.operation.input.shape != nullptr) collect_secrets(call.operation.input, input, secrets);
  for (const auto& secret : secrets)
    for (std::size_t at = 0; !secret.empty() && (at = text.find(secret, at)) != std::string::npos; at += 3)
      text.replace(at, secret.size(), "***");
  return text;
}

/// The word after `phrase` in AWS's sentences about rights. S3 quotes its ARNs.
std::string word_after(std::string_view text, std::string_view phrase) {
  const auto at = text.find(phrase);
  if (at == std::string_view::npos) return "";
  text.remove_prefix(at + phrase.size());
  std::string_view word = text.substr(0, text.find_first_of(" ,;\n"));
  while (word.ends_with('.') || word.ends_with('"')) word.remove_suffix(1);
  if (word.starts_with('"')) word.remove_prefix(1);
  return std::string(word);
}

/// S3's actions are not named as its operations are, nor CloudWatch's as it signs.
std::string action_of(const CallName& call) {
  constexpr std::pair<std::string_view, std::string_view> others[] = {
      {"HeadObject", "GetObject"}, {"HeadBucket", "ListBucket"}, {"ListObjectsV2", "ListBucket"}};
  for (const auto& [operation, action] : others)
    if (call.operation.name == operation) return fmt::format("s3:{}", action);
  const auto& signed_as = call.service.signing_name;
  return fmt::format("{}:{}", signed_as == "monitoring" ? "cloudwatch" : signed_as, call.operation.name);
}

/// "User: arn:… is not authorized to perform: rds:ModifyDBInstance on resource: arn:… because …"
std::string permission_hint(const CallName& call, const std::string& message) {
  const std::string named = word_after(message, "authorized to perform: ");
  const std::string resource = word_after(message, "on resource: "), who = word_after(message, "User: ");
  if (message.find("no identity-based policy") != std::string::npos || !named.empty())
    return fmt::format("allow {}{}{}", named.empty() ? action_of(call) : named,
                       resource.empty() ? "" : " on " + resource, who.empty() ? "" : " to " + who);
  return fmt::format("{}; the action is {}", advice(Class::permission), action_of(call));
}

std::optional<std::chrono::microseconds> retry_after(const os::HttpResponse& response, base::Time now) {
  const auto text = response.header("retry-after");
  long seconds = 0;
  if (base::is_digits(text) &&
      std::from_chars(text.data(), text.data() + text.size(), seconds).ec == std::errc{} && seconds < 86'400)
    return std::chrono::seconds{seconds};
  if (const auto time = parse_time(text); time && !base::is_digits(text)) return *time - now;
  return std::nullopt;
}

/// Where neither code nor message are: "HTTP 503", and the beginning of what was said.
std::string described(const Refusal& refusal, const os::HttpResponse& response) {
  constexpr std::size_t enough = 500;
  if (!refusal.message.empty()) return std::string(refusal.message.substr(0, 4 * enough));
  return fmt::format("HTTP status {} without a message", response.status);
}

/// An answer to HEAD has no body: S3's codes by status.
std::string code_of(const Refusal& refusal, const CallName& call, int status) {
  if (!refusal.code.empty()) return refusal.code;
  const bool is_head = call.operation.method == "HEAD";
  if (is_head && status == 403) return "AccessDenied";
  if (is_head && status == 404) return "NotFound";
  return fmt::format("Http{}", status);
}

/// What the request was about, as far as it may be shown: messages often do not name it.
std::string asked_about(const CallName& call, const Json& input) {
  constexpr std::size_t enough = 4, longest = 200;
  std::vector<std::string> named;
  if (call.operation.input.shape != nullptr && input.is_object())
    for (const auto& member : call.operation.input.shape->members) {
      const auto found = input.find(member.name);
      if (found == input.end() || !found->is_string() || member.is_secret || named.size() == enough) continue;
      if (const auto value = found->get<std::string>(); value.size() <= longest)
        named.push_back(fmt::format("{} '{}'", member.name, value));
    }
  return base::join(named, ", ");
}

std::string hint_of(Class kind, const CallName& call, const std::string& code, const std::string& message,
                    const Json& input, const os::HttpResponse& response) {
  const auto bucket_region = response.header("x-amz-bucket-region");
  if (!bucket_region.empty() && bucket_region != call.region)
    return fmt::format("the bucket is in {}", bucket_region);
  if (code == "SignatureDoesNotMatch" && kind == Class::permission)
    return "the secret access key is not the one of this access key id";
  if (kind == Class::permission) return permission_hint(call, message);
  const auto about = asked_about(call, input);
  return kind == Class::other && !about.empty() ? "it was asked with " + about : std::string(advice(kind));
}

std::string prefix(const CallName& call) {
  return fmt::format("{} {} in {}", call.service.name, call.operation.name, call.region);
}

}  // namespace

Failure refused(const CallName& call, const os::HttpResponse& response, const Json& input, base::Time now) {
  const Refusal refusal = read_refusal(call.service, response);
  const std::string message = without_secrets(described(refusal, response), call, input);
  const std::string code = code_of(refusal, call, response.status);
  const Class kind = class_of(code, response.status, message);
  base::Error error(code,
                    fmt::format("{}: {}: {} (request {})", prefix(call), code, message,
                                refusal.request_id.empty() ? "without an id" : refusal.request_id),
                    hint_of(kind, call, code, message, input, response));
  error.retryable = is_retryable(kind);
  error.maybe_delivered = kind == Class::transient && changes(call.operation);
  return {std::move(error), kind, retry_after(response, now), parse_time(response.header("date"))};
}

Failure unanswered(const CallName& call, base::Error error) {
  error.message = fmt::format("{}: {}", prefix(call), error.message);
  error.maybe_delivered = error.maybe_delivered && changes(call.operation);
  const auto kind = error.retryable ? Class::transient : Class::other;
  return {std::move(error), kind, {}, {}};
}

bool changes(const Operation& operation) {
  constexpr std::string_view reading[] = {"Describe", "Get",  "List",     "Head",
                                          "Query",    "Scan", "Simulate", "AssumeRole"};
  return std::ranges::none_of(reading,
                              [&](std::string_view word) { return operation.name.starts_with(word); });
}

}  // namespace aws
