#include "runs/amazon_stand_in.h"

#include <fmt/format.h>

namespace runs {

AmazonStandIn::AmazonStandIn(aws::Api& account, base::Clock& clock, base::Clock& time,
                             provider::aws::Settings settings, const std::string& partition,
                             std::string region)
    : region_(std::move(region)),
      rehearsal_(account, clock, fmt::format("arn:{}:rds:{}:{}", partition, region_, settings.account)),
      service_(rehearsal_, time),
      asker_(service_),
      account_secrets_(asker_),
      secrets_(home_secrets_, account_secrets_),
      buckets_(asker_),
      ledger_(asker_),
      topics_(asker_),
      databases_(rehearsal_, std::move(settings), time, rehearsal_.connect()),
      services_{databases_, secrets_, buckets_, ledger_, topics_} {}

base::Json AmazonStandIn::calls() {
  base::Json all = base::Json::array();
  for (const auto& each : rehearsal_.noted())
    all.push_back({{"service", each.service},
                   {"operation", each.operation},
                   {"region", each.region.empty() ? region_ : each.region},
                   {"input", each.input}});
  return all;
}

}  // namespace runs
