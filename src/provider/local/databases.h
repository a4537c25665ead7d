// DatabaseService on this host: real MariaDB and PostgreSQL servers.
#pragma once

#include <set>

#include "base/error.h"
#include "provider/local/catalogue.h"
#include "provider/local/server.h"

namespace provider::local {

/// What `dbrefresh local create` asks for.
struct CreateRequest {
  std::string name;
  std::string engine = "mariadb";  ///< with an aurora engine a cluster is made, and `writer` in it
  std::string writer;              ///< "": <name>-1
  int port = 0;                    ///< 0: any free one
  std::string master_user = "admin";
  base::Secret master_password;
  std::string db_name;
  Tags tags;
  int retention_days = 7;  ///< for how long it can be restored to a point in time; 0: not at all
};

/// The span of time that a database can be restored to.
struct Window {
  base::Time from, to;
};

/// A server that runs already and is to be a source.
struct AdoptRequest {
  std::string name;
  std::string engine = "mariadb";
  std::string socket, host;
  int port = 0;
  std::string user;  ///< may replicate; MariaDB on another host: may also read all (docs/adopting.md)
  base::Secret password;
  std::string master_user;  ///< of its copies; "": PostgreSQL, the owner of the first database; else `user`
  int retention_days = 0;   ///< as for CreateRequest: a copy is put by, and its log received from then on
};

/// Thread-safe. Operations on one instance exclude each other across processes by a lock file; an operation
/// whose process died leaves a status that is seen through: what runs and what is whole is looked up, not
/// believed.
class Databases : public DatabaseService {
 public:
  /// `secrets` keeps the passwords of adopted servers. Both must outlive it.
  Databases(const Home& home, SecretStore& secrets);

  Database create(const CreateRequest& request, const Budget& budget);
  Database adopt(const AdoptRequest& request, const Budget& budget);
  /// Starts every server of ours that should run and does not, as after a reboot, and what receives the logs
  /// of adopted ones; `failed` hears of those that do not start. Returns the names of those that did.
  std::vector<std::string> start_all(
      const Budget& budget, const std::function<void(const std::string&, const base::Error&)>& failed);
  bool is_ours(const std::string& id) { return must_get(id).adopted.is_null(); }
  /// An instance of this name, else a cluster.
  std::optional<Database> find_any(const std::string& name);

  std::optional<Database> find(Kind kind, const std::string& name) override;
  std::optional<Database> get(const std::string& id) override;
  std::vector<Database> list() override;
  std::vector<base::Problem> check(const RestoreRequest& request, const std::string& replaces,
                                   const base::Json& members) override;
  Restored restore(const RestoreRequest& request, const Budget& budget) override;
  Database create_member(const std::string& cluster, const std::string& name, const Tags& tags,
                         const base::Json& settings, const Budget& budget) override;
  Database create_replica(const std::string& of, const std::string& name, int port, const Tags& tags,
                          const base::Json& settings, const Budget& budget) override;
  bool replica_in_sync(const std::string& id) override;
  void set_master_password(const std::string& id, const base::Secret& password) override;
  void rename(const std::string& id, const std::string& name) override;
  void set_open(const std::string& id, bool open, const Budget& budget) override;
  void stop(const std::string& id, const Budget& budget) override;
  void start(const std::string& id, const Budget& budget) override;
  void remove(const std::string& id, const Budget& budget) override;
  void add_tags(const std::string& id, const Tags& tags) override;
  std::unique_ptr<sql::Connection> login(const std::string& id, const base::Secret& password) override;

