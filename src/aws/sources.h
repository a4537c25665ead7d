// The places that credentials come from, one file each. None remembers what it gave: Refreshing does.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "aws/config.h"
#include "aws/credentials.h"
#include "aws/sender.h"

namespace aws {

using Source = std::unique_ptr<CredentialSource>;

/// Asks `inner` when its credentials are about to expire (five minutes before) or were refused, one caller at
/// a time; the others go on with the old ones while these are good. If asking fails then, so do they.
class Refreshing : public CredentialSource {
 public:
  explicit Refreshing(Source inner) : inner_(std::move(inner)) {}
  Credentials get(const base::Budget& budget) override;
  void forget(const Credentials& refused) override;

 private:
  bool is_fresh(base::Time now) const;
  bool is_good(base::Time now) const;
  Credentials refresh(const base::Budget& budget, std::unique_lock<std::mutex>& lock);

  const Source inner_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Credentials> held_;
  base::Time not_before_{};  ///< after a failure, while what is held is good
  bool asking_ = false;
};

/// Keys that never change.
Source fixed_credentials(Credentials credentials);

/// `credential_process`: a command line that prints JSON.
Source process_credentials(const std::string& command, const Environment& environment, std::string origin);

/// A role, taken with the credentials of `base` or, if `base` is null, those of another source that `owner`
/// keeps.
struct Role {
  std::string arn, session_name, external_id, region;
  std::chrono::seconds duration{3600};
};
Source role_credentials(Role role, Source base, Sender& sender);
Source role_credentials(Role role, CredentialSource& owner, Sender& sender);

/// A role, taken with a token that somebody writes to a file; it is read anew each time.
Source web_identity_credentials(Role role, std::string token_file, Sender& sender);

/// What `aws sso login` left in `folder`; its token is renewed where it can be.
struct Sso {
  std::string session;  ///< "" for the old form without one
  std::string start_url, region, account, role, folder;
};
Source sso_credentials(Sso sso, Sender& sender);

/// The container's (ECS, EKS Pod Identity): AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI, which is a
/// path on `host`.
Source container_credentials(const Environment& environment,
                             const std::string& host = "http://169.254.170.2");

/// The EC2 instance's role, by IMDSv2.
Source instance_credentials(const Environment& environment);

/// Where the AWS CLI would find them, in its order. Throws base::Error for a configuration that cannot be.
Source find_credentials(const Config& config, Sender& sender);

/// `{"AccessKeyId": …, "SecretAccessKey": …, …}`, as processes, containers and instances say it. Throws
/// base::Error{"InvalidCredentials"}; its message quotes nothing.
Credentials parse_credentials(std::string_view json, const std::string& origin);

}  // namespace aws
