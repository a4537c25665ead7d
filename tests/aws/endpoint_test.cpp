#include "aws/endpoint.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "os/files.h"

namespace aws {
namespace {

using base::Json;

EndpointRules rules_of(const Json& given) {
  EndpointRules out{.use_fips = given.value("UseFIPS", false),
                    .use_dualstack = given.value("UseDualStack", false)};
  if (given.contains("Endpoint")) out.overrides[""] = given["Endpoint"];
  return out;
}

/// The URL as the cases have it: with the bucket, where one is given, in its host or path. "": an error.
std::pair<std::string, std::string> answer(const Json& given) {
  try {
    Endpoint endpoint =
        endpoint_of(service(given["service"].get<std::string>()), given.value("Region", ""), rules_of(given));
    if (!given.contains("Bucket")) return {endpoint.url, endpoint.signing_region};
    Request request{.path = "/" + base::percent_encode(given["Bucket"].get<std::string>())};
    place_bucket(request, endpoint);
    return {endpoint.url + (request.path == "/" ? "" : request.path), endpoint.signing_region};
  } catch (const base::Error&) {
    return {};
  }
}

TEST(Endpoints, AreThoseOfAwsOwnCases) {
  const Json cases = base::parse_json(os::read_file(SOURCE_DIR "/tests/aws/endpoints.json"))["cases"];
  ASSERT_GT(cases.size(), 400U);
  for (const auto& given : cases) {
    const auto [url, region] = answer(given);
    EXPECT_EQ(url, given["url"].is_null() ? "" : given["url"].get<std::string>()) << given;
    if (!url.empty()) {
      EXPECT_EQ(region, given.value("signingRegion", given.value("Region", ""))) << given;
    }
  }
}

TEST(Endpoints, OverridesAreByServiceAndMayBePlain) {
  const EndpointRules rules{
      .overrides = {{"", "http://127.0.0.1:5000/"}, {"secrets_manager", "https://vpce.example/x"}}};
  EXPECT_EQ(endpoint_of(service("rds"), "eu-west-1", rules).url, "http://127.0.0.1:5000");
  EXPECT_EQ(endpoint_of(service("secretsmanager"), "eu-west-1", rules).url, "https://vpce.example/x");
  Endpoint endpoint = endpoint_of(service("s3"), "eu-west-1", rules);
  Request request{.path = "/bucket/key"};
  place_bucket(request, endpoint);
  EXPECT_EQ(endpoint.url + request.path, "http://127.0.0.1:5000/bucket/key");
  for (const char* bad : {"127.0.0.1:5000", "ftp://x", "https://", "https://user:word@host", "http://x/?a=b"})
    EXPECT_THROW(endpoint_of(service("rds"), "eu-west-1", {.overrides = {{"rds", bad}}}), base::Error) << bad;
}

}  // namespace
}  // namespace aws