  /// Puts a hot copy by. Throws DBSnapshotAlreadyExists.
  Snapshot create_snapshot(const std::string& id, const std::string& name, bool automated,
                           const Budget& budget);
  std::vector<Snapshot> snapshots() { return catalogue_.snapshots(); }
  /// Nothing if there is none of this name; an ARN's last part is its name.
  std::optional<Snapshot> find_snapshot(const std::string& name);
  void remove_snapshot(const std::string& name);
  /// Makes an automated snapshot, and removes what is older than the retention: automated snapshots but the
  /// newest that is old enough, and the log before the oldest.
  Snapshot back_up(const std::string& id, const Budget& budget);
  /// Is it ours, and is its log kept?
  bool keeps_log(const std::string& id);
  /// Nothing if its log is not kept, or has gaps.
  std::optional<Window> window(const std::string& id);

  std::uint64_t bytes(const std::string& id);  ///< of its data folder
  /// Where the master user logs in.
  sql::Endpoint endpoint(const std::string& id);
  /// Where we log in as administrator; for an adopted server, as the user that it was adopted with.
  sql::Endpoint administrator(const std::string& id) { return administrator(must_get(id)); }

 private:
  void check_source(const Row& source, const char* path, std::vector<base::Problem>& problems);
  void check_room(std::uint64_t bytes, bool shared, const std::string& name, const char* path,
                  std::vector<base::Problem>& problems);
  bool clones(const Row& source);
  void check_outside(const Row& source, const char* path, std::vector<base::Problem>& problems);
  void check_ports(const RestoreRequest& request, const std::string& replaces, const base::Json& members,
                   std::vector<base::Problem>& problems);
  void check_port(int port, const char* path, const std::string& replaces,
                  std::vector<base::Problem>& problems);
  Row must_get(const std::string& id);
  Database describe(const Row& row);
  std::string status_of(const Row& row);
  /// The row whose server serves this one: a cluster's, for its writer.
  Row storage_of(const Row& row);
  /// The instances of a cluster that have a server of their own; none of an instance.
  std::vector<Row> readers_of(const Row& cluster);
  std::unique_ptr<Server> server(const Row& row);
  void set_status(const std::string& id, const std::string& status);
  os::FileLock lock(const std::string& id);
  CopySource copy_source(const Row& row);
  sql::Endpoint administrator(const Row& row);
  bool should_run(const Row& row);
  void start_one(const Row& row, const Budget& budget);
  void open_one(Row row, bool open, const Budget& budget);
  void discard(const Row& row, const Budget& budget);
  /// Copies the data of `source` into `folder`, a server's or a snapshot's, whole or not at all. A server's
  /// is given to `account`, else to a new one.
  Copied copy_into(const os::fs::path& folder, const Row& source, const Budget& budget,
                   const std::optional<os::Ids>& account = std::nullopt);
  /// Makes the data of `row` out of a snapshot, in its folder, not yet started.
  void lay_out(const Row& row, const Snapshot& snapshot, const Budget& budget);
  /// What to make a database of, and how: fills in what `row` has from its origin.
  Restored restore_running(Row row, const Row& source, const Budget& budget);
  Restored restore_snapshot(Row row, const std::string& name, const Budget& budget);
  Restored restore_point(Row row, const Row& source, base::Time time, const Budget& budget);
  Restored make(Row row, const Row& origin, const std::function<Copied(Row&, const Server&)>& fill,
                const Budget& budget);
  void sweep_snapshots();
  bool receives(const Row& adopted);
  void start_receiving(const Row& adopted, const Budget& budget);
  void stop_receiving(const Row& adopted);
  bool await_log(const Row& adopted, const Snapshot& base, const Budget& budget);
  base::Time log_end(const Row& source);
  std::uint64_t size_of(const Row& row);
  LogSource log_of(const Row& source, const Snapshot& base);
  std::vector<Snapshot> bases_of(const Row& source);
  void check_origin(const RestoreRequest& request, const Row& source, std::vector<base::Problem>& problems);

  const Home& home_;
  SecretStore& secrets_;
  Catalogue catalogue_;
};

/// A word of the engine for the CREATE commands: mariadb, postgres, aurora-mysql, aurora-postgresql.
std::string normal_engine(const std::string& engine);

}  // namespace provider::local
