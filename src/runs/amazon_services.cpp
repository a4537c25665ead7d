#include "runs/amazon_services.h"

#include "base/error.h"
#include "base/text.h"
#include "refresh/lookup.h"

namespace runs {

base::Json who_we_are(aws::Api& api, base::Clock& clock) {
  provider::aws::Service service(api, clock);
  return provider::aws::Asker(service).ask("sts", "GetCallerIdentity", base::Json::object());
}

std::string partition_of(const base::Json& caller) {
  const auto parts = base::split_list(caller.value("Arn", ""), ':');
  return parts.size() > 1 ? parts[1] : "aws";
}

void must_have_region(const aws::Session& session) {
  if (session.region().empty())
    throw base::Error("NoRegion", "no AWS Region is said",
                      "--region, AWS_REGION, or region in ~/.aws/config");
}

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

AmazonServices::AmazonServices(aws::Api& api, base::Clock& clock, provider::SecretStore& home,
                               provider::aws::Settings settings, Scripts scripts, sql::Connect connect,
                               provider::aws::SourceAccount* source)
    : service_(api, clock),
      asker_(service_),
      account_secrets_(asker_),
      secrets_(home, account_secrets_),
      buckets_(asker_),
      script_files_(buckets_),
      ledger_(asker_),
      topics_(asker_),
      databases_(api, std::move(settings), clock, std::move(connect), source),
      script_hosts_(service_, databases_),
      services_{databases_,
                secrets_,
                scripts == Scripts::buckets ? static_cast<provider::ScriptStore&>(buckets_) : script_files_,
                ledger_,
                topics_,
                &script_hosts_} {}

namespace {

provider::aws::Settings of_account(provider::aws::Settings settings, const base::Json& caller) {
  settings.account = caller.at("Account");
  return settings;
}

}  // namespace

aws::Session& AmazonAccount::assume(const std::string& role) {
  must_have_region(own_);
  if (role.empty()) return own_;
  assumed_ = own_.assume(role);
  return *assumed_;
}

AmazonAccount::AmazonAccount(const aws::Settings& session, const std::string& role,
                             provider::aws::Settings settings, base::Clock& clock)
    : own_(session),
      session_(&assume(role)),
      client_(*session_),
      caller_(who_we_are(client_, clock)),
      service_(client_, clock),
      run_secrets_(provider::aws::Asker(service_)),
      services_(client_, clock, run_secrets_, of_account(std::move(settings), caller_),
                AmazonServices::Scripts::buckets) {}

}  // namespace runs
