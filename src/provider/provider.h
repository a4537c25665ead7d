// What a refresh needs of the world, in the words of Amazon RDS. Three worlds implement it: local/ (real
// servers on this host), simulated/ (scripted time lines and faults) and aws/. One suite, tests/conformance,
// runs over all.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/budget.h"
#include "base/json.h"
#include "base/secret.h"
#include "provider/listening.h"
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
  std::string tls;        ///< of a server of ours: what logins over the network need, as in Listening
  std::string authority;  ///< certificates in PEM by which it proves that it is `host`; "": not ours to say
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

/// A tag's value, "" if it has none of this name.
std::string tag_of(const Database& database, const std::string& name);

/// Is it a name that RDS gives to instances, clusters and snapshots?
bool is_identifier(std::string_view text);
inline constexpr std::string_view identifier_rule =
    "1 to 63 letters, digits or hyphens, first a letter, no hyphen at the end, no two in a row";

/// Does it look like the ARN of a role of IAM?
bool is_role_arn(std::string_view text);

/// The kind of server behind an engine's name: "mariadb" (mysql, mariadb, aurora, aurora-mysql), "postgres"
/// (postgres, postgresql, aurora-postgresql), "oracle", "sqlserver", or the name itself.
std::string family_of(const std::string& engine);

/// What a status means (rds-semantics: the status tables of the RDS and Aurora guides). Unknown ones are
/// transient.
enum class StatusClass { ready, stopped, transient, failed };
StatusClass classify(std::string_view status);

using Budget = base::Budget;

/// Begun, and not done: ask again with the same arguments, not before `look_again` is over.
struct Pending {
  std::chrono::seconds look_again{5};
  base::Note note;
};

/// The answer of a verb that may take hours: its result, or how far it is.
template <class T>
using Work = std::variant<T, Pending>;
struct Done {};

/// All that is given must fit; nothing given finds all.
struct Selector {
  std::optional<Kind> kind;
  std::string name, id;
  Tags tags;
};

enum class RestoreType { latest_point, restore_point, from_snapshot, fast_cloning };

/// What a new database is made as. Hosts take from it what means something there; check() says what does not.
/// What users have of it (security groups, exported logs, protection) it gets when it is opened. What it does
/// not say is as in the database that is replaced, or as in the source.
struct Shape {
  int port = 0;         ///< what it listens on once it is open; 0: any
  Listening listening;  ///< of hosts whose servers are ours; nothing said: as with the one it replaces
  std::string engine_version;
  std::string instance_class, subnet_group, parameter_group, cluster_parameter_group, storage_type;
  std::vector<std::string> security_groups, log_exports;
  std::optional<std::int64_t> iops, backtrack_seconds;
  bool iam_auth = false, copy_tags_to_snapshots = false, deletion_protection = false, multi_az = false,
       auto_minor_upgrade = false, publicly_accessible = false, performance_insights = false;
  std::optional<std::int64_t> promotion_tier, monitoring_seconds, performance_insights_days;
  std::string monitoring_role, performance_insights_key;
};

/// `token` names the request, not the database: asked again with the same one, the same database is meant.
/// It is kept with the database, so that whoever asks needs to remember nothing.
struct RestoreRequest {
  std::string token;
  Kind kind = Kind::instance;
  std::string source;  ///< id
  std::string name;    ///< of the new database
  RestoreType type = RestoreType::latest_point;
  std::optional<base::Time> time;  ///< for restore_point
  std::string snapshot;            ///< for from_snapshot
  std::string replaces;            ///< id of the database whose place the new one takes, "" if none
  Tags tags;
  Shape shape;
};

/// An instance of a cluster (the first becomes its writer), or a read replica of an instance.
struct CreateRequest {
  std::string token;
  std::string of;  ///< id of the cluster or of the instance
  std::string name;
  Tags tags;
  Shape shape;
};

