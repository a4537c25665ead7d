#include <fmt/format.h>

#include "base/error.h"
#include "provider/aws/stores.h"

namespace provider::aws {
namespace {

/// What S3 answers to whoever asks in a Region where the bucket is not (S3 API reference, error responses).
constexpr std::string_view elsewhere[] = {"PermanentRedirect", "AuthorizationHeaderMalformed",
                                          "IllegalLocationConstraintException"};

}  // namespace

std::string region_of_location(const Json& location) {
  const std::string named = location.value("LocationConstraint", "");
  return named.empty() ? "us-east-1" : named == "EU" ? "eu-west-1" : named;
}

std::string Buckets::read(const std::string& bucket, const std::string& key) {
  const Json input = {{"Bucket", bucket}, {"Key", key}};
  auto found = asker_.ask_unless({elsewhere[0], elsewhere[1], elsewhere[2]}, "s3", "GetObject", input);
  if (!found)
    found = asker_.ask("s3", "GetObject", input,
                       region_of_location(asker_.ask("s3", "GetBucketLocation", {{"Bucket", bucket}})));
  return found->value("Body", "");
}

}  // namespace provider::aws
