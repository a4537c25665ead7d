#include "provider/aws/connections.h"

#include <algorithm>
#include <cmath>

namespace provider::aws {
namespace {

std::optional<std::int64_t> most_of(Service& service, const std::string& instance,
                                    std::chrono::minutes within, const Budget& budget) {
  const auto now = service.clock().now();
  const Json dimension = {{"Name", "DBInstanceIdentifier"}, {"Value", instance}};
  const Json answer = service.call("cloudwatch", "GetMetricStatistics",
                                   {{"Namespace", "AWS/RDS"},
                                    {"MetricName", "DatabaseConnections"},
                                    {"Dimensions", Json::array({dimension})},
                                    {"StartTime", base::iso_utc(now - within)},
                                    {"EndTime", base::iso_utc(now)},
                                    {"Period", 60},
                                    {"Statistics", Json::array({"Maximum"})}},
                                   budget);
  std::optional<std::int64_t> most;
  for (const Json& point : part(answer, "Datapoints"))
    most = std::max(most.value_or(0), base::integer(std::floor(point.value("Maximum", 0.0))).value_or(0));
  return most;
}

}  // namespace

std::optional<std::int64_t> most_connections(Service& service, const std::vector<std::string>& instances,
                                             std::chrono::minutes within, const Budget& budget) {
  std::optional<std::int64_t> all;
  for (const auto& each : instances)
    if (const auto most = most_of(service, each, within, budget)) all = all.value_or(0) + *most;
  return all;
}

std::vector<std::string> instances_of(const Json& database) {
  if (kind_of(database) == Kind::instance) return {name_of(database)};
  std::vector<std::string> all;
  for (const Json& member : part(database, "DBClusterMembers"))
    all.push_back(text(member, "DBInstanceIdentifier"));
  return all;
}

}  // namespace provider::aws