/// What a restored database shows: the moment of its data, and for people how it was made.
struct Restored {
  Database database;
  base::Time data_time{};
  std::string method;
};

/// How a database is to be. What is not said stays as it is.
struct Desired {
  std::optional<std::string> name;
  std::optional<bool> open;  ///< lets users in, or shuts them out
  std::optional<bool> running;
  std::optional<base::Secret> master_password;
  /// Names the change of the password, as the token of a request does: for hosts that cannot log in.
  std::string password_token;
  Tags tags;  ///< added to those that it has
};

/// What a refresh is about to ask for.
struct Intent {
  RestoreRequest restore;
  std::optional<CreateRequest> writer;  ///< of a new cluster; `of` is empty
  std::vector<CreateRequest> replicas;  ///< `of` is empty
  std::string scripts_method;           ///< lambda, ec2; "" without scripts
};

/// What a host says to an intent. The planner knows where in the file `about` stands.
struct Objection {
  enum class About { source, snapshot, time, target, port, replicas, scripts, shape, host };
  enum class Weight { problem, warning, note };  ///< a note is told, and is no fault
  About about = About::host;
  std::string field;  ///< of a Shape, e.g. "multi_az"
  std::string message;
  Weight weight = Weight::problem;
};

/// Databases. Error codes are those of RDS: DBInstanceNotFound, DBClusterNotFoundFault,
/// DBInstanceAlreadyExists, InvalidDBInstanceState, … Every verb that changes anything may be asked any
/// number of times, from any process, by somebody who remembers nothing: it looks at the world, does what is
/// missing, and answers what is so; what a process that died left half made is made again by whoever asks
/// with its token. A result that is not Pending is settled: the database is ready (or stopped, if that was
/// asked for). DatabaseFailed for one in a terminal status. base::Error with maybe_delivered where nobody
/// knows; ask again. No verb blocks longer than its budget; one that has none only looks, or logs in: it asks
/// for half a minute at most, then throws what is retryable. Thread-safe.
class DatabaseService {
 public:
  virtual ~DatabaseService() = default;

  virtual std::vector<Database> find(const Selector& selector) = 0;
  std::optional<Database> find(Kind kind, const std::string& name);
  std::optional<Database> find_any(const std::string& name);  ///< an instance, else a cluster
  std::optional<Database> get(const std::string& id);
  /// What a restore can be made of. Sources may be in an account of their own, which no other verb looks at.
  virtual std::optional<Database> find_source(Kind kind, const std::string& name) { return find(kind, name); }

  /// What would keep an intent from working, found without changing anything, and what people should know.
  virtual std::vector<Objection> check(const Intent& intent) = 0;

  /// For so long find() may not show a new database that was asked for, by whoever died before the answer. 0:
  /// it shows at once, or there is none.
  virtual std::chrono::seconds shows_within() const { return std::chrono::seconds(0); }
  /// Makes a new database, closed to users (open = false). DBInstanceAlreadyExists if another one has its
  /// name.
  virtual Work<Restored> restore(const RestoreRequest& request, const Budget& budget) = 0;
  virtual Work<Database> create(const CreateRequest& request, const Budget& budget) = 0;
  /// Brings a database to what is desired; the answer shows it so.
  virtual Work<Database> make_so(const std::string& id, const Desired& desired, const Budget& budget) = 0;
  /// Deletes it for good, without a final snapshot, and ends whatever is still making it. A cluster's members
  /// must be gone or going. One that is gone is Done.
  virtual Work<Done> remove(const std::string& id, const Budget& budget) = 0;

  /// The most sessions of users that a database had at once within the last few minutes; nothing where the
  /// host does not count them, cannot tell now, or lets nobody in.
  virtual std::optional<std::int64_t> connections(const std::string& id, const Budget& budget);

  /// Are a replica's contents in step with its source?
  virtual bool replica_in_sync(const std::string& id) = 0;

