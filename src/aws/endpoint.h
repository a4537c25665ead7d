// Where a service is: partitions, FIPS, dual-stack, and the exceptions. Botocore's endpoint rules say what is
// right (tests/aws/endpoints).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "aws/model.h"
#include "aws/request.h"

namespace aws {

/// What of the configuration decides about hosts.
struct EndpointRules {
  bool use_fips = false;
  bool use_dualstack = false;
  /// Overrides by Service::id, and for all of them under "". Only they may be http.
  std::map<std::string, std::string, std::less<>> overrides;
};

struct Endpoint {
  std::string url;             ///< `https://host[:port][/path]`, without a slash at the end
  std::string signing_region;  ///< differs from the Region for global services
  bool is_override = false;
};

struct Partition {
  std::string_view name, prefix, suffix, dualstack_suffix, home;
};

/// The partition of a Region: "aws" where the Region looks like none that is known.
const Partition& partition_of(std::string_view region);

/// Throws base::Error: `NoRegion`, `InvalidRegion` (not a label of a host name), `InvalidUrl` (an override),
/// `InvalidEndpoint` (FIPS or dual-stack of an override).
Endpoint endpoint_of(const Service& service, const std::string& region, const EndpointRules& rules);

/// `host[:port]` of an URL.
std::string host_of(std::string_view url);

/// Moves `request`'s first path segment, the bucket, into the host of `endpoint` where S3 wants it there: not
/// for overrides, nor for buckets whose name has a dot or is no host label.
void place_bucket(Request& request, Endpoint& endpoint);

}  // namespace aws
