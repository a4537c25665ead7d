#include "aws/endpoint.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace aws {
namespace {

constexpr Partition partitions[] = {
    {"aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-northwest-1"},
    {"aws-us-gov", "us-gov-", "amazonaws.com", "api.aws", "us-gov-west-1"},
    {"aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1"},
    {"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1"},
    {"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-west-1"},
    {"aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-south-1"},
    {"aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1"},
    {"aws", "", "amazonaws.com", "api.aws", "us-east-1"}};

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
}

void check_region(const Service& service, const std::string& region) {
  if (region.empty())
    throw base::Error("NoRegion", fmt::format("no Region to call {} in", service.name),
                      "give --region, set AWS_REGION, or put region into the profile");
  if (!is_label(region))
    throw base::Error("InvalidRegion", fmt::format("'{}' is no Region", region), "such as eu-central-1");
}

void check_url(const std::string& url) {
  const bool has_scheme = url.starts_with("https://") || url.starts_with("http://");
  const auto host = has_scheme ? url.find("://") + 3 : 0;
  if (!has_scheme || host >= url.size() || url[host] == '/' ||
      url.find_first_of("?# @\"") != std::string::npos)
    throw base::Error("InvalidUrl",
                      fmt::format("the endpoint '{}' is no URL of a server", url.substr(0, url.find('@'))),
                      "look at AWS_ENDPOINT_URL and endpoint_url: such as https://localhost:5000");
}

const std::string* override_of(const Service& service, const EndpointRules& rules) {
  auto at = rules.overrides.find(service.id);
  if (at == rules.overrides.end()) at = rules.overrides.find("");
  return at == rules.overrides.end() ? nullptr : &at->second;
}

Endpoint overridden(std::string url, const std::string& region, const EndpointRules& rules) {
  check_url(url);
  if (rules.use_fips || rules.use_dualstack)
    throw base::Error("InvalidEndpoint",
                      fmt::format("the endpoint {} is given, and {} is asked for", url,
                                  rules.use_fips ? "FIPS" : "dual-stack"),
                      "unset AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT or the endpoint's URL");
  while (url.ends_with('/')) url.pop_back();
  return {std::move(url), region, true};
}

/// Services of GovCloud that have no `-fips` in their names: their ordinary hosts are.
bool is_fips_by_itself(const Service& service, const Partition& partition, const std::string& region) {
  constexpr std::string_view anywhere[] = {"rds", "ec2", "sts", "ssm", "sns"};
  static_cast<void>(region);
  return partition.name == "aws-us-gov" && std::ranges::find(anywhere, service.name) != std::end(anywhere);
}

std::string host(const Service& service, const std::string& region, const EndpointRules& rules) {
  const Partition& partition = partition_of(region);
  const bool fips = rules.use_fips && (rules.use_dualstack || !is_fips_by_itself(service, partition, region));
  return fmt::format("{}{}.{}.{}", service.endpoint_prefix, fips ? "-fips" : "", region,
                     rules.use_dualstack ? partition.dualstack_suffix : partition.suffix);
}

}  // namespace

const Partition& partition_of(std::string_view region) {
  return *std::ranges::find_if(partitions,
                               [&](const Partition& each) { return region.starts_with(each.prefix); });
}

Endpoint endpoint_of(const Service& service, const std::string& region, const EndpointRules& rules) {
  if (const std::string* url = override_of(service, rules)) return overridden(*url, region, rules);
  check_region(service, region);
  return {"https://" + host(service, region, rules), region, false};
}

void place_bucket(Request& request, Endpoint& endpoint) {
  const auto end = request.path.find('/', 1);
  const std::string bucket = request.path.substr(1, end == std::string::npos ? end : end - 1);
  if (endpoint.is_override || !is_label(bucket) || base::lower(bucket) != bucket) return;
  endpoint.url.insert(endpoint.url.find("://") + 3, bucket + ".");
  request.path = end == std::string::npos ? "/" : request.path.substr(end);
}

}  // namespace aws
