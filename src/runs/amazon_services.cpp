#include "runs/amazon_services.h"

#include "refresh/lookup.h"

namespace runs {

base::Json who_we_are(aws::Api& api, base::Clock& clock) {
  provider::aws::Service service(api, clock);
  return provider::aws::Asker(service).ask("sts", "GetCallerIdentity", base::Json::object());
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
                               provider::aws::Settings settings, sql::Connect connect,
                               provider::aws::SourceAccount* source)
    : service_(api, clock),
      asker_(service_),
      account_secrets_(asker_),
      secrets_(home, account_secrets_),
      buckets_(asker_),
      ledger_(asker_),
      topics_(asker_),
      databases_(api, std::move(settings), clock, std::move(connect), source),
      script_hosts_(service_, databases_),
      services_{databases_, secrets_, buckets_, ledger_, topics_, &script_hosts_} {}

}  // namespace runs
