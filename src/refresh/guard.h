// The guard: the only way by which steps change databases.
#pragma once

#include "provider/provider.h"

namespace refresh {

/// Wraps a DatabaseService. Every mutating verb is refused (Error `GuardRefused`) unless the database carries
/// the tag `refresh=true`, is not the source nor part of it, and is either one that this run has made (tag
/// `refresh-run`) or one that was pinned by its resource id when the run was planned. Names are never
/// trusted: they move.
class Guard {
 public:
  /// `pins` are the ids that plan() found: {source, old, old_members, old_replicas}. References must outlive
  /// it.
  Guard(provider::DatabaseService& service, std::string run, const base::Json& pins);

  std::optional<provider::Database> find(provider::Kind kind, const std::string& name) {
    return service_.find(kind, name);
  }
  std::optional<provider::Database> get(const std::string& id) { return service_.get(id); }
  /// The databases that this run has made: one instance; or a cluster and its instances; and replicas.
  std::vector<provider::Database> made(provider::Kind kind);

  provider::Restored restore(const provider::RestoreRequest& request, const provider::Budget& budget);
  provider::Database create_member(const std::string& cluster, const std::string& name, provider::Tags tags,
                                   const base::Json& settings, const provider::Budget& budget);
  provider::Database create_replica(const std::string& of, const std::string& name, int port,
                                    provider::Tags tags, const base::Json& settings,
                                    const provider::Budget& budget);
  bool replica_in_sync(const std::string& id) { return service_.replica_in_sync(id); }

  void set_master_password(const std::string& id, const base::Secret& password);
  void rename(const std::string& id, const std::string& name);
  void set_open(const std::string& id, bool open, const provider::Budget& budget);
  void stop(const std::string& id, const provider::Budget& budget);
  void start(const std::string& id, const provider::Budget& budget);
  void remove(const std::string& id, const provider::Budget& budget);
  void add_tags(const std::string& id, const provider::Tags& tags);
  std::unique_ptr<sql::Connection> login(const std::string& id, const base::Secret& password);

 private:
  void allow(const std::string& verb, const std::string& id);
  provider::Tags with_run(provider::Tags tags) const;

  provider::DatabaseService& service_;
  std::string run_;
  const base::Json& pins_;
};

}  // namespace refresh
