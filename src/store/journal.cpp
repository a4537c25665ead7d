#include "store/journal.h"

#include <fmt/format.h>

#include "base/error.h"

namespace store {
namespace {

constexpr std::string_view version_1 = R"sql(
CREATE TABLE machine (id TEXT PRIMARY KEY, definition TEXT NOT NULL);
CREATE TABLE execution (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, subject TEXT NOT NULL, machine TEXT NOT NULL REFERENCES machine(id),
  status TEXT NOT NULL, snapshot TEXT NOT NULL, due_us INTEGER, owner TEXT NOT NULL DEFAULT '',
  cancel_requested INTEGER NOT NULL DEFAULT 0, created_us INTEGER NOT NULL, ended_us INTEGER,
  error TEXT NOT NULL DEFAULT '', cause TEXT NOT NULL DEFAULT '');
CREATE INDEX execution_running ON execution(subject) WHERE status = 'RUNNING';
CREATE TABLE event (
  execution TEXT NOT NULL, id INTEGER NOT NULL, at_us INTEGER NOT NULL, type TEXT NOT NULL, state TEXT NOT NULL,
  details TEXT NOT NULL, PRIMARY KEY (execution, id)) WITHOUT ROWID;
CREATE TABLE attempt (
  execution TEXT NOT NULL, token TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL,
  started_us INTEGER NOT NULL, ended_us INTEGER, outcome TEXT NOT NULL DEFAULT '', PRIMARY KEY (execution, token)) WITHOUT ROWID;
)sql";

/// Until then the remark stood in the snapshot alone: why a run of a refresh masks nothing, "" if it masks.
constexpr std::string_view version_2 = R"sql(
ALTER TABLE execution ADD COLUMN remark TEXT NOT NULL DEFAULT '';
UPDATE execution SET remark = iif(json_extract(snapshot, '$.root.input.unmasked') = '', 'scripts',
  'no: ' || json_extract(snapshot, '$.root.input.unmasked'))
WHERE iif(json_valid(snapshot), json_type(snapshot, '$.root.input.unmasked'), '') = 'text';
)sql";

/// What an attempt has asked of the outside; NULL where nobody counted.
constexpr std::string_view version_3 = "ALTER TABLE attempt ADD COLUMN requests INTEGER;";

constexpr std::string_view steps[] = {version_1, version_2, version_3};
constexpr Schema schema{steps};

using base::from_micros;
using base::micros;

std::optional<std::int64_t> micros(const std::optional<base::Time>& time) {
  return time ? std::optional(base::micros(*time)) : std::nullopt;
}
std::optional<base::Time> optional_time(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(from_micros(row.integer(column)));
}

/// Without the snapshot, which is most of a row.
constexpr std::string_view execution_columns =
    "id, name, subject, machine, status, due_us, owner, cancel_requested, created_us, ended_us, error, "
    "cause, remark";

ExecutionRow read_execution(const Statement& row) {
  return {.id = row.text(0),
          .name = row.text(1),
          .subject = row.text(2),
          .machine = row.text(3),
          .status = row.text(4),
          .due = optional_time(row, 5),
          .owner = row.text(6),
          .cancel_requested = row.integer(7) != 0,
          .created = from_micros(row.integer(8)),
          .ended = optional_time(row, 9),
          .error = row.text(10),
          .cause = row.text(11),
          .remark = row.text(12)};
}

/// FNV-1a: an id for a document, not a defence.
std::string hash_text(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("{:016x}-{}", hash, text.size());
}

}  // namespace

Journal::Journal(const std::filesystem::path& path, Mode mode)
    : db_(path, schema, mode),
      update_execution_(db_.prepare(
          "UPDATE execution SET status=?, snapshot=?, due_us=?, ended_us=?, error=?, cause=? WHERE id=?")),
      insert_event_(db_.prepare("INSERT INTO event VALUES (?,?,?,?,?,?)")),
      find_cancelled_(
          db_.prepare("SELECT id FROM execution WHERE status = 'RUNNING' AND cancel_requested = 1")) {}

/// Each try waits for other writers as long as SQLite does (10 s).
void Journal::commit(const std::function<void()>& change) {
  constexpr int most_tries = 12;
  for (int tries = 1;; ++tries) {
    try {
      Transaction transaction(db_);
      change();
      if (on_commit) on_commit();
      transaction.commit();
      break;
    } catch (const base::Error& error) {
      if (!error.retryable || tries == most_tries) throw;
    }
  }
  if (on_commit) on_commit();
}

