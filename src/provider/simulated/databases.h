// DatabaseService in memory: statuses that take their time, faults from a seed, and a watch on what must
// never be. For rehearsals and tests: the real engine and the real steps run against it in simulated time.
#pragma once

#include <climits>
#include <set>

#include "provider/provider.h"

namespace provider::simulated {

/// What goes wrong, and how slowly the world moves.
struct Faults {
  std::uint64_t seed = 1;
  double throttled = 0;    ///< chance that a verb is refused before it did anything (retryable)
  double lost_answer = 0;  ///< chance that a verb fails after it has happened (maybe_delivered)
  double late = 0;         ///< chance that a change is accepted, and shows only after a while
  /// What fails for good: "restore", "create", "remove", "drop_schema", or a part of make_so: "name", "open",
  /// "running", "password", "tags".
  std::string broken_verb;
  int broken_after = 0;                       ///< … from its n-th call on
  int broken_calls = INT_MAX;                 ///< … so often
  std::string broken_as = "InternalFailure";  ///< … with this code
  std::string throttled_once;                 ///< the first call of this verb is refused (retryable)
  bool restore_fails = false;                 ///< a restore ends as incompatible-restore
  std::string breaks_as;                      ///< a copy that is given this name ends as storage-full
  bool half_a_replica = false;                ///< the first create never ends, until it is asked for again
  std::string broken_statement;               ///< a statement that holds this text fails
  std::string dying_statement;                ///< a statement that holds this text ends the connection
  int slowest_seconds = 60;                   ///< a status change takes from 0 to this
  std::chrono::seconds restore_takes{0};      ///< at least
  std::chrono::seconds unseen{0};             ///< a copy is not shown by find() for so long
  std::chrono::seconds statement_takes{0};    ///< on the clock of the simulation
};

/// Not thread-safe.
class Databases : public DatabaseService {
 public:
  Databases(base::Clock& clock, Faults faults);
  /// The same world once the process that worked on `other` is dead: its sessions are gone, and their locks.
  Databases(const Databases& other, base::Clock& clock);

  std::set<std::string> snapshots;  ///< those that there are, by name
  /// Puts a database into the world, with databases of users in it beside the initial one.
  void add(Database database, const std::set<std::string>& schemas = {});
  /// From now on nothing fails.
  void mend() { faults_ = {.slowest_seconds = faults_.slowest_seconds}; }
  void lose(const std::string& id);  ///< As if a person had deleted it.
  /// Called before and after every verb that changes anything; what it throws flies through, as a crash
  /// would.
  std::function<void()> on_change;
  /// Rules that were broken so far: a list of sentences. Watches that no statement runs twice on one
  /// database, and `guarded`: no database of this name may be open unless it is masked or was there from the
  /// beginning.
  const std::vector<std::string>& broken_rules() const { return broken_rules_; }
  std::string guarded;
  bool must_be_masked = false;
  int lookups = 0;              ///< calls of find()
  bool schemas_hidden = false;  ///< databases in a server show only with its password

  using DatabaseService::find;
  std::chrono::seconds shows_within() const override { return faults_.unseen; }
  std::vector<Database> find(const Selector& selector) override;
  std::vector<Objection> check(const Intent& intent) override;
  Work<Restored> restore(const RestoreRequest& request, const Budget& budget) override;
  Work<Database> create(const CreateRequest& request, const Budget& budget) override;
  Work<Database> make_so(const std::string& id, const Desired& desired, const Budget& budget) override;
  Work<Done> remove(const std::string& id, const Budget& budget) override;
  bool replica_in_sync(const std::string& id) override;
  std::optional<std::vector<std::string>> schemas(const std::string& id,
                                                  const std::optional<base::Secret>& password) override;
  Work<Done> drop_schema(const std::string& id, const std::string& name, const base::Secret& password,
                         const Budget& budget) override;
  std::unique_ptr<sql::Connection> login(const std::string& id, const base::Secret& password,
                                         const std::string& schema) override;
  std::unique_ptr<sql::Connection> script_session(const std::string& id, const base::Secret& password,
                                                  const std::string& schema) override;

 private:
  friend class Session;
  Databases(const Databases&) = default;
  struct Entry {
    Database database;
    std::string token;        ///< of the request that made it
    std::string next_status;  ///< what the status becomes at `settles`; "" for gone
    base::Time settles{};
    base::Time shows{};                ///< not in find() before
    std::function<void(Entry&)> late;  ///< a change that shows at `settles`
    base::Secret password;
    std::set<std::string> schemas;
    std::multiset<std::string> statements;  ///< that have run on it, with the schema
    std::set<std::string> locks;            ///< that its sessions hold
    Restored restored;                      ///< what its restore answers
    bool original = false;                  ///< it was there from the beginning
    bool half_made = false;
  };

  Entry& must_have(const std::string& id);
  /// One in no transient status; nothing if it is in one. Throws DatabaseFailed for a terminal one.
  Entry* settled(const std::string& id);
  Entry& insert(Database database, const std::string& token, const Entry& from);
  Entry* made_by(const std::string& token);
  Entry& credentials(Entry& entry);
  void settle();
  void change(Entry& entry, const std::string& status, const std::string& next);
  Pending pending(const std::string& what) const;
  void set_name(Entry& entry, const std::string& name);
  void set_open(Entry& entry, bool open);
  void set_running(Entry& entry, bool running);
  void count(Entry& entry, const std::string& schema, std::string_view statement);
  /// Runs a verb with the faults of the seed around it.
  template <class Body>
  auto verb(const std::string& name, Body body);
  void watch();
  std::uint64_t random();
  bool chance(double probability);

  base::Clock* clock_;
  Faults faults_;
  std::uint64_t random_;
  int next_id_ = 1;
  std::map<std::string, int> calls_;
  std::map<std::string, Entry> entries_;  ///< by id
  std::vector<std::string> broken_rules_;
};

}  // namespace provider::simulated
