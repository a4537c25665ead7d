#include "runs/amazon_world.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "os/addresses.h"
#include "os/process.h"
#include "provider/aws/changes.h"
#include "runs/account_refusal.h"
#include "runs/amazon_stand_in.h"

namespace runs {
namespace {

using base::Json;

/// Before anybody is asked.
void must_be_role(const std::string& option, const std::string& role) {
  if (role.empty() || provider::is_role_arn(role)) return;
  throw base::Error("BadInput", fmt::format("{}: '{}' is no ARN of a role", option, role),
                    "arn:aws:iam::ACCOUNT:role/NAME");
}

/// As databases see us: what the environment says, because a gateway may stand between, else all our own.
std::vector<std::string> our_addresses() {
  const auto said = base::split_list(os::environment("DBREFRESH_ADDRESSES"));
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

aws::Settings session_settings(const Json& whereabouts, aws::Tally* tally) {
  must_be_role("--role", whereabouts.value("role", ""));
  must_be_role("--source-role", whereabouts.value("sourceRole", ""));
  aws::Settings settings;
  settings.tally = tally;
  settings.region = whereabouts.value("region", "");
  settings.profile = whereabouts.value("profile", "");
  return settings;
}

aws::Session& AmazonWorld::assume(const std::string& role) {
  must_have_region(own_);
  whereabouts_["region"] = own_.region();
  if (role.empty()) return own_;
  assumed_ = own_.assume(role);
  return *assumed_;
}

/// Taken as who we are before --role: that one need not be trusted by both accounts.
std::unique_ptr<AmazonWorld::Elsewhere> AmazonWorld::elsewhere(const std::string& role) {
  if (role.empty()) return nullptr;
  return std::make_unique<Elsewhere>(own_.assume(role), clock);
}

provider::aws::Settings AmazonWorld::settings() {
  const std::string group = whereabouts_.value("quarantineGroup", "");
  const std::string ca = os::environment("DBREFRESH_RDS_CA");
  return {.quarantine_group = group.empty() ? os::environment("DBREFRESH_QUARANTINE_GROUP") : group,
          .addresses = our_addresses(),
          .account = account_,
          .kms_key = whereabouts_.value("kmsKey", ""),
          .ca_file = ca.empty() ? certificates : ca};
}

AmazonWorld::AmazonWorld(const std::string& root, const Json& whereabouts, provider::local::Opening opening)
    : World(root, opening_of(root, opening)),
      whereabouts_(whereabouts),
      own_(session_settings(whereabouts, &tally_)),
      session_(&assume(whereabouts.value("role", ""))),
      client_(*session_),
      caller_(who_we_are(client_, clock)),
      account_(caller_.at("Account")),
      elsewhere_(elsewhere(whereabouts.value("sourceRole", ""))),
      services_(client_, clock, secrets, settings(), AmazonServices::Scripts::files_too, sql::connect,
                source()) {}

std::string AmazonWorld::objection_to_password(const base::Secret& password, const std::string& engine) {
  return provider::aws::objection_to_password(password.reveal(), engine);
}

std::optional<std::int64_t> AmazonWorld::storage_gib(const std::string& name) {
  provider::aws::Service ours(client_, clock);
  auto& service = elsewhere_ ? elsewhere_->account.service() : ours;
  const auto found = provider::aws::Asker(service).ask_unless(
      {"DBInstanceNotFound"}, "rds", "DescribeDBInstances", {{"DBInstanceIdentifier", name}});
  const Json shown = found ? found->value("DBInstances", Json::array()) : Json::array();
  const Json first = shown.empty() ? Json::object() : shown.front();
  if (first.value("Engine", "").starts_with("aurora") || !first.contains("AllocatedStorage"))
    return std::nullopt;
  return first["AllocatedStorage"].get<std::int64_t>();
}

std::unique_ptr<StandIn> AmazonWorld::stand_in(base::Clock& time) {
  return std::make_unique<AmazonStandIn>(client_, clock, time, settings(), partition(), session_->region(),
                                         source());
}

namespace {

/// Throws what the account says as a refusal, where it is one.
template <class Open>
auto or_refused(const Json& whereabouts, Open open) {
  try {
    return open();
  } catch (const base::Error& error) {
    if (const auto refusal = refusal_of_account(error, whereabouts)) throw *refusal;
    throw;
  }
}

}  // namespace

std::unique_ptr<AmazonAccount> open_amazon_account(const Json& whereabouts, base::Clock& clock) {
  return or_refused(whereabouts, [&] {
    return std::make_unique<AmazonAccount>(session_settings(whereabouts), whereabouts.value("role", ""),
                                           provider::aws::Settings(), clock);
  });
}

std::unique_ptr<AmazonWorld> open_amazon_world(const std::string& root, const Json& whereabouts,
                                               provider::local::Opening opening) {
  return or_refused(whereabouts, [&] { return std::make_unique<AmazonWorld>(root, whereabouts, opening); });
}

}  // namespace runs