std::string Journal::put_machine(const std::string& definition) {
  std::string id = hash_text(definition);
  commit([&] { db_.prepare("INSERT OR IGNORE INTO machine VALUES (?, ?)").bind(id, definition).run(); });
  return id;
}

std::string Journal::machine(const std::string& id) {
  auto row = db_.prepare("SELECT definition FROM machine WHERE id = ?");
  if (!row.bind(id).step()) throw base::Error("StoreError", "the journal has no state machine " + id);
  return row.text(0);
}

std::optional<std::string> Journal::running(const std::string& subject) {
  auto row = db_.prepare("SELECT id FROM execution WHERE subject = ? AND status = 'RUNNING'");
  return !subject.empty() && row.bind(subject).step() ? std::optional(row.text(0)) : std::nullopt;
}

std::optional<std::string> Journal::create(const ExecutionRow& row) {
  std::optional<std::string> other;
  commit([&] {
    other = running(row.subject);
    if (other) return;
    db_.prepare(
           "INSERT INTO execution (id, name, subject, machine, status, snapshot, owner, created_us, remark) "
           "VALUES (?,?,?,?,?,?,?,?,?)")
        .bind(row.id, row.name, row.subject, row.machine, row.status, row.snapshot, row.owner,
              micros(row.created), row.remark)
        .run();
  });
  return other;
}

void Journal::record(const ExecutionRow& row) {
  commit([&] {
    db_.prepare(
           "INSERT INTO execution (id, name, subject, machine, status, snapshot, created_us, ended_us, "
           "error, cause, remark) VALUES (?,?,?,?,?,?,?,?,?,?,?)")
        .bind(row.id, row.name, row.subject, row.machine, row.status, row.snapshot, micros(row.created),
              micros(row.ended), row.error, row.cause, row.remark)
        .run();
  });
}

void Journal::write(const JournalWrite& write) {
  commit([&] { put(write); });
}

std::optional<std::string> Journal::reopen(const JournalWrite& write) {
  std::optional<std::string> other;
  commit([&] {
    auto subject = db_.prepare("SELECT subject FROM execution WHERE id = ?");
    other = subject.bind(write.execution.id).step() ? running(subject.text(0)) : std::nullopt;
    if (!other) put(write);
  });
  return other;
}

void Journal::put(const JournalWrite& write) {
  const ExecutionRow& row = write.execution;
  update_execution_
      .bind(row.status, row.snapshot, micros(row.due), micros(row.ended), row.error, row.cause, row.id)
      .run();
  for (const EventRow& event : write.events)
    insert_event_.bind(row.id, event.id, micros(event.at), event.type, event.state, event.details).run();
  for (const AttemptRow& attempt : write.begun)
    db_.prepare("INSERT INTO attempt (execution, token, state, tries, started_us) VALUES (?,?,?,?,?)")
        .bind(row.id, attempt.token, attempt.state, std::int64_t{attempt.tries}, micros(attempt.started))
        .run();
  if (write.ended)
    db_.prepare("UPDATE attempt SET ended_us=?, outcome=? WHERE execution=? AND token=?")
        .bind(micros(write.ended->ended), write.ended->outcome, row.id, write.ended->token)
        .run();
}

void Journal::begin_again(const std::string& execution, const std::string& token, base::Time now) {
  commit([&] {
    db_.prepare("UPDATE attempt SET tries = tries + 1, started_us = ? WHERE execution=? AND token=?")
        .bind(micros(now), execution, token)
        .run();
  });
}

void Journal::charge(const std::string& execution, const std::string& token, std::int64_t requests) {
  commit([&] {
    db_.prepare("UPDATE attempt SET requests = coalesce(requests, 0) + ? WHERE execution=? AND token=?")
        .bind(requests, execution, token)
        .run();
  });
}

std::optional<ExecutionRow> Journal::find(const std::string& id) {
  return first("id = ?", id);
}

std::optional<ExecutionRow> Journal::newest(const std::string& subject) {
  return first("subject = ? AND status <> 'REFUSED' ORDER BY created_us DESC, id DESC LIMIT 1", subject);
}

