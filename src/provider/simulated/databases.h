// DatabaseService in memory: statuses that take their time, faults from a seed, and a watch on what must
// never be. For rehearsals and tests: the real engine and the real steps run against it in simulated time.
#pragma once

#include <set>

#include "provider/provider.h"

namespace provider::simulated {

/// What goes wrong, and how slowly the world moves.
struct Faults {
  std::uint64_t seed = 1;
  double throttled = 0;     ///< chance that a verb is refused before it did anything (retryable)
  double lost_answer = 0;   ///< chance that a verb fails after it has happened (retryable, maybe_delivered)
  std::string broken_verb;  ///< this verb fails for good, e.g. "rename"
  int broken_after = 0;     ///< … from its n-th call on
  bool restore_fails = false;    ///< a restore ends as incompatible-restore
  bool half_a_replica = false;   ///< the first replica ends as failed, and its verb without an answer
  std::string broken_statement;  ///< a statement that holds this text fails
  int slowest_seconds = 60;      ///< a status change takes from 0 to this
};

/// Not thread-safe.
class Databases : public DatabaseService {
 public:
  Databases(base::Clock& clock, Faults faults);

  std::set<std::string> snapshots;  ///< those that there are, by name
  /// Puts a database into the world.
  void add(Database database);
  /// Called before and after every verb that changes anything; what it throws flies through, as a crash
  /// would.
  std::function<void()> on_change;
  /// Rules that were broken so far: a list of sentences. Watches `guarded`: no database of this name may be
  /// open unless it is masked or was there from the beginning.
  const std::vector<std::string>& broken_rules() const { return broken_rules_; }
  std::string guarded;
  bool must_be_masked = false;

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

 private:
  friend class Session;
  struct Entry {
    Database database;
    std::string next_status;  ///< what the status becomes at `settles`; "" for gone
    base::Time settles{};
    base::Secret password;
    int statements = 0;     ///< SQL statements that have run on it
    bool original = false;  ///< it was there from the beginning
  };

  Entry& must_have(const std::string& id, bool settled);
  Entry& running(const std::string& id);
  Entry& insert(Database database, const std::string& from);
  void settle();
  void change(Entry& entry, const std::string& status, const std::string& next);
  /// Runs a verb with the faults of the seed around it.
  template <class Body>
  auto verb(const std::string& name, Body body);
  void watch();
  bool chance(double probability);

  base::Clock& clock_;
  Faults faults_;
  std::uint64_t random_;
  int next_id_ = 1;
  std::map<std::string, int> calls_;
  std::map<std::string, Entry> entries_;  ///< by id
  std::vector<std::string> broken_rules_;
};

}  // namespace provider::simulated
