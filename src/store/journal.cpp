#include "store/journal.h"

#include <fmt/format.h>

#include "base/error.h"

namespace store {
namespace {

constexpr std::string_view schema = R"sql(
CREATE TABLE IF NOT EXISTS machine (id TEXT PRIMARY KEY, definition TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS execution (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, subject TEXT NOT NULL, machine TEXT NOT NULL REFERENCES machine(id),
  status TEXT NOT NULL, snapshot TEXT NOT NULL, due_us INTEGER, owner TEXT NOT NULL DEFAULT '',
  cancel_requested INTEGER NOT NULL DEFAULT 0, created_us INTEGER NOT NULL, ended_us INTEGER,
  error TEXT NOT NULL DEFAULT '', cause TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS execution_running ON execution(subject) WHERE status = 'RUNNING';
CREATE TABLE IF NOT EXISTS event (
  execution TEXT NOT NULL, id INTEGER NOT NULL, at_us INTEGER NOT NULL, type TEXT NOT NULL, state TEXT NOT NULL,
  details TEXT NOT NULL, PRIMARY KEY (execution, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attempt (
  execution TEXT NOT NULL, token TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL,
  started_us INTEGER NOT NULL, ended_us INTEGER, outcome TEXT NOT NULL DEFAULT '', PRIMARY KEY (execution, token)) WITHOUT ROWID;
)sql";

std::int64_t micros(base::Time time) {
  return time.time_since_epoch().count();
}
base::Time from_micros(std::int64_t value) {
  return base::Time{std::chrono::microseconds{value}};
}
std::optional<std::int64_t> micros(const std::optional<base::Time>& time) {
  return time ? std::optional(micros(*time)) : std::nullopt;
}
std::optional<base::Time> optional_time(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(from_micros(row.integer(column)));
}

constexpr std::string_view execution_columns =
    "id, name, subject, machine, status, snapshot, due_us, owner, cancel_requested, created_us, ended_us, "
    "error, cause";

ExecutionRow read_execution(const Statement& row) {
  return {.id = row.text(0),
          .name = row.text(1),
          .subject = row.text(2),
          .machine = row.text(3),
          .status = row.text(4),
          .snapshot = row.text(5),
          .due = optional_time(row, 6),
          .owner = row.text(7),
          .cancel_requested = row.integer(8) != 0,
          .created = from_micros(row.integer(9)),
          .ended = optional_time(row, 10),
          .error = row.text(11),
          .cause = row.text(12)};
}

/// FNV-1a: an id for a document, not a defence.
std::string hash_text(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("{:016x}-{}", hash, text.size());
}

}  // namespace

Journal::Journal(const std::filesystem::path& path)
    : db_(path, schema),
      update_execution_(db_.prepare(
          "UPDATE execution SET status=?, snapshot=?, due_us=?, ended_us=?, error=?, cause=? WHERE id=?")),
      insert_event_(db_.prepare("INSERT INTO event VALUES (?,?,?,?,?,?)")),
      find_cancelled_(
          db_.prepare("SELECT id FROM execution WHERE status = 'RUNNING' AND cancel_requested = 1")) {}

void Journal::commit(Transaction& transaction) {
  if (on_commit) on_commit();
  transaction.commit();
  if (on_commit) on_commit();
}

std::string Journal::put_machine(const std::string& definition) {
  std::string id = hash_text(definition);
  db_.prepare("INSERT OR IGNORE INTO machine VALUES (?, ?)").bind(id, definition).run();
  return id;
}

std::string Journal::machine(const std::string& id) {
  auto row = db_.prepare("SELECT definition FROM machine WHERE id = ?");
  if (!row.bind(id).step()) throw base::Error("StoreError", "the journal has no state machine " + id);
  return row.text(0);
}

std::optional<std::string> Journal::create(const ExecutionRow& row) {
  Transaction transaction(db_);
  auto running = db_.prepare("SELECT id FROM execution WHERE subject = ? AND status = 'RUNNING'");
  if (!row.subject.empty() && running.bind(row.subject).step()) return running.text(0);
  db_.prepare(
         "INSERT INTO execution (id, name, subject, machine, status, snapshot, owner, created_us) VALUES "
         "(?,?,?,?,?,?,?,?)")
      .bind(row.id, row.name, row.subject, row.machine, row.status, row.snapshot, row.owner,
            micros(row.created))
      .run();
  commit(transaction);
  return std::nullopt;
}

void Journal::record(const ExecutionRow& row) {
  Transaction transaction(db_);
  db_.prepare(
         "INSERT INTO execution (id, name, subject, machine, status, snapshot, created_us, ended_us, error, "
         "cause) VALUES (?,?,?,?,?,?,?,?,?,?)")
      .bind(row.id, row.name, row.subject, row.machine, row.status, row.snapshot, micros(row.created),
            micros(row.ended), row.error, row.cause)
      .run();
  commit(transaction);
}

void Journal::write(const JournalWrite& write) {
  const ExecutionRow& row = write.execution;
  Transaction transaction(db_);
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
  commit(transaction);
}

void Journal::begin_again(const std::string& execution, const std::string& token, base::Time now) {
  Transaction transaction(db_);
  db_.prepare("UPDATE attempt SET tries = tries + 1, started_us = ? WHERE execution=? AND token=?")
      .bind(micros(now), execution, token)
      .run();
  commit(transaction);
}

std::optional<ExecutionRow> Journal::find(const std::string& id) {
  auto row = db_.prepare(fmt::format("SELECT {} FROM execution WHERE id = ?", execution_columns));
  if (!row.bind(id).step()) return std::nullopt;
  return read_execution(row);
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
      "SELECT token, state, tries, started_us, ended_us, outcome FROM attempt WHERE execution = ? ORDER BY "
      "started_us, token");
  row.bind(execution);
  std::vector<AttemptRow> rows;
  while (row.step())
    rows.push_back({row.text(0), row.text(1), static_cast<int>(row.integer(2)), from_micros(row.integer(3)),
                    optional_time(row, 4), row.text(5)});
  return rows;
}

void Journal::request_cancel(const std::string& execution) {
  db_.prepare("UPDATE execution SET cancel_requested = 1 WHERE id = ? AND status = 'RUNNING'")
      .bind(execution)
      .run();
}

std::vector<std::string> Journal::cancelled() {
  std::vector<std::string> ids;
  while (find_cancelled_.step()) ids.push_back(find_cancelled_.text(0));
  return ids;
}

bool Journal::claim(const std::string& execution, const std::string& owner,
                    const std::function<bool(const std::string&)>& is_alive) {
  Transaction transaction(db_);
  auto row = db_.prepare("SELECT owner FROM execution WHERE id = ?");
  if (!row.bind(execution).step())
    throw base::Error("ExecutionNotFound", fmt::format("there is no run {}", execution),
                      "dbrefresh list shows all");
  const std::string holder = row.text(0);
  if (!holder.empty() && holder != owner && is_alive(holder)) return false;
  db_.prepare("UPDATE execution SET owner = ? WHERE id = ?").bind(owner, execution).run();
  transaction.commit();
  return true;
}

void Journal::release(const std::string& execution, const std::string& owner) {
  db_.prepare("UPDATE execution SET owner = '' WHERE id = ? AND owner = ?").bind(execution, owner).run();
}

}  // namespace store
