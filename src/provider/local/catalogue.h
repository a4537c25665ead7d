// The catalogue: which instances and clusters there are. Names are rows here; folders are named by resource
// id and never move.
#pragma once

#include <mutex>

#include "provider/provider.h"
#include "store/sqlite.h"

namespace provider::local {

struct Row {
  Kind kind = Kind::instance;
  std::string id, name, engine, version, status;
  int port = 0;
  std::string master_user, db_name;
  Tags tags;
  bool open = true;
  base::Json
      adopted;  ///< of a server that is not ours: {host, port, socket, user, datadir}; null if it is ours
  base::Json settings;     ///< server settings that its data files need, e.g. innodb_page_size
  std::string cluster;     ///< id of the cluster that an instance belongs to
  bool writer = false;     ///< of that cluster, on whose storage it runs
  std::string replica_of;  ///< id of the instance or cluster that it replicates
};

/// A copy that was put by: what a restore needs to make a database of it again.
struct Snapshot {
  std::string id, name;
  bool automated = false;  ///< made by `local backup`, and removed when its time is over
  Row origin;              ///< the database that it was made of, as it was then
  base::Time data_time{};  ///< everything committed before this is in it
  base::Json position;     ///< Copied::position
};

/// Thread-safe; several processes may share the file.
class Catalogue {
 public:
  explicit Catalogue(const std::filesystem::path& path);

  std::optional<Row> find_name(Kind kind, const std::string& name);
  std::optional<Row> find_id(const std::string& id);
  std::vector<Row> all();
  /// A cluster's instances; what replicates an instance.
  std::vector<Row> members(const std::string& cluster);
  std::vector<Row> replicas(const std::string& id);
  /// Throws DBInstanceAlreadyExists or DBClusterAlreadyExistsFault if the name is taken.
  void add(const Row& row);
  /// Replaces the row of this id. Throws as add() if its new name is taken.
  void update(const Row& row);
  void remove(const std::string& id);

  /// Oldest first.
  std::vector<Snapshot> snapshots();
  /// Throws DBSnapshotAlreadyExists if the name is taken.
  void add(const Snapshot& snapshot);
  void remove_snapshot(const std::string& id);

 private:
  void must_be_free(const Row& row);
  std::vector<Row> select(const std::string& where, const std::string& value);
  std::mutex mutex_;
  store::Database db_;
};

}  // namespace provider::local
