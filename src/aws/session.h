// An account, as the AWS CLI would see it: its Region, its credentials, its endpoints.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "aws/credentials.h"
#include "aws/sender.h"

namespace aws {

/// What a person says about the account; all of it may be left to the environment and the CLI's files.
struct Settings {
  std::string region;   ///< "": AWS_REGION, AWS_DEFAULT_REGION, the profile's
  std::string profile;  ///< "": AWS_PROFILE, AWS_DEFAULT_PROFILE, "default"
  std::map<std::string, std::string, std::less<>> environment = process_environment();

  static std::map<std::string, std::string, std::less<>> process_environment();
};

/// Thread-safe. Finds out who we are when the first call is made, and again before that expires.
class Session {
 public:
  /// Throws base::Error where the files cannot be read or say what cannot be.
  explicit Session(const Settings& settings);
  Session(const Session&) = delete;
  ~Session();

  const std::string& region() const { return region_; }  ///< "" where nothing says one
  CredentialSource& credentials() { return *credentials_; }
  Sender& sender() { return *sender_; }

 private:
  std::string region_;
  SenderOptions options_;
  std::unique_ptr<Sender> sender_;
  std::unique_ptr<CredentialSource> credentials_;
};

}  // namespace aws
