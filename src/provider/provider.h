// What a refresh needs of the world, in the words of Amazon RDS. Three worlds implement it: local/ (real
// servers on this host), simulated/ (scripted time lines and faults) and aws/. One suite, tests/conformance,
// runs over all.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/budget.h"
#include "base/json.h"
#include "base/secret.h"
#include "sql/connection.h"

namespace provider {

using Tags = std::map<std::string, std::string>;

enum class Kind { instance, cluster };
std::string_view to_string(Kind kind);  ///< "instance", "cluster"

/// An instance or a cluster, as a Describe call shows it. `id` is the immutable resource id (RDS:
/// DbiResourceId, DbClusterResourceId): names move, ids do not.
struct Database {
  Kind kind = Kind::instance;
  std::string name, id, arn;
  std::string engine;  ///< mysql, mariadb, postgres, aurora-mysql, aurora-postgresql
  std::string version;
  std::string status;  ///< as RDS spells it; see classify()
  std::string host;
  int port = 0;
  std::string master_user;
  std::string db_name;  ///< the initial database, "" if none
  Tags tags;
  bool open = true;  ///< reachable by users, not quarantined
  bool deletion_protection = false;
  std::string cluster;                ///< an instance's cluster (id), "" if it stands alone
  bool writer = false;                ///< of its cluster
  std::vector<std::string> members;   ///< a cluster's instances (ids)
  std::string replica_of;             ///< what this instance replicates (id)
  std::vector<std::string> replicas;  ///< instances that replicate this one (ids)
};

/// The kind of server behind an engine's name: "mariadb" (mysql, mariadb, aurora, aurora-mysql), "postgres"
/// (postgres, postgresql, aurora-postgresql), or the name itself for those we do not serve.
std::string family_of(const std::string& engine);

/// What a status means (rds-semantics: the status tables of the RDS and Aurora guides). Unknown ones are
/// transient.
enum class StatusClass { ready, stopped, transient, failed };
StatusClass classify(std::string_view status);

enum class RestoreType { latest_point, restore_point, from_snapshot, fast_cloning };

struct RestoreRequest {
  Kind kind = Kind::instance;
  std::string source;  ///< id
  std::string name;    ///< of the new database
  RestoreType type = RestoreType::latest_point;
  std::optional<base::Time> time;  ///< for restore_point
  std::string snapshot;            ///< for from_snapshot
  Tags tags;
  int port = 0;         ///< what it listens on once it is open
  base::Json settings;  ///< the other fields of the file's `restore` member, normalised
};

/// What a restored database shows: the moment of its data, and for people how it was made.
struct Restored {
  Database database;
  base::Time data_time{};
  std::string method;
};

using Budget = base::Budget;

/// Databases. Every verb names its error codes as RDS does: DBInstanceNotFound, DBClusterNotFoundFault,
/// DBInstanceAlreadyExists, InvalidDBInstanceState, … A verb either has happened, or has begun (watch the
/// status), or throws base::Error; maybe_delivered where nobody knows. Thread-safe.
class DatabaseService {
 public:
  virtual ~DatabaseService() = default;

  virtual std::optional<Database> find(Kind kind, const std::string& name) = 0;
  virtual std::optional<Database> get(const std::string& id) = 0;
  virtual std::vector<Database> list() = 0;

  /// What would keep a restore from working, found without changing anything: paths are those of the refresh
  /// file. `replaces` is the id of the database whose place the new one will take, if there is one; `members`
  /// are all the members of the file that run, normalised: what this world cannot serve is refused here,
  /// before anything starts.
  virtual std::vector<base::Problem> check(const RestoreRequest& request, const std::string& replaces,
                                           const base::Json& members) = 0;
  /// Makes a new database, closed to users (open = false). DBInstanceAlreadyExists if the name is taken.
  virtual Restored restore(const RestoreRequest& request, const Budget& budget) = 0;
  /// Makes an instance in a cluster; the first one becomes the writer.
  virtual Database create_member(const std::string& cluster, const std::string& name, const Tags& tags,
                                 const base::Json& settings, const Budget& budget) = 0;
  /// Makes a read replica of an instance, or a reader of a cluster.
  virtual Database create_replica(const std::string& of, const std::string& name, int port, const Tags& tags,
                                  const base::Json& settings, const Budget& budget) = 0;
  /// Are a replica's contents in step with its source?
  virtual bool replica_in_sync(const std::string& id) = 0;

  virtual void set_master_password(const std::string& id, const base::Secret& password) = 0;
  virtual void rename(const std::string& id, const std::string& name) = 0;
  /// Lets users in, or shuts them out. Idempotent.
  virtual void set_open(const std::string& id, bool open, const Budget& budget) = 0;
  virtual void stop(const std::string& id, const Budget& budget) = 0;
  virtual void start(const std::string& id, const Budget& budget) = 0;
  /// Deletes it for good, without a final snapshot. A cluster's members must be gone or going.
  virtual void remove(const std::string& id, const Budget& budget) = 0;
  virtual void add_tags(const std::string& id, const Tags& tags) = 0;

  /// Logs in as the master user, to closed databases too. Throws AccessDenied, or ConnectionFailed
  /// (retryable).
  virtual std::unique_ptr<sql::Connection> login(const std::string& id, const base::Secret& password) = 0;
};

/// Secrets with versions. A new value is pending until promote(): then it is AWSCURRENT and the one before is
/// AWSPREVIOUS. Values are JSON objects, as the rotation functions of AWS use them.
class SecretStore {
 public:
  virtual ~SecretStore() = default;
  enum class Stage { current, pending, previous };
  virtual std::optional<base::Secret> get(const std::string& name, Stage stage) = 0;
  virtual void put_pending(const std::string& name, const base::Secret& value) = 0;
  /// Nothing pending is no error: it has happened.
  virtual void promote(const std::string& name) = 0;
  /// Forgets a pending value, if there is one.
  virtual void drop_pending(const std::string& name) = 0;
  /// Forgets all versions of a secret, if there is one.
  virtual void remove(const std::string& name) = 0;
  virtual std::vector<std::string> names() = 0;
};

/// SQL scripts by bucket and key.
class ScriptStore {
 public:
  virtual ~ScriptStore() = default;
  /// Throws NoSuchKey or NoSuchBucket.
  virtual std::string read(const std::string& bucket, const std::string& key) = 0;
};

struct LedgerRow {
  std::string run, dbinstance, restoredate, appname, environment, source, restoretype, snapshot, status,
      recordingtime;
  std::string datatime, durations,
      reason;          ///< ours: the moment the data shows, seconds by step as JSON, why it failed
  std::string masked;  ///< ours: "scripts", "no: REASON"; "" if nothing was made
};

/// One row a run, for ever. record() with a run that is there changes nothing: the first word stands.
class Ledger {
 public:
  virtual ~Ledger() = default;
  virtual void record(const std::string& table, const LedgerRow& row) = 0;
  virtual std::vector<LedgerRow> rows(const std::string& table) = 0;
};

struct Message {
  std::string run;      ///< a run's message is sent once
  std::string topic;    ///< the ARN of the file, or ""
  std::string subject;  ///< fewer than 100 characters, ASCII, no line ends
  std::string body;
};

class Notifier {
 public:
  virtual ~Notifier() = default;
  virtual void send(const Message& message) = 0;
};

/// The world of one refresh. All must outlive it.
struct Services {
  DatabaseService& databases;
  SecretStore& secrets;
  ScriptStore& scripts;
  Ledger& ledger;
  Notifier& notifier;
};

}  // namespace provider
