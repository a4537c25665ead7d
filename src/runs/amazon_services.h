// The services of an account of Amazon's, over whatever Api is asked.
#pragma once

#include "aws/client.h"
#include "provider/aws/databases.h"
#include "provider/aws/script_hosts.h"
#include "provider/script_files.h"

namespace runs {

/// Threads for the tasks of runs in an account: most of their time they wait for an answer, or for a tag to
/// show. The work of heavy ones, scripts, is that of the databases' own servers.
inline constexpr std::size_t amazon_workers = 16, amazon_heavy_workers = 64;

/// Who we are in the account: {Account, Arn, UserId}.
base::Json who_we_are(aws::Api& api, base::Clock& clock);
/// That of whom who_we_are() shows.
std::string partition_of(const base::Json& caller);
/// Throws NoRegion where nothing says a Region.
void must_have_region(const aws::Session& session);

/// Secrets of open runs stay in the home, sealed; all others are in Secrets Manager, where applications read
/// them. Both must outlive it.
class RoutedSecrets : public provider::SecretStore {
 public:
  RoutedSecrets(provider::SecretStore& home, provider::SecretStore& account)
      : home_(home), account_(account) {}
  std::optional<base::Secret> get(const std::string& name, Stage stage) override;
  bool has(const std::string& name) override { return of(name).has(name); }
  void put_pending(const std::string& name, const base::Secret& value) override;
  void promote(const std::string& name) override;
  void drop_pending(const std::string& name) override;
  void remove(const std::string& name) override;
  std::vector<std::string> names() override { return account_.names(); }
  std::string how_to_read(const std::string& name) const override { return account_.how_to_read(name); }
  bool rotates() const override { return account_.rotates(); }
  std::optional<Rotation> rotation(const std::string& name) override { return of(name).rotation(name); }
  void rotate_regularly(const std::string& name, const std::optional<Rotation>& rotation) override {
    of(name).rotate_regularly(name, rotation);
  }
  std::optional<std::string> objection_to_change(const std::string& name) override {
    return of(name).objection_to_change(name);
  }

 private:
  provider::SecretStore& of(const std::string& name);
  provider::SecretStore& home_;
  provider::SecretStore& account_;
};

/// What a run needs of an account. Not movable: its parts refer to one another.
class AmazonServices {
 public:
  /// Whether scripts may be files of this host too.
  enum class Scripts { buckets, files_too };
  /// `home` keeps the secrets of open runs; `source` as Databases have it. All but `settings` and `connect`
  /// must outlive it.
  AmazonServices(aws::Api& api, base::Clock& clock, provider::SecretStore& home,
                 provider::aws::Settings settings, Scripts scripts, sql::Connect connect = sql::connect,
                 provider::aws::SourceAccount* source = nullptr);
  AmazonServices(const AmazonServices&) = delete;
  AmazonServices& operator=(const AmazonServices&) = delete;
  ~AmazonServices() = default;

  provider::Services& all() { return services_; }
  /// Databases of the account that is refreshed: what others have changed is looked at anew.
  void others_changed() { databases_.others_changed(); }

 private:
  provider::aws::Service service_;
  provider::aws::Asker asker_;
  provider::aws::SecretsManager account_secrets_;
  RoutedSecrets secrets_;
  provider::aws::Buckets buckets_;
  provider::ScriptFiles script_files_;
  provider::aws::DynamoLedger ledger_;
  provider::aws::Topics topics_;
  provider::aws::Databases databases_;
  provider::aws::ScriptHosts script_hosts_;
  provider::Services services_;
};

/// An account by itself: of its runs nothing is kept elsewhere. Not movable: its parts refer to one another.
class AmazonAccount {
 public:
  /// `role` "": as whoever the session is. `settings` without the account, which is asked for here: throws
  /// what it answers, and NoRegion. `clock` must outlive it.
  AmazonAccount(const aws::Settings& session, const std::string& role, provider::aws::Settings settings,
                base::Clock& clock);

  const std::string& region() const { return session_->region(); }
  std::string number() const { return caller_.at("Account"); }
  /// "aws", "aws-cn", …: that of our own ARN.
  std::string partition() const { return partition_of(caller_); }
  provider::aws::Service& service() { return service_; }
  provider::Services& services() { return services_.all(); }
  void others_changed() { services_.others_changed(); }

 private:
  aws::Session& assume(const std::string& role);

  aws::Session own_;
  std::unique_ptr<aws::Session> assumed_;
  aws::Session* session_;
  aws::Client client_;
  base::Json caller_;
  provider::aws::Service service_;
  provider::aws::SecretsManager run_secrets_;
  AmazonServices services_;
};

}  // namespace runs
