#include "runs/amazon_stand_in.h"

#include <fmt/format.h>

namespace runs {

AmazonStandIn::AmazonStandIn(aws::Api& account, base::Clock& clock, base::Clock& time,
                             provider::aws::Settings settings, const std::string& partition,
                             std::string region, provider::aws::SourceAccount* source)
    : region_(std::move(region)),
      rehearsal_(account, clock, fmt::format("arn:{}:rds:{}:{}", partition, region_, settings.account)),
      services_(rehearsal_, time, home_secrets_, std::move(settings), AmazonServices::Scripts::files_too,
                rehearsal_.connect(), source) {}

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
