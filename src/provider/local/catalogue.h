// The catalogue: which instances and clusters there are. Names are rows here; folders are named by resource
// id and never move.
#pragma once

#include <functional>
#include <mutex>

#include "base/error.h"
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
  std::string token;       ///< of the request that made it; "" for what people made
  base::Json restored;     ///< of a restored one: {dataTime in microseconds, method}
};

/// A copy that was put by: what a restore needs to make a database of it again.
struct Snapshot {
  std::string id, name;
  bool automated = false;  ///< made by `local backup`, and removed when its time is over
  Row origin;              ///< the database that it was made of, as it was then
  base::Time data_time{};  ///< everything committed before this is in it
  base::Json position;     ///< Copied::position
};

/// Thread-safe; several processes may share the file. A catalogue of an older version is upgraded.
class Catalogue {
 public:
  explicit Catalogue(const std::filesystem::path& path, store::Mode mode = store::Mode::write);

  std::optional<Row> find_name(Kind kind, const std::string& name);
  std::optional<Row> find_id(const std::string& id);
  std::optional<Row> find_token(const std::string& token);
  std::vector<Row> all();
  /// A cluster's instances; what replicates an instance.
  std::vector<Row> members(const std::string& cluster);
  std::vector<Row> replicas(const std::string& id);
  /// False, and nothing added, if there is one of its token already. Throws DBInstanceAlreadyExists or
  /// DBClusterAlreadyExistsFault if the name is taken.
  bool add(const Row& row);
  /// Changes the row as it is at this moment, in one transaction: what others change meanwhile is not lost.
  /// Returns it as it is then. Throws DBInstanceNotFound, and as add() if its new name is taken.
  Row change(const std::string& id, const std::function<void(Row&)>& edit);
  void remove(const std::string& id);

  /// Oldest first.
  std::vector<Snapshot> snapshots();
  /// Throws DBSnapshotAlreadyExists if the name is taken.
  void add(const Snapshot& snapshot);
  void remove_snapshot(const std::string& id);

 private:
  void must_be_free(const Row& row);
  std::vector<Row> select(const std::string& where, const std::string& value);
  std::vector<Row> select_locked(const std::string& where, const std::string& value);
  std::mutex mutex_;
  store::Database db_;
};

base::Error no_such_database(const std::string& what);

}  // namespace provider::local
