// An account of Amazon's, for a rehearsal.
#pragma once

#include "provider/aws/rehearsal.h"
#include "provider/simulated/stores.h"
#include "runs/amazon_services.h"
#include "runs/world.h"

namespace runs {

/// The services of AmazonWorld over a Rehearsal. The secrets of its run are in memory.
class AmazonStandIn : public StandIn {
 public:
  /// The account is asked by `clock`; the services' time is `time`; `source` as Databases have it. All must
  /// outlive it.
  AmazonStandIn(aws::Api& account, base::Clock& clock, base::Clock& time, provider::aws::Settings settings,
                const std::string& partition, std::string region, provider::aws::SourceAccount* source);

  provider::Services& services() override { return services_.all(); }
  base::Json calls() override;

 private:
  std::string region_;
  provider::aws::Rehearsal rehearsal_;
  provider::simulated::Secrets home_secrets_;
  AmazonServices services_;
};

}  // namespace runs
