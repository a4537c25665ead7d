// An account of Amazon's, for a rehearsal.
#pragma once

#include "provider/aws/databases.h"
#include "provider/aws/rehearsal.h"
#include "provider/aws/stores.h"
#include "provider/simulated/stores.h"
#include "runs/amazon_world.h"

namespace runs {

/// The services of AmazonWorld over a Rehearsal. The secrets of its run are in memory.
class AmazonStandIn : public StandIn {
 public:
  /// The account is asked by `clock`; the services' time is `time`. All must outlive it.
  AmazonStandIn(aws::Api& account, base::Clock& clock, base::Clock& time, provider::aws::Settings settings,
                const std::string& partition, std::string region);

  provider::Services& services() override { return services_; }
  base::Json calls() override;

 private:
  std::string region_;
  provider::aws::Rehearsal rehearsal_;
  provider::aws::Service service_;
  provider::aws::Asker asker_;
  provider::simulated::Secrets home_secrets_;
  provider::aws::SecretsManager account_secrets_;
  RoutedSecrets secrets_;
  provider::aws::Buckets buckets_;
  provider::aws::DynamoLedger ledger_;
  provider::aws::Topics topics_;
  provider::aws::Databases databases_;
  provider::Services services_;
};

}  // namespace runs
