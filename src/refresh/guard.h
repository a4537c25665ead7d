// The guard: the only way by which steps change databases.
#pragma once

#include "provider/provider.h"

namespace refresh {

/// Wraps a DatabaseService. Every mutating verb is refused (Error `GuardRefused`) unless the database carries
/// the tag `refresh=true`, is not the source nor part of it, and is either one that this run has made (tag
/// `refresh-run`) or one that was pinned by its resource id when the run was planned. Names are never
/// trusted: they move. Lives for one call of a step: a database that was looked up in it is not looked up
/// once more to be allowed.
class Guard {
 public:
  /// `pins` are the ids that plan() found: {source, old, old_members, old_replicas, kept}. References must
  /// outlive it.
  Guard(provider::DatabaseService& service, std::string run, const base::Json& pins);

  std::optional<provider::Database> find(provider::Kind kind, const std::string& name);
  std::optional<provider::Database> get(const std::string& id);
  /// The databases that this run has made: one instance; or a cluster and its instances; and replicas.
  std::vector<provider::Database> made(provider::Kind kind);

  provider::Work<provider::Restored> restore(provider::RestoreRequest request,
                                             const provider::Budget& budget);
  provider::Work<provider::Database> create(provider::CreateRequest request, const provider::Budget& budget);
  provider::Work<provider::Database> make_so(const std::string& id, const provider::Desired& desired,
                                             const provider::Budget& budget);
  /// The same for a copy that another run has kept, which becomes this run's. It is pinned as `kept`.
  provider::Work<provider::Database> adopt(const std::string& id, provider::Desired desired,
                                           const provider::Budget& budget);
  /// One that is gone is Done.
  provider::Work<provider::Done> remove(const std::string& id, const provider::Budget& budget);
  bool replica_in_sync(const std::string& id) { return service_.replica_in_sync(id); }

  std::optional<std::vector<std::string>> schemas(const std::string& id,
                                                  const std::optional<base::Secret>& password);
  provider::Work<provider::Done> drop_schema(const std::string& id, const std::string& name,
                                             const base::Secret& password, const provider::Budget& budget);
  provider::Work<provider::Done> forget_past(const std::string& id, const base::Secret& password,
                                             const provider::Budget& budget);
  std::unique_ptr<sql::Connection> login(const std::string& id, const base::Secret& password);
  bool opens(const std::string& id, const base::Secret& password);
  std::unique_ptr<sql::Connection> script_session(const std::string& id, const base::Secret& password,
                                                  const std::string& schema);

 private:
  void allow(const std::string& verb, const std::string& id);
  void allow(const std::string& verb, const provider::Database& database) const;
  provider::Tags with_run(provider::Tags tags) const;

  provider::DatabaseService& service_;
  std::string run_;
  const base::Json& pins_;
  std::map<std::string, provider::Database> seen_;  ///< by id
};

}  // namespace refresh
