// The databases of one home, each with what belongs to it: its row, its server, the way into it, its lock.
#pragma once

#include "os/port.h"
#include "provider/local/catalogue.h"
#include "provider/local/server.h"

namespace provider::local {

/// Thread-safe. What it was made of must outlive it.
class Fleet {
 public:
  Fleet(const Home& home, SecretStore& secrets, store::Mode mode)
      : home_(home), secrets_(secrets), rows_(home.catalogue(), mode) {}

  const Home& home() const { return home_; }
  SecretStore& secrets() { return secrets_; }
  Catalogue& rows() { return rows_; }

  /// Throws DBInstanceNotFound.
  Row must_get(const std::string& id);
  /// The row whose server serves this one: a cluster's, for its writer.
  Row storage_of(const Row& row);
  /// The instances of a cluster that have a server of their own; none of an instance.
  std::vector<Row> readers_of(const Row& cluster);
  /// A cluster's storage, or an instance, and the readers: every server that goes with it.
  std::vector<Row> servers_of(const Row& row);
  std::unique_ptr<Server> server(const Row& row);

  /// Operations on one database exclude each other, across processes too. Throws InvalidDBInstanceState
  /// (retryable) if another one goes on all the time. Whoever looks at a status holds the lock for a moment
  /// too: the patience outlasts that.
  os::FileLock lock(const std::string& id,
                    std::chrono::milliseconds patience = std::chrono::milliseconds(500));
  /// Does an operation hold it? Changes nothing.
  bool is_locked(const std::string& id);
  void set_status(const std::string& id, const std::string& status);

  /// Where what is asked for is to listen: as was said, else like the database that it replaces, so that
  /// people find it where it was. `port` is 0 for any.
  struct Place {
    int port = 0;
    Listening listening;  ///< what is said
  };
  Place place_of(const RestoreRequest& request);

  /// A free port for a new server: no other database of this home has it, be it stopped, and no other program
  /// of ours is given it while this one lives.
  int any_port(const Listening& listening);

  /// Where the master user logs in.
  sql::Endpoint endpoint(const Row& row);
  /// Where we log in as administrator; for an adopted server, as the user that it was adopted with.
  sql::Endpoint administrator(const Row& row);
  CopySource copy_source(const Row& row);
  /// Of its data; 0 of an adopted server that does not answer.
  std::uint64_t bytes(const Row& row);

 private:
  const Home& home_;
  SecretStore& secrets_;
  Catalogue rows_;
  os::Ports ports_;
};

inline bool is_ours(const Row& row) {
  return row.adopted.is_null();
}
/// What keeps a server of this family from listening so on this host, as faults_of(), where those are none.
std::vector<ListeningFault> faults_here(const Listening& listening, const std::string& family,
                                        base::Time now);
/// As it was made to listen, with what that means.
Listening listening_of(const Row& row);
/// The secret that keeps the password of an adopted server.
inline std::string adopted_secret(const std::string& id) {
  return "local/" + id;
}
std::string new_id(Kind kind);
/// `name` in lower case. Throws InvalidParameterValue unless a refresh file could name it.
std::string must_be_name(const std::string& name);

}  // namespace provider::local
