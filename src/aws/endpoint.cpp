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
bool is_fips_by_itself(const Service& service, const Partition& partition) {
  constexpr std::string_view such[] = {"dynamodb", "ec2", "rds", "sns", "ssm", "sso", "sso-oidc", "sts"};
  return partition.name == "aws-us-gov" && std::ranges::find(such, service.name) != std::end(such);
}

std::string regional_host(const Service& service, const std::string& region, const EndpointRules& rules) {
  const Partition& partition = partition_of(region);
  const bool fips = rules.use_fips && (rules.use_dualstack || !is_fips_by_itself(service, partition));
  // Secrets Manager has both kinds of addresses on one host.
  const bool is_apart = service.name != "secretsmanager" || (rules.use_fips && partition.name == "aws-cn");
  return fmt::format("{}{}.{}.{}", service.endpoint_prefix, fips ? "-fips" : "", region,
                     rules.use_dualstack && is_apart ? partition.dualstack_suffix : partition.suffix);
}

/// S3's dual-stack hosts say so before the Region.
std::string s3_host(const std::string& region, const EndpointRules& rules) {
  const Partition& partition = partition_of(region);
  if (rules.use_fips && partition.name == "aws-cn")
    throw base::Error("InvalidEndpoint", "S3 has no FIPS endpoints in aws-cn", "unset AWS_USE_FIPS_ENDPOINT");
  return fmt::format("s3{}{}.{}.{}", rules.use_fips ? "-fips" : "", rules.use_dualstack ? ".dualstack" : "",
                     region, partition.suffix);
}

/// IAM has one host a partition, and as many rules for its name as there are.
struct Iam {
  std::string_view partition, host, fips, dualstack, both, signing_region;
};
constexpr Iam iam[] = {
    {"aws", "iam.amazonaws.com", "iam-fips.amazonaws.com", "iam.global.api.aws", "iam-fips.global.api.aws",
     "us-east-1"},
    {"aws-cn", "iam.cn-north-1.amazonaws.com.cn", "iam-fips.amazonaws.com.cn",
     "iam.global.api.amazonwebservices.com.cn", "iam-fips.api.amazonwebservices.com.cn", "cn-north-1"},
    {"aws-us-gov", "iam.us-gov.amazonaws.com", "iam.us-gov.amazonaws.com", "iam.us-gov.api.aws",
     "iam.us-gov.api.aws", "us-gov-west-1"},
    {"aws-iso", "iam.us-iso-east-1.c2s.ic.gov", "iam-fips.us-iso-east-1.c2s.ic.gov", "", "", "us-iso-east-1"},
    {"aws-iso-b", "iam.us-isob-east-1.sc2s.sgov.gov", "iam-fips.us-isob-east-1.sc2s.sgov.gov", "", "",
     "us-isob-east-1"},
    {"aws-iso-e", "iam.eu-isoe-west-1.cloud.adc-e.uk", "iam-fips.cloud.adc-e.uk", "", "", "eu-isoe-west-1"},
    {"aws-iso-f", "iam.us-isof-south-1.csp.hci.ic.gov", "iam-fips.csp.hci.ic.gov", "", "", "us-isof-south-1"},
    {"aws-eusc", "iam.eusc-de-east-1.amazonaws.eu", "iam-fips.amazonaws.eu", "", "", "eusc-de-east-1"}};

Endpoint iam_endpoint(const std::string& region, const EndpointRules& rules) {
  const std::string_view name = partition_of(region).name;
  const Iam& each = *std::ranges::find(iam, name, &Iam::partition);
  const auto host = rules.use_dualstack ? (rules.use_fips ? each.both : each.dualstack)
                                        : (rules.use_fips ? each.fips : each.host);
  if (host.empty())
    throw base::Error("InvalidEndpoint", fmt::format("IAM has no dual-stack endpoint in {}", name),
                      "unset AWS_USE_DUALSTACK_ENDPOINT");
  return {fmt::format("https://{}", host), std::string(each.signing_region), false};
}

}  // namespace

const Partition& partition_of(std::string_view region) {
  return *std::ranges::find_if(partitions,
                               [&](const Partition& each) { return region.starts_with(each.prefix); });
}

Endpoint endpoint_of(const Service& service, const std::string& region, const EndpointRules& rules) {
  check_region(service, region);
  if (const std::string* url = override_of(service, rules)) return overridden(*url, region, rules);
  if (service.name == "iam") return iam_endpoint(region, rules);
  return {
      "https://" + (service.name == "s3" ? s3_host(region, rules) : regional_host(service, region, rules)),
      region, false};
}

std::string host_of(std::string_view url) {
  url.remove_prefix(url.find("://") + 3);
  return std::string(url.substr(0, url.find('/')));
}

void place_bucket(Request& request, Endpoint& endpoint) {
  const auto end = request.path.find('/', 1);
  const std::string bucket = request.path.substr(1, end == std::string::npos ? end : end - 1);
  constexpr std::size_t shortest = 3;
  if (endpoint.is_override || bucket.size() < shortest || !is_label(bucket) || base::lower(bucket) != bucket)
    return;
  endpoint.url.insert(endpoint.url.find("://") + 3, bucket + ".");
  request.path = end == std::string::npos ? "/" : request.path.substr(end);
}

}  // namespace aws
