#include "aws/source_region.h"

#include "aws/protocol.h"
#include "aws/sigv4.h"

namespace aws {
namespace {

constexpr const char* source_region = "SourceRegion";
constexpr int good_for_seconds = 3600;

}  // namespace

bool has_source_region(const Operation& operation, const base::Json& input) {
  return operation.input.shape != nullptr && input.is_object() && input.contains(source_region) &&
         input[source_region].is_string() && operation.input.shape->find(source_region) == nullptr &&
         operation.input.shape->find("PreSignedUrl") != nullptr;
}

base::Json with_source_url(const Service& service, const Operation& operation, base::Json input,
                           const std::string& region, const EndpointRules& rules, const Credentials& who,
                           base::Time now) {
  const std::string source = input[source_region];
  input.erase(source_region);
  if (source == region || input.contains("PreSignedUrl")) return input;
  const Endpoint endpoint = endpoint_of(service, source, rules);
  Request request{.method = "GET", .query = query_form(service, operation, input)};
  request.query.emplace_back("DestinationRegion", region);
  request.headers.emplace_back("Host", host_of(endpoint.url));
  presign(request, who, {source, service.signing_name}, now, good_for_seconds);
  input["PreSignedUrl"] = endpoint.url + "/?" + encoded_query(request.query);
  return input;
}

}  // namespace aws
