// The world of one account and Region of Amazon's.
#pragma once

#include "aws/client.h"
#include "provider/aws/databases.h"
#include "provider/aws/stores.h"
#include "runs/world.h"

namespace runs {

/// Secrets of open runs stay in the home, sealed; all others are in Secrets Manager, where applications read
/// them. Both must outlive it.
class RoutedSecrets : public provider::SecretStore {
 public:
  RoutedSecrets(provider::SecretStore& home, provider::SecretStore& account)
      : home_(home), account_(account) {}
  std::optional<base::Secret> get(const std::string& name, Stage stage) override;
  void put_pending(const std::string& name, const base::Secret& value) override;
  void promote(const std::string& name) override;
  void drop_pending(const std::string& name) override;
  void remove(const std::string& name) override;
  std::vector<std::string> names() override { return account_.names(); }

 private:
  provider::SecretStore& of(const std::string& name);
  provider::SecretStore& home_;
  provider::SecretStore& account_;
};

/// Journal and run secrets are in the home; databases, secrets, scripts, ledger and messages in the account.
class AmazonWorld : public World {
 public:
  /// `whereabouts`: {provider: "aws", region, profile, role, quarantineGroup, kmsKey}, what is left out to be
  /// found as the AWS CLI finds it. Asks who we are: throws as aws::Session and aws::Client do; open_world()
  /// tells what of that is a refusal.
  AmazonWorld(const std::string& root, const base::Json& whereabouts, provider::local::Opening opening);

  provider::Services& services() override { return services_; }
  std::string place() override { return account_ + "/" + session_->region(); }
  base::Json whereabouts() const override { return whereabouts_; }
  std::string connect_command(const provider::Database&) override { return ""; }
  std::unique_ptr<StandIn> stand_in(base::Clock& time) override;
  /// "aws", "aws-cn", …: that of our own ARN.
  std::string partition() const;

 private:
  aws::Session& assume(const std::string& role);
  provider::aws::Settings settings();

  base::Json whereabouts_;
  aws::Session own_;
  std::unique_ptr<aws::Session> assumed_;  ///< in --role
  aws::Session* session_;
  aws::Client client_;
  provider::aws::Service service_;
  provider::aws::Asker asker_;
  base::Json caller_;  ///< what GetCallerIdentity says of us
  std::string account_;
  provider::aws::SecretsManager account_secrets_;
  RoutedSecrets secrets_;
  provider::aws::Buckets buckets_;
  provider::aws::DynamoLedger ledger_;
  provider::aws::Topics topics_;
  provider::aws::Databases databases_;
  provider::Services services_;
};

}  // namespace runs
