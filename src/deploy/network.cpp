#include "deploy/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace deploy {
namespace {

using provider::aws::flag;
using provider::aws::part;
using provider::aws::text;

Json filter(const char* name, const std::string& value) {
  return {{"Name", name}, {"Values", {value}}};
}

/// All that pass the filter.
std::vector<Json> all(provider::aws::Service& service, const char* operation, const Json& only,
                      const char* list) {
  return service.all("ec2", operation, {{"Filters", Json::array({only})}}, list, service.own_budget());
}

Json vpc_of(provider::aws::Service& service, const Parameters& given) {
  const auto said = given.find("VpcId");
  const auto found =
      all(service, "DescribeVpcs",
          said == given.end() ? filter("is-default", "true") : filter("vpc-id", said->second), "Vpcs");
  if (!found.empty()) return found[0];
  throw base::Error("BadInput",
                    said == given.end() ? "the account has no default VPC in this Region"
                                        : fmt::format("VpcId: there is no VPC {}", said->second),
                    "--parameter VpcId=vpc-… --parameter SubnetIds=subnet-…,subnet-…");
}

std::string default_subnets(provider::aws::Service& service, const std::string& vpc) {
  std::vector<std::string> ids;
  for (const Json& each : all(service, "DescribeSubnets", filter("vpc-id", vpc), "Subnets"))
    if (flag(each, "DefaultForAz")) ids.push_back(text(each, "SubnetId"));
  std::ranges::sort(ids);
  if (ids.empty())
    throw base::Error("BadInput", fmt::format("{} has no default subnets", vpc),
                      "--parameter SubnetIds=subnet-…");
  return base::join(ids, ",");
}

bool has_gateway(const Json& table) {
  return std::ranges::any_of(part(table, "Routes"), [](const Json& route) {
    return text(route, "DestinationCidrBlock") == "0.0.0.0/0" &&
           (!text(route, "NatGatewayId").empty() || !text(route, "TransitGatewayId").empty() ||
            !text(route, "NetworkInterfaceId").empty());
  });
}

bool is_of(const Json& table, const std::set<std::string>& subnets) {
  return std::ranges::any_of(part(table, "Associations"),
                             [&](const Json& each) { return subnets.contains(text(each, "SubnetId")); });
}

bool is_main(const Json& table) {
  return std::ranges::any_of(part(table, "Associations"),
                             [](const Json& each) { return flag(each, "Main"); });
}

/// Those of the subnets; of a subnet without one, the VPC's main one.
std::vector<Json> tables_of(provider::aws::Service& service, const std::string& vpc,
                            const std::string& subnets) {
  const auto list = base::split_list(subnets);
  const std::set<std::string> ids(list.begin(), list.end());
  auto tables = all(service, "DescribeRouteTables", filter("vpc-id", vpc), "RouteTables");
  std::vector<Json> own;
  std::set<std::string> associated;
  for (const Json& each : tables) {
    if (!is_of(each, ids)) continue;
    own.push_back(each);
    for (const Json& by : part(each, "Associations")) associated.insert(text(by, "SubnetId"));
  }
  const bool all_have_one = std::ranges::all_of(ids, [&](const auto& id) { return associated.contains(id); });
  for (const Json& each : tables)
    if (!all_have_one && is_main(each) && std::ranges::find(own, each) == own.end()) own.push_back(each);
  return own;
}

}  // namespace

void add_network(provider::aws::Service& service, Parameters& parameters) {
  const Json vpc = vpc_of(service, parameters);
  const auto id = text(vpc, "VpcId");
  parameters.emplace("VpcId", id);
  parameters.emplace("VpcCidr", text(vpc, "CidrBlock"));
  if (!parameters.contains("SubnetIds")) parameters["SubnetIds"] = default_subnets(service, id);
  const auto tables = tables_of(service, id, parameters["SubnetIds"]);
  if (!parameters.contains("Network"))
    parameters["Network"] = !tables.empty() && std::ranges::all_of(tables, has_gateway) ? "nat" : "endpoints";
  if (parameters["Network"] != "endpoints" || parameters.contains("RouteTableIds")) return;
  std::vector<std::string> ids;
  for (const Json& each : tables) ids.push_back(text(each, "RouteTableId"));
  parameters["RouteTableIds"] = base::join(ids, ",");
}

}  // namespace deploy