std::optional<ExecutionRow> Journal::first(std::string_view which, const std::string& value) {
  auto row =
      db_.prepare(fmt::format("SELECT {}, snapshot FROM execution WHERE {}", execution_columns, which));
  if (!row.bind(value).step()) return std::nullopt;
  auto found = read_execution(row);
  found.snapshot = row.text(13);
  return found;
}

std::vector<ExecutionRow> Journal::list(bool running_only) {
  auto row = db_.prepare(fmt::format("SELECT {} FROM execution {} ORDER BY created_us, id", execution_columns,
                                     running_only ? "WHERE status = 'RUNNING'" : ""));
  std::vector<ExecutionRow> rows;
  while (row.step()) rows.push_back(read_execution(row));
  return rows;
}

std::vector<EventRow> Journal::events(const std::string& execution, std::int64_t after) {
  auto row = db_.prepare(
      "SELECT id, at_us, type, state, details FROM event WHERE execution = ? AND id > ? ORDER BY id");
  row.bind(execution, after);
  std::vector<EventRow> rows;
  while (row.step())
    rows.push_back({row.integer(0), from_micros(row.integer(1)), row.text(2), row.text(3), row.text(4)});
  return rows;
}

std::vector<AttemptRow> Journal::attempts(const std::string& execution) {
  auto row = db_.prepare(
      "SELECT token, state, tries, started_us, ended_us, outcome, requests FROM attempt WHERE execution = ? "
      "ORDER BY started_us, token");
  row.bind(execution);
  std::vector<AttemptRow> rows;
  while (row.step())
    rows.push_back({row.text(0), row.text(1), static_cast<int>(row.integer(2)), from_micros(row.integer(3)),
                    optional_time(row, 4), row.text(5),
                    row.is_null(6) ? std::nullopt : std::optional(row.integer(6))});
  return rows;
}

bool Journal::has_begun(const std::string& execution, const std::string& state) {
  auto row = db_.prepare("SELECT 1 FROM attempt WHERE execution = ? AND state = ? LIMIT 1");
  return row.bind(execution, state).step();
}

void Journal::request_cancel(const std::string& execution) {
  commit([&] {
    db_.prepare("UPDATE execution SET cancel_requested = 1 WHERE id = ? AND status = 'RUNNING'")
        .bind(execution)
        .run();
  });
}

std::vector<std::string> Journal::cancelled() {
  std::vector<std::string> ids;
  while (find_cancelled_.step()) ids.push_back(find_cancelled_.text(0));
  return ids;
}

bool Journal::claim(const std::string& execution, const std::string& owner,
                    const std::function<bool(const std::string&)>& is_alive) {
  bool claimed = false;
  commit([&] {
    auto row = db_.prepare("SELECT owner FROM execution WHERE id = ?");
    if (!row.bind(execution).step())
      throw base::Error("ExecutionNotFound", fmt::format("there is no run {}", execution),
                        "dbrefresh list shows all");
    const std::string holder = row.text(0);
    claimed = holder.empty() || holder == owner || !is_alive(holder);
    if (claimed) db_.prepare("UPDATE execution SET owner = ? WHERE id = ?").bind(owner, execution).run();
  });
  return claimed;
}

void Journal::release(const std::string& execution, const std::string& owner) {
  commit([&] {
    db_.prepare("UPDATE execution SET owner = '' WHERE id = ? AND owner = ?").bind(execution, owner).run();
  });
}

int Journal::prune(base::Time before, const std::vector<std::string>& kept) {
  int gone = 0;
  commit([&] {
    db_.execute("CREATE TEMP TABLE pruned (id TEXT PRIMARY KEY)");
    db_.prepare("INSERT INTO pruned SELECT id FROM execution WHERE status <> 'RUNNING' AND ended_us < ?")
        .bind(micros(before))
        .run();
    for (const auto& id : kept) db_.prepare("DELETE FROM pruned WHERE id = ?").bind(id).run();
    for (const char* each : {"event WHERE execution", "attempt WHERE execution", "execution WHERE id"})
      db_.execute(fmt::format("DELETE FROM {} IN (SELECT id FROM pruned)", each));
    gone = db_.changes();
    db_.execute("DROP TABLE pruned");
    db_.execute("DELETE FROM machine WHERE id NOT IN (SELECT machine FROM execution)");
  });
  return gone;
}

}  // namespace store
