#include "provider/local/stores.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace provider::local {
namespace {

using base::Error;

constexpr std::string_view ledger_1 = R"sql(
CREATE TABLE IF NOT EXISTS ledger (
  tablename TEXT NOT NULL, run TEXT NOT NULL, dbinstance TEXT NOT NULL, restoredate TEXT NOT NULL, appname TEXT NOT NULL,
  environment TEXT NOT NULL, source TEXT NOT NULL, restoretype TEXT NOT NULL, snapshot TEXT NOT NULL, status TEXT NOT NULL,
  recordingtime TEXT NOT NULL, datatime TEXT NOT NULL, durations TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (run));
)sql";
/// What was masked is not known of the rows that are there.
constexpr std::string_view ledger_2 = "ALTER TABLE ledger ADD COLUMN masked TEXT NOT NULL DEFAULT '';";
constexpr std::string_view ledger_steps[] = {ledger_1, ledger_2};
constexpr store::Schema ledger_schema{ledger_steps};

/// Names that would lead out of the bucket.
bool climbs(const std::string& path) {
  const auto parts = base::split_list(path, '/');
  return path.starts_with('/') || std::ranges::find(parts, "..") != parts.end();
}

}  // namespace

std::string Scripts::read(const std::string& bucket, const std::string& key) {
  const auto folder = home_.buckets() / bucket;
  if (bucket.find('/') != std::string::npos || bucket == ".." || !os::fs::is_directory(folder))
    throw Error("NoSuchBucket", fmt::format("there is no bucket '{}'", bucket),
                fmt::format("a bucket is a folder: mkdir {}", folder.string()));
  if (climbs(key) || !os::fs::is_regular_file(folder / key))
    throw Error("NoSuchKey", fmt::format("bucket '{}' has no object '{}'", bucket, key),
                fmt::format("put the script at {}", (folder / key).string()));
  return os::read_file(folder / key, 256U << 20U);
}

SqliteLedger::SqliteLedger(const Home& home, store::Mode mode) : db_(home.ledger(), ledger_schema, mode) {}

void SqliteLedger::record(const std::string& table, const LedgerRow& row) {
  const std::lock_guard lock(mutex_);
  db_.prepare("INSERT OR IGNORE INTO ledger VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
      .bind(table, row.run, row.dbinstance, row.restoredate, row.appname, row.environment, row.source,
            row.restoretype, row.snapshot, row.status, row.recordingtime, row.datatime, row.durations,
            row.reason, row.masked)
      .run();
}

std::vector<LedgerRow> SqliteLedger::rows(const std::string& table) {
  const std::lock_guard lock(mutex_);
  auto row = db_.prepare(
      "SELECT run, dbinstance, restoredate, appname, environment, source, restoretype, snapshot, status, "
      "recordingtime, datatime, "
      "durations, reason, masked FROM ledger WHERE tablename = ? OR ? = '' ORDER BY recordingtime, rowid");
  row.bind(table, table);
  std::vector<LedgerRow> rows;
  while (row.step())
    rows.push_back({row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5), row.text(6),
                    row.text(7), row.text(8), row.text(9), row.text(10), row.text(11), row.text(12),
                    row.text(13)});
  return rows;
}

}  // namespace provider::local
