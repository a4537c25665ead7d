#include "aws/sigv4.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/digest.h"
#include "base/text.h"

namespace aws {
namespace {

std::string stamp(base::Time now) {
  using namespace std::chrono;
  return fmt::format("{:%Y%m%dT%H%M%SZ}", base::utc_calendar(now));
}

std::string scope_text(const Scope& scope, base::Time now) {
  return fmt::format("{}/{}/{}/aws4_request", stamp(now).substr(0, 8), scope.region, scope.service);
}

/// Without empty segments, `.` and `..` (RFC 3986, 5.2.4).
std::string normalized(const std::string& path) {
  std::vector<std::string> kept;
  for (const auto& segment : base::split_list(path, '/')) {
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segment != ".") {
      kept.push_back(segment);
    }
  }
  const bool folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
  return kept.empty() ? "/" : "/" + base::join(kept, "/") + (folder ? "/" : "");
}

std::string canonical_path(const std::string& path, const Signing& how) {
  if (path.empty()) return "/";
  const std::string plain = how.normalize_path ? normalized(path) : path;
  return how.encode_again ? base::percent_encode(plain, "/") : plain;
}

std::string canonical_query(const Pairs& query) {
  Pairs encoded;
  for (const auto& [name, value] : query)
    encoded.emplace_back(base::percent_encode(name), base::percent_encode(value));
  std::ranges::sort(encoded);
  std::string out;
  for (const auto& [name, value] : encoded) out += (out.empty() ? "" : "&") + name + "=" + value;
  return out;
}

/// Trimmed, and runs of spaces made one.
std::string folded(std::string_view value) {
  std::string out;
  for (const char c : base::trim(value))
    if (c != ' ' || !out.ends_with(' ')) out += c;
  return out;
}

/// In lower case, sorted, those of one name joined in the order given.
std::map<std::string, std::string> canonical_headers(const Pairs& headers) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : headers) {
    auto [at, is_new] = out.try_emplace(base::lower(name), folded(value));
    if (!is_new) at->second += "," + folded(value);
  }
  return out;
}

std::string signed_headers(const Pairs& headers) {
  std::string out;
  for (const auto& [name, value] : canonical_headers(headers)) out += (out.empty() ? "" : ";") + name;
  return out;
}

void add_token(Pairs& to, const Credentials& credentials) {
  if (!credentials.session_token.empty())
    to.emplace_back("X-Amz-Security-Token", credentials.session_token.reveal());
}

constexpr const char* algorithm = "AWS4-HMAC-SHA256";

}  // namespace

std::string encoded_query(const Pairs& query) {
  std::string out;
  for (const auto& [name, value] : query)
    out += (out.empty() ? "" : "&") + base::percent_encode(name) + "=" + base::percent_encode(value);
  return out;
}

std::string canonical_request(const Request& request, const std::string& body_hash, const Signing& how) {
  std::string headers;
  for (const auto& [name, value] : canonical_headers(request.headers)) headers += name + ":" + value + "\n";
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, canonical_path(request.path, how),
                     canonical_query(request.query), headers, signed_headers(request.headers), body_hash);
}

std::string string_to_sign(const std::string& canonical, const Scope& scope, base::Time now) {
  return fmt::format("{}\n{}\n{}\n{}", algorithm, stamp(now), scope_text(scope, now),
                     base::hex(base::sha256(canonical)));
}

std::string signature(const base::Secret& secret_key, const std::string& text, const Scope& scope,
                      base::Time now) {
  const base::Secret first("AWS4" + secret_key.reveal());
  std::string key = base::hmac_sha256(first.reveal(), stamp(now).substr(0, 8));
  for (const std::string& part : {scope.region, scope.service, std::string("aws4_request")})
    key = base::hmac_sha256(key, part);
  return base::hex(base::hmac_sha256(key, text));
}

void sign(Request& request, const Credentials& credentials, const Scope& scope, base::Time now,
          const Signing& how) {
  const std::string hash = base::hex(base::sha256(request.body));
  request.headers.emplace_back("X-Amz-Date", stamp(now));
  if (how.content_hash) request.headers.emplace_back("X-Amz-Content-Sha256", hash);
  if (how.sign_token) add_token(request.headers, credentials);
  const std::string text = string_to_sign(canonical_request(request, hash, how), scope, now);
  const std::string names = signed_headers(request.headers);
  if (!how.sign_token) add_token(request.headers, credentials);
  request.headers.emplace_back(
      "Authorization",
      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", algorithm, credentials.access_key_id,
                  scope_text(scope, now), names, signature(credentials.secret_key, text, scope, now)));
}

void presign(Request& request, const Credentials& credentials, const Scope& scope, base::Time now,
             int seconds, const Signing& how) {
  request.query.emplace_back("X-Amz-Algorithm", algorithm);
  request.query.emplace_back("X-Amz-Credential", credentials.access_key_id + "/" + scope_text(scope, now));
  request.query.emplace_back("X-Amz-Date", stamp(now));
  request.query.emplace_back("X-Amz-Expires", std::to_string(seconds));
  request.query.emplace_back("X-Amz-SignedHeaders", signed_headers(request.headers));
  if (how.sign_token) add_token(request.query, credentials);
  const std::string hash = how.content_hash ? "UNSIGNED-PAYLOAD" : base::hex(base::sha256(request.body));
  const std::string text = string_to_sign(canonical_request(request, hash, how), scope, now);
  if (!how.sign_token) add_token(request.query, credentials);
  request.query.emplace_back("X-Amz-Signature", signature(credentials.secret_key, text, scope, now));
}

}  // namespace aws
