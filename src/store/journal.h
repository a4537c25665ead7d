// The journal: executions, their history, and every attempt's intent and outcome. It knows no step and no
// ASL: snapshots and details are texts to it. docs/journal.md describes the tables. Every write is one
// commit; while another process holds the file it is tried again for two minutes, then StoreBusy flies.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/sqlite.h"

namespace store {

struct ExecutionRow {
  std::string id;
  std::string name;
  std::string subject;   ///< what the execution is about (a refresh: its target); for lists; see create()
  std::string machine;   ///< id of its state machine document
  std::string status;    ///< RUNNING, SUCCEEDED, FAILED, TIMED_OUT; REFUSED: see record()
  std::string snapshot;  ///< the execution as JSON; list() leaves it out
  std::optional<base::Time> due;  ///< when it wants to be woken; nothing: it is ready or waits for a task
  std::string owner;              ///< the engine that drives it, "" if none
  bool cancel_requested = false;
  base::Time created{};
  std::optional<base::Time> ended;
  std::string error, cause;  ///< why it failed
  std::string remark;        ///< of whoever began it, for lists: short, and for ever
};

struct EventRow {
  std::int64_t id = 0;
  base::Time at{};
  std::string type, state, details;
};

/// Intent before effect: a row without outcome is an attempt of which nobody knows what came of it.
struct AttemptRow {
  std::string token, state;
  int tries = 1;  ///< how often it was begun
  base::Time started{};
  std::optional<base::Time> ended;
  std::string outcome;                   ///< "", "succeeded", or the error's name
  std::optional<std::int64_t> requests;  ///< see charge(); nothing: none were counted
};

/// One commit: the new snapshot with all that led to it.
struct JournalWrite {
  const ExecutionRow& execution;
  const std::vector<EventRow>& events;
  std::vector<AttemptRow> begun;    ///< attempts about to start
  std::optional<AttemptRow> ended;  ///< the attempt whose result this is
};

class Journal {
 public:
  explicit Journal(const std::filesystem::path& path, Mode mode = Mode::write);

  /// For tests: called before and after every commit; what it throws flies through, as a crash would.
  std::function<void()> on_commit;

  /// Stores a document under its hash; the id to find it by.
  std::string put_machine(const std::string& definition);
  std::string machine(const std::string& id);

  /// Adds an execution. At most one execution a subject runs at a time: if another one does, nothing is added
  /// and its id is returned. That is the lease on a refresh's target, and it needs no clean-up.
  std::optional<std::string> create(const ExecutionRow& row);
  /// Adds an execution that has ended already: one that was refused.
  void record(const ExecutionRow& row);
  void write(const JournalWrite& write);
  /// The same for an execution that had ended and runs again. As with create(), nothing is written and the
  /// id of the other one is returned if another one of its subject runs.
  std::optional<std::string> reopen(const JournalWrite& write);
  /// Notes that an attempt whose outcome is unknown is begun again.
  void begin_again(const std::string& execution, const std::string& token, base::Time now);
  /// Adds to what an attempt has cost: so many requests of the outside, by this try of it.
  void charge(const std::string& execution, const std::string& token, std::int64_t requests);

  std::optional<ExecutionRow> find(const std::string& id);
  /// The newest of a subject, of those that were not refused.
  std::optional<ExecutionRow> newest(const std::string& subject);
  /// Rows without their snapshots, oldest first.
  std::vector<ExecutionRow> list(bool running_only);
  std::vector<EventRow> events(const std::string& execution, std::int64_t after = 0);
  std::vector<AttemptRow> attempts(const std::string& execution);
  bool has_begun(const std::string& execution, const std::string& state);  ///< at least one attempt

  void request_cancel(const std::string& execution);
  /// The running executions that somebody asked to cancel. Cheap: looked at twice a second.
  std::vector<std::string> cancelled();

  /// Makes `owner` the one who drives the execution, unless another one does who `is_alive`.
  bool claim(const std::string& execution, const std::string& owner,
             const std::function<bool(const std::string&)>& is_alive);
  void release(const std::string& execution, const std::string& owner);

  /// Removes executions that ended before that time, with their events and attempts, but for those to be
  /// `kept`; how many.
  int prune(base::Time before, const std::vector<std::string>& kept = {});

 private:
  void commit(const std::function<void()>& change);
  void put(const JournalWrite& write);
  std::optional<std::string> running(const std::string& subject);
  std::optional<ExecutionRow> first(std::string_view which, const std::string& value);
  Database db_;
  Statement update_execution_, insert_event_, find_cancelled_;  ///< used often: prepared once
};

}  // namespace store
