// The world of one account and Region of Amazon's.
#pragma once

#include "aws/client.h"
#include "runs/amazon_services.h"
#include "runs/world.h"

namespace runs {

/// Whom `whereabouts` (as AmazonWorld takes it) says that we are before --role. Throws BadInput for what is
/// no role. `tally` may be nothing, and must outlive the session.
aws::Settings session_settings(const base::Json& whereabouts, aws::Tally* tally = nullptr);

/// Journal and run secrets are in the home; databases, secrets, scripts, ledger and messages in the account.
class AmazonWorld : public World {
 public:
  /// `whereabouts`: {provider: "aws", region, profile, role, sourceRole, quarantineGroup, kmsKey}, what is
  /// left out to be found as the AWS CLI finds it. Asks who we are: throws as aws::Session and aws::Client
  /// do; open_amazon_world() tells what of that is a refusal.
  AmazonWorld(const std::string& root, const base::Json& whereabouts, provider::local::Opening opening);

  provider::Services& services() override { return services_.all(); }
  std::string place() override { return account_ + "/" + session_->region(); }
  base::Json whereabouts() const override { return whereabouts_; }
  std::string connect_command(const provider::Database&) override { return ""; }
  std::unique_ptr<StandIn> stand_in(base::Clock& time) override;
  std::vector<base::Problem> missing_permissions(const refresh::RefreshFile& file) override;  ///< asks IAM
  std::string objection_to_password(const base::Secret& password, const std::string& engine) override;
  std::optional<std::int64_t> storage_gib(const std::string& source) override;
  Workers workers() const override { return {amazon_workers, amazon_heavy_workers}; }
  std::function<std::int64_t()> requests() override {
    return [this] { return tally_.of_this_thread(); };
  }
  std::string partition() const { return partition_of(caller_); }

 private:
  aws::Session& assume(const std::string& role);
  provider::aws::Settings settings();

  /// The account of the sources, in --source-role.
  struct Elsewhere {
    std::unique_ptr<aws::Session> session;
    aws::Client client;
    provider::aws::SourceAccount account;
    Elsewhere(std::unique_ptr<aws::Session> in, base::Clock& clock)
        : session(std::move(in)), client(*session), account(client, clock) {}
  };
  std::unique_ptr<Elsewhere> elsewhere(const std::string& role);
  provider::aws::SourceAccount* source() { return elsewhere_ ? &elsewhere_->account : nullptr; }

  base::Json whereabouts_;
  aws::Tally tally_;
  aws::Session own_;
  std::unique_ptr<aws::Session> assumed_;  ///< in --role
  aws::Session* session_;
  aws::Client client_;
  base::Json caller_;  ///< what GetCallerIdentity says of us
  std::string account_;
  std::unique_ptr<Elsewhere> elsewhere_;
  AmazonServices services_;
};

/// The account alone. Throws as AmazonAccount does, and AccountRefused (account_refusal.h).
std::unique_ptr<AmazonAccount> open_amazon_account(const base::Json& whereabouts, base::Clock& clock);

/// Throws AccountRefused (account_refusal.h) besides.
std::unique_ptr<AmazonWorld> open_amazon_world(const std::string& root, const base::Json& whereabouts,
                                               provider::local::Opening opening);

}  // namespace runs
