#include "runs/amazon_world.h"

#include <cstdlib>

#include "base/error.h"
#include "base/text.h"
#include "os/addresses.h"
#include "refresh/lookup.h"
#include "runs/amazon_stand_in.h"

namespace runs {
namespace {

using base::Json;

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody here sets any
  return value == nullptr ? "" : value;
}

aws::Settings session_settings(const Json& whereabouts) {
  aws::Settings settings;
  settings.region = whereabouts.value("region", "");
  settings.profile = whereabouts.value("profile", "");
  return settings;
}

/// As databases see us: what the environment says, because a gateway may stand between, else all our own.
std::vector<std::string> our_addresses() {
  const auto said = base::split_list(environment("DBREFRESH_ADDRESSES"));
  return said.empty() ? os::own_addresses() : said;
}

/// A plan needs no home that was made before: no server of this host is in one.
provider::local::Opening opening_of(const std::string& root, provider::local::Opening asked) {
  const auto folder = root.empty() ? provider::local::default_home() : os::fs::path(root);
  std::error_code hidden;
  return os::fs::exists(folder, hidden) || hidden ? asked : provider::local::Opening::to_work;
}

/// Debian's place for data of a package.
constexpr const char* certificates = "/usr/share/dbrefresh/rds-ca.pem";

}  // namespace

provider::SecretStore& RoutedSecrets::of(const std::string& name) {
  return name.starts_with(refresh::run_secret_name("")) ? home_ : account_;
}
std::optional<base::Secret> RoutedSecrets::get(const std::string& name, Stage stage) {
  return of(name).get(name, stage);
}
void RoutedSecrets::put_pending(const std::string& name, const base::Secret& value) {
  of(name).put_pending(name, value);
}
void RoutedSecrets::promote(const std::string& name) {
  of(name).promote(name);
}
void RoutedSecrets::drop_pending(const std::string& name) {
  of(name).drop_pending(name);
}
void RoutedSecrets::remove(const std::string& name) {
  of(name).remove(name);
}

aws::Session& AmazonWorld::assume(const std::string& role) {
  if (own_.region().empty())
    throw base::Error("NoRegion", "no AWS Region is said",
                      "--region, AWS_REGION, or region in ~/.aws/config");
  whereabouts_["region"] = own_.region();
  if (role.empty()) return own_;
  assumed_ = own_.assume(role);
  return *assumed_;
}

provider::aws::Settings AmazonWorld::settings() {
  const std::string group = whereabouts_.value("quarantineGroup", "");
  const std::string ca = environment("DBREFRESH_RDS_CA");
  return {.quarantine_group = group.empty() ? environment("DBREFRESH_QUARANTINE_GROUP") : group,
          .addresses = our_addresses(),
          .account = account_,
          .kms_key = whereabouts_.value("kmsKey", ""),
          .ca_file = ca.empty() ? certificates : ca};
}

AmazonWorld::AmazonWorld(const std::string& root, const Json& whereabouts, provider::local::Opening opening)
    : World(root, opening_of(root, opening)),
      whereabouts_(whereabouts),
      own_(session_settings(whereabouts)),
      session_(&assume(whereabouts.value("role", ""))),
      client_(*session_),
      service_(client_, clock),
      asker_(service_),
      caller_(asker_.ask("sts", "GetCallerIdentity", Json::object())),
      account_(caller_.at("Account")),
      account_secrets_(asker_),
      secrets_(secrets, account_secrets_),
      buckets_(asker_),
      ledger_(asker_),
      topics_(asker_),
      databases_(client_, settings(), clock),
      services_{databases_, secrets_, buckets_, ledger_, topics_} {}

std::string AmazonWorld::partition() const {
  const auto parts = base::split_list(caller_.value("Arn", ""), ':');
  return parts.size() > 1 ? parts[1] : "aws";
}

std::unique_ptr<StandIn> AmazonWorld::stand_in(base::Clock& time) {
  return std::make_unique<AmazonStandIn>(client_, clock, time, settings(), partition(), session_->region());
}

}  // namespace runs