  /// The databases of users in a server, by name. Nothing where the host cannot look without the password,
  /// and none is given.
  virtual std::optional<std::vector<std::string>> schemas(
      const std::string& id, const std::optional<base::Secret>& master_password) = 0;
  /// One that is gone is Done.
  virtual Work<Done> drop_schema(const std::string& id, const std::string& name,
                                 const base::Secret& master_password, const Budget& budget) = 0;

  /// After the scripts, before it is opened: what a masked copy still knows of its rows as they were
  /// (statistics, logs of statements) goes. Nothing to do for a host that does so whenever it opens one.
  virtual Work<Done> forget_past(const std::string& id, const base::Secret& master_password,
                                 const Budget& budget);

  /// Logs in as the master user, to closed databases too; `schema` "": the initial database. Throws
  /// AccessDenied, or ConnectionFailed (retryable).
  virtual std::unique_ptr<sql::Connection> login(const std::string& id, const base::Secret& password,
                                                 const std::string& schema) = 0;
  /// Does this password open it by now? A change of one comes late. Where the host does not speak the
  /// engine's protocol: has it been told that the last change is done?
  virtual bool opens(const std::string& id, const base::Secret& password);
  /// A session for scripts: may read and change what any user owns in `schema`, with the master's search
  /// path, and reach nothing outside of it: no files, no programs, no other servers. Where the host has no
  /// such account of its own, it is the master's.
  virtual std::unique_ptr<sql::Connection> script_session(const std::string& id,
                                                          const base::Secret& master_password,
                                                          const std::string& schema) = 0;
};

/// Secrets with versions. A new value is pending until promote(): then it is AWSCURRENT and the one before is
/// AWSPREVIOUS. Values are JSON objects, as the rotation functions of AWS use them.
class SecretStore {
 public:
  virtual ~SecretStore() = default;
  enum class Stage { current, pending, previous };
  virtual std::optional<base::Secret> get(const std::string& name, Stage stage) = 0;
  /// Is there one with a current value? For who may not read it, perhaps.
  virtual bool has(const std::string& name) { return get(name, Stage::current).has_value(); }
  virtual void put_pending(const std::string& name, const base::Secret& value) = 0;
  /// Nothing pending is no error: it has happened.
  virtual void promote(const std::string& name) = 0;
  /// Forgets a pending value, if there is one.
  virtual void drop_pending(const std::string& name) = 0;
  /// Forgets all versions of a secret, if there is one.
  virtual void remove(const std::string& name) = 0;
  virtual std::vector<std::string> names() = 0;
  /// The command that shows a secret to whoever may read it, for messages.
  virtual std::string how_to_read(const std::string& name) const = 0;
  /// Can it rotate a secret regularly, by itself?
  virtual bool rotates() const { return false; }
  /// By a function of the account, every so many days.
  struct Rotation {
    std::string function;
    std::int64_t days = 0;
    bool operator==(const Rotation&) const = default;
  };
  /// What a secret has of it; nothing if it has none, or is not there.
  virtual std::optional<Rotation> rotation(const std::string& name);
  /// From now on, but not at once; nothing: never again. Where it rotates() alone.
  virtual void rotate_regularly(const std::string& name, const std::optional<Rotation>& rotation);
  /// Why nobody may give a secret another value, and what to do; nothing if one may, or if there is none.
  virtual std::optional<std::string> objection_to_change(const std::string& name);
};

/// SQL scripts by bucket and key.
class ScriptStore {
 public:
  /// The bucket of files of this host, whose keys are absolute paths (script_files.h); no bucket has such a
  /// name.
  static constexpr std::string_view files = "file:";
  virtual ~ScriptStore() = default;
  /// Throws NoSuchKey or NoSuchBucket.
  virtual std::string read(const std::string& bucket, const std::string& key) = 0;
};

