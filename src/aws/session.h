// An account, as the AWS CLI would see it: its Region, its credentials, its endpoints.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "aws/config.h"
#include "aws/credentials.h"
#include "aws/sender.h"

namespace aws {

/// What a person says about the account; all of it may be left to the environment and the CLI's files.
struct Settings {
  std::string region;   ///< "": AWS_REGION, AWS_DEFAULT_REGION, the profile's
  std::string profile;  ///< "": AWS_PROFILE, AWS_DEFAULT_PROFILE, "default"
  Environment environment = process_environment();
  Tally* tally = nullptr;  ///< as SenderOptions have it, for this session and those that it assumes

  static Environment process_environment();
};

/// Thread-safe. Finds out who we are when the first call is made, and again before that expires.
class Session {
 public:
  /// Throws base::Error where the files cannot be read or say what cannot be.
  explicit Session(const Settings& settings);
  Session(const Session&) = delete;
  ~Session();

  /// The same in another role, of another account perhaps. This session must outlive it.
  std::unique_ptr<Session> assume(const std::string& role_arn, const std::string& external_id = "");

  const std::string& region() const { return region_; }  ///< "" where nothing says one
  CredentialSource& credentials() { return *credentials_; }
  Sender& sender() { return *sender_; }

 private:
  Session(std::string region, SenderOptions options);

  std::string region_;
  SenderOptions options_;
  std::unique_ptr<Sender> sender_;
  std::unique_ptr<CredentialSource> credentials_;
};

}  // namespace aws
