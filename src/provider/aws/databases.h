// DatabaseService of Amazon RDS and Aurora, in one account and Region.
#pragma once

#include "provider/aws/changes.h"
#include "provider/aws/members.h"
#include "provider/aws/removals.h"
#include "provider/aws/restores.h"

namespace provider::aws {

/// Puts the parts together. Nobody remembers anything: what must be known is in the names, the settings and
/// the tags of the databases (labels.h). Every call that changes something answers Pending, and what it
/// changed is believed once it shows. docs/decisions/0015 says why so.
class Databases : public DatabaseService {
 public:
  /// `api` and `clock` must outlive it. `connect` is sql::connect but in tests. `source`, which must outlive
  /// it too, is the account of the sources; nullptr: they are in this one.
  Databases(::aws::Api& api, Settings settings, base::Clock& clock, Connect connect = sql::connect,
            SourceAccount* source = nullptr);

  /// Reader::others_changed().
  void others_changed() { reader_.others_changed(); }

  using DatabaseService::find;
  std::vector<Database> find(const Selector& selector) override;
  std::optional<Database> find_source(Kind kind, const std::string& name) override;
  std::chrono::seconds shows_within() const override { return settings_.shows_within; }
  std::vector<Objection> check(const Intent& intent) override;
  Work<Restored> restore(const RestoreRequest& request, const Budget& budget) override;
  Work<Database> create(const CreateRequest& request, const Budget& budget) override;
  Work<Database> make_so(const std::string& id, const Desired& desired, const Budget& budget) override;
  Work<Done> remove(const std::string& id, const Budget& budget) override;
  std::optional<std::int64_t> connections(const std::string& id, const Budget& budget) override;
  bool replica_in_sync(const std::string& id) override;
  std::optional<std::vector<std::string>> schemas(
      const std::string& id, const std::optional<base::Secret>& master_password) override;
  Work<Done> drop_schema(const std::string& id, const std::string& name, const base::Secret& master_password,
                         const Budget& budget) override;
  Work<Done> forget_past(const std::string& id, const base::Secret& master_password,
                         const Budget& budget) override;
  std::unique_ptr<sql::Connection> login(const std::string& id, const base::Secret& password,
                                         const std::string& schema) override;
  bool opens(const std::string& id, const base::Secret& password) override;
  std::unique_ptr<sql::Connection> script_session(const std::string& id, const base::Secret& master_password,
                                                  const std::string& schema) override;

 private:
  Database must_find(const std::string& id);

  Settings settings_;
  Connect connect_;
  Service service_;
  Reader reader_;
  Quarantine quarantine_;
  Account account_;
  Restores restores_;
  Members members_;
  Changes changes_;
  Removals removals_;
};

}  // namespace provider::aws
