#include "provider/aws/source_account.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace provider::aws {
namespace {

/// Each by its whole name: that a name begins like a look does not make it one.
constexpr std::string_view looks[] = {"rds DescribeDBInstances", "rds DescribeDBClusters",
                                      "rds DescribeDBSnapshots", "rds DescribeDBClusterSnapshots",
                                      "kms DescribeKey"};

}  // namespace

base::Json OnlyLooks::call(const ::aws::Call& call, const base::Budget& budget) {
  const auto name = fmt::format("{} {}", call.service, call.operation);
  if (std::ranges::find(looks, name) == std::end(looks))
    throw base::Error("SourceOnlyRead",
                      fmt::format("{} is refused: the source's account is only looked at", name));
  const auto left = budget.until - budget.clock.now();
  return api_.call(call, {clock_, clock_.now() + left, budget.stop, budget.tell});
}

}  // namespace provider::aws
