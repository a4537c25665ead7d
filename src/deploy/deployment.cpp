#include "deploy/deployment.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "provider/aws/stores.h"

namespace deploy {
namespace {

using base::Error;
using provider::aws::Asker;

/// The release is in its name: the same name has the same content.
bool is_versioned(const std::string& key, const Package& package) {
  return key.find(package.release) != std::string::npos;
}

/// CloudFormation and Lambda read from buckets of their own Region alone.
void must_be_here(runs::AmazonAccount& account, const std::string& bucket) {
  const auto found =
      Asker(account.service()).ask_unless({"NoSuchBucket"}, "s3", "GetBucketLocation", {{"Bucket", bucket}});
  if (!found)
    throw Error("BadInput", fmt::format("there is no bucket {}", bucket),
                fmt::format("aws s3 mb s3://{} --region {}", bucket, account.region()));
  const auto region = provider::aws::region_of_location(*found);
  if (region != account.region())
    throw Error(
        "BadInput",
        fmt::format("bucket {} is in {}, and the stack is to be in {}", bucket, region, account.region()),
        "name a bucket of the Region");
}

}  // namespace

std::string template_url(const runs::AmazonAccount& account, const Target& target) {
  const std::string file = std::string(global_template).substr(std::string("templates").size());
  if (const auto said = target.parameters.find("TemplatesUrl");
      said != target.parameters.end() && !said->second.empty())
    return said->second + file;
  const auto suffix = account.partition() == "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
  return fmt::format("https://{}.s3.{}.{}/templates{}", target.bucket, account.region(), suffix, file);
}

bool has_parameter(const Package& package, const std::string& name) {
  const auto& text = package.files.at(global_template);
  const auto from = text.find("\nParameters:"), to = text.find("\nResources:");
  const auto at = text.find("\n  " + name + ":\n", from);
  return from != std::string::npos && at != std::string::npos && at < to;
}

Parameters parameters_of(runs::AmazonAccount& account, const Target& target, const Package& package,
                         bool is_new) {
  for (const auto& [name, value] : target.parameters)
    if (!has_parameter(package, name))
      throw Error("BadInput", fmt::format("--parameter: the stack has no parameter '{}'", name),
                  "deploy/README.md lists them");
  Parameters all = target.parameters;
  all["BucketName"] = target.bucket;
  all["Release"] = package.release;
  if (is_new) add_network(account.service(), all);
  return all;
}

void upload(runs::AmazonAccount& account, const std::string& bucket, const Package& package,
            const std::function<void(const std::string& key)>& tell) {
  must_be_here(account, bucket);
  Asker asker(account.service());
  for (const auto& [key, text] : package.files) {
    const Json place = {{"Bucket", bucket}, {"Key", key}};
    if (is_versioned(key, package) &&
        asker.ask_unless({"NotFound", "NoSuchKey", "404"}, "s3", "HeadObject", place))
      continue;
    tell(key);
    Json put = place;
    put["Body"] = text;
    asker.ask("s3", "PutObject", std::move(put));
  }
}

}  // namespace deploy