/// A script that is to run on a host beside the database, by the engine's own client.
struct ScriptOrder {
  /// What it is found by when its answer was lost: of this order alone, 100 characters at most.
  std::string name;
  std::string database;  ///< id
  std::string schema;    ///< "": the initial database
  std::string bucket, key;
  std::string text;    ///< of the script: where it reads otherwise by then, nothing is run
  bool lines = false;  ///< a statement a line, without semicolons (sql::Form)
  bool one_transaction = false;
  std::string secret;  ///< that has the master's password
  SecretStore::Stage stage = SecretStore::Stage::current;
  /// Statements of one row each: nothing runs where the first changes none, and the second says that all ran.
  std::string take, finish;
};

/// How far an order has come, in the host's words.
struct ScriptCourse {
  enum class State { under_way, succeeded, failed };
  State state = State::under_way;
  std::string what;
};

/// Runs scripts elsewhere. Every verb looks or asks once, and is over within seconds. Thread-safe.
class ScriptHost {
 public:
  virtual ~ScriptHost() = default;
  /// The id of the order. maybe_delivered where nobody knows: find() it before it is given once more.
  virtual std::string begin(const ScriptOrder& order) = 0;
  virtual std::optional<std::string> find(const std::string& name) = 0;
  virtual ScriptCourse look(const std::string& id) = 0;
  /// Ends all orders that are not over and whose names begin so.
  virtual void cancel(const std::string& names) = 0;
};

struct LedgerRow {
  std::string run, dbinstance, restoredate, appname, environment, source, restoretype, snapshot, status,
      recordingtime;
  std::string datatime, durations,
      reason;          ///< ours: the moment the data shows, seconds by step as JSON, why it failed
  std::string masked;  ///< ours: "scripts", "no: REASON"; "" if nothing was made
};

/// The ledger of a file that names none; what the original called its table.
inline constexpr const char* usual_ledger = "dbalignment-awssol";

/// One row a run, for ever. record() with a run that is there changes nothing: the first word stands.
class Ledger {
 public:
  virtual ~Ledger() = default;
  virtual void record(const std::string& table, const LedgerRow& row) = 0;
  virtual std::vector<LedgerRow> rows(const std::string& table) = 0;
  /// Why nothing can be recorded in a table, "" if it can or if it is made by the first row.
  virtual std::string objection(const std::string&) { return {}; }
};

struct Message {
  std::string id;       ///< of this message, which is sent once: the run's, or begins with it
  std::string topic;    ///< the ARN of the file, or ""
  std::string subject;  ///< of a topic's: fewer than 100 characters, ASCII, no line ends
  std::string body;
  std::string headline = {};         ///< of mails, one line; "": the subject
  std::string letter = {};           ///< of mails: what the body says, for people; "": the body
  std::vector<std::string> to = {};  ///< addresses that get a mail besides those of the home
  /// Who is told in JSON, by a POST that is signed: an URL and the name of the secret; "": nobody.
  std::string webhook = {}, webhook_secret = {};
  std::string type = {};  ///< what a webhook is told of: `refresh.succeeded`
  base::Json data = {};   ///< and what of it; no secret, no value of a database
};

class Notifier {
 public:
  virtual ~Notifier() = default;
  virtual void send(const Message& message) = 0;
  /// Why nothing can be sent to a topic, "" if it can.
  virtual std::string objection(const std::string&) { return {}; }
  /// Why no mail can be sent to addresses of a file, and why nothing can be posted; "" if it can.
  virtual std::string objection_to_mail() { return {}; }
  virtual std::string objection_to_webhook(const std::string& /*secret*/) { return {}; }
  /// Tries again what was not delivered, where it is kept; what fails is tried again later, or given up.
  virtual void deliver_again() {}
};

/// The world of one refresh. All must outlive it.
struct Services {
  DatabaseService& databases;
  SecretStore& secrets;
  ScriptStore& scripts;
  Ledger& ledger;
  Notifier& notifier;
  ScriptHost* script_host = nullptr;  ///< nothing where scripts run in this process alone
};

}  // namespace provider
