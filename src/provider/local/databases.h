// DatabaseService on this host: real MariaDB and PostgreSQL servers.
#pragma once

#include "provider/local/creation.h"

namespace provider::local {

/// The parts of the local provider, behind the one contract, and what only this host's commands ask for.
/// Thread-safe; several processes may work in one home. The destructor stops what is being made: a copy that
/// is not whole by then goes.
class Databases : public DatabaseService {
 public:
  /// `secrets` keeps the passwords of adopted servers. All must outlive it. Opened to look it finds and
  /// checks, and changes nothing; what would change something throws.
  Databases(const Home& home, SecretStore& secrets, base::Clock& clock,
            store::Mode mode = store::Mode::write);

  // The contract. The status of an adopted server is looked up when it is found by name or id, for that takes
  // a login; else it is "unknown".
  using DatabaseService::find;
  std::vector<Database> find(const Selector& selector) override;
  std::vector<Objection> check(const Intent& intent) override;
  Work<Restored> restore(const RestoreRequest& request, const Budget& budget) override;
  Work<Database> create(const provider::CreateRequest& request, const Budget& budget) override;
  Work<Database> make_so(const std::string& id, const Desired& desired, const Budget& budget) override;
  Work<Done> remove(const std::string& id, const Budget& budget) override;
  bool replica_in_sync(const std::string& id) override;
  std::optional<std::vector<std::string>> schemas(
      const std::string& id, const std::optional<base::Secret>& master_password) override;
  Work<Done> drop_schema(const std::string& id, const std::string& name, const base::Secret& master_password,
                         const Budget& budget) override;
  std::unique_ptr<sql::Connection> login(const std::string& id, const base::Secret& password,
                                         const std::string& schema) override;
  std::unique_ptr<sql::Connection> script_session(const std::string& id, const base::Secret& master_password,
                                                  const std::string& schema) override;

  Database create_new(const NewDatabase& request, const Budget& budget);
  Database adopt(const AdoptRequest& request, const Budget& budget);
  /// Starts every server of ours that should run and does not, as after a reboot, and what receives the logs
  /// of adopted ones; `failed` hears of those that do not start. Returns the names of those that did.
  std::vector<std::string> start_all(
      const Budget& budget, const std::function<void(const std::string&, const base::Error&)>& failed);
  /// Renews what open servers that run prove themselves by, before it ends; `failed` as for start_all().
  void renew_certificates(const Budget& budget,
                          const std::function<void(const std::string&, const base::Error&)>& failed);
  /// When what a server proves itself by ends; nothing where it has no TLS of ours.
  std::optional<base::Time> certificate_until(const std::string& id);
  bool is_ours(const std::string& id) { return local::is_ours(fleet_.must_get(id)); }

  /// Puts a hot copy by. Throws DBSnapshotAlreadyExists.
  Snapshot create_snapshot(const std::string& id, const std::string& name, const Budget& budget);
  std::vector<Snapshot> snapshots() { return snapshots_.all(); }
  void remove_snapshot(const std::string& name);
  Snapshot back_up(const std::string& id, const Budget& budget);
  bool keeps_log(const std::string& id) { return LogArchive::keeps_log(fleet_.must_get(id)); }
  Restorable restorable(const std::string& id) { return snapshots_.restorable(fleet_.must_get(id), clock_); }
  /// The password of an adopted server was changed: its log is received with the new one.
  void renew_login(const std::string& secret, const Budget& budget);

  std::uint64_t bytes(const std::string& id) { return fleet_.bytes(fleet_.must_get(id)); }
  /// Where we log in as administrator; for an adopted server, as the user that it was adopted with.
  sql::Endpoint administrator(const std::string& id) { return fleet_.administrator(fleet_.must_get(id)); }

 private:
  Database shown(const std::string& id);

  base::Clock& clock_;
  Fleet fleet_;
  Supervisor supervisor_;
  LogArchive archive_;
  Snapshots snapshots_;
  Removal removal_;
  Copies copies_;
  Creation creation_;
  Jobs jobs_;  ///< last, so that it ends first: its threads use all the others
};

}  // namespace provider::local
