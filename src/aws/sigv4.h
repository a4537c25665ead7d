// Signature Version 4: "Create a signed AWS API request" of the IAM User Guide, and AWS's test suite for it.
#pragma once

#include "aws/credentials.h"
#include "aws/request.h"
#include "base/clock.h"

namespace aws {

/// What a signature is good for.
struct Scope {
  std::string region;   ///< "us-east-1"
  std::string service;  ///< the signing name: "rds"
};

/// The service's peculiarities.
struct Signing {
  bool normalize_path = true;  ///< empty segments, `.` and `..` taken out; S3 alone does not want it
  bool encode_again = true;    ///< the path as it is sent is encoded once more; S3 alone does not want it
  bool content_hash = false;   ///< X-Amz-Content-Sha256 is sent and signed: S3 demands it
  bool sign_token = true;      ///< the session token is among what is signed
};

/// Adds `X-Amz-Date`, `X-Amz-Security-Token` and `Authorization` to `request.headers`, among which `Host`
/// must be already. Every header is signed: add those that proxies change later.
void sign(Request& request, const Credentials& credentials, const Scope& scope, base::Time now,
          const Signing& how = {});

/// The same in `request.query`, good for `seconds`: an URL that others can use.
void presign(Request& request, const Credentials& credentials, const Scope& scope, base::Time now,
             int seconds, const Signing& how = {});

/// The steps, which the test suite looks at one by one.
std::string canonical_request(const Request& request, const std::string& body_hash, const Signing& how);
std::string string_to_sign(const std::string& canonical, const Scope& scope, base::Time now);
std::string signature(const base::Secret& secret_key, const std::string& text, const Scope& scope,
                      base::Time now);

}  // namespace aws
