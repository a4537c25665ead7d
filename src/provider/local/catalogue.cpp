#include "provider/local/catalogue.h"

#include <fmt/format.h>

#include "base/error.h"

namespace provider::local {
namespace {

constexpr std::string_view version_2 = R"sql(
CREATE TABLE IF NOT EXISTS instance (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, engine TEXT NOT NULL, version TEXT NOT NULL,
  status TEXT NOT NULL, port INTEGER NOT NULL, master_user TEXT NOT NULL, db_name TEXT NOT NULL, tags TEXT NOT NULL,
  open INTEGER NOT NULL, adopted TEXT NOT NULL, settings TEXT NOT NULL, cluster TEXT NOT NULL,
  writer INTEGER NOT NULL, replica_of TEXT NOT NULL,
  UNIQUE (kind, name));
CREATE TABLE IF NOT EXISTS snapshot (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, automated INTEGER NOT NULL, origin TEXT NOT NULL,
  data_time INTEGER NOT NULL, position TEXT NOT NULL);
)sql";
/// Requests, and what a database was restored from.
constexpr std::string_view version_3 = R"sql(
ALTER TABLE instance ADD COLUMN token TEXT NOT NULL DEFAULT '';
ALTER TABLE instance ADD COLUMN restored TEXT NOT NULL DEFAULT 'null';
CREATE UNIQUE INDEX instance_token ON instance (token) WHERE token <> '';
)sql";
constexpr std::string_view steps[] = {version_2, version_3};
constexpr store::Schema schema{steps, 2};

Row read(const store::Statement& row) {
  return {.kind = row.text(1) == "cluster" ? Kind::cluster : Kind::instance,
          .id = row.text(0),
          .name = row.text(2),
          .engine = row.text(3),
          .version = row.text(4),
          .status = row.text(5),
          .port = static_cast<int>(row.integer(6)),
          .master_user = row.text(7),
          .db_name = row.text(8),
          .tags = base::Json::parse(row.text(9)).get<Tags>(),
          .open = row.integer(10) != 0,
          .adopted = base::Json::parse(row.text(11)),
          .settings = base::Json::parse(row.text(12)),
          .cluster = row.text(13),
          .writer = row.integer(14) != 0,
          .replica_of = row.text(15),
          .token = row.text(16),
          .restored = base::Json::parse(row.text(17))};
}

}  // namespace

base::Error no_such_database(const std::string& what) {
  return {"DBInstanceNotFound", fmt::format("there is no database {}", what),
          "dbrefresh local list shows all"};
}

Catalogue::Catalogue(const std::filesystem::path& path, store::Mode mode) : db_(path, schema, mode) {}

std::vector<Row> Catalogue::select(const std::string& where, const std::string& value) {
  const std::lock_guard lock(mutex_);
  return select_locked(where, value);
}

std::vector<Row> Catalogue::select_locked(const std::string& where, const std::string& value) {
  auto row = db_.prepare(fmt::format("SELECT * FROM instance WHERE {} ORDER BY name, kind", where));
  row.bind(value);
  std::vector<Row> rows;
  while (row.step()) rows.push_back(read(row));
  return rows;
}

std::optional<Row> Catalogue::find_name(Kind kind, const std::string& name) {
  auto rows = select(fmt::format("kind = '{}' AND name = ?", to_string(kind)), name);
  return rows.empty() ? std::nullopt : std::optional(std::move(rows[0]));
}

std::optional<Row> Catalogue::find_id(const std::string& id) {
  auto rows = select("id = ?", id);
  return rows.empty() ? std::nullopt : std::optional(std::move(rows[0]));
}

std::optional<Row> Catalogue::find_token(const std::string& token) {
  if (token.empty()) return std::nullopt;
  auto rows = select("token = ?", token);
  return rows.empty() ? std::nullopt : std::optional(std::move(rows[0]));
}

std::vector<Row> Catalogue::all() {
  return select("id <> ?", "");
}
std::vector<Row> Catalogue::members(const std::string& cluster) {
  return select("cluster = ?", cluster);
}
std::vector<Row> Catalogue::replicas(const std::string& id) {
  return select("cluster = '' AND replica_of = ?", id);
}

void Catalogue::must_be_free(const Row& row) {
  auto taken = db_.prepare("SELECT id FROM instance WHERE kind = ? AND name = ? AND id <> ?");
  if (!taken.bind(std::string(to_string(row.kind)), row.name, row.id).step()) return;
  throw base::Error(row.kind == Kind::cluster ? "DBClusterAlreadyExistsFault" : "DBInstanceAlreadyExists",
                    fmt::format("there is a database {} already", row.name));
}

bool Catalogue::add(const Row& row) {
  const std::lock_guard lock(mutex_);
  store::Transaction transaction(db_);
  if (!row.token.empty() && !select_locked("token = ?", row.token).empty()) return false;
  must_be_free(row);
  db_.prepare("INSERT INTO instance VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
      .bind(row.id, std::string(to_string(row.kind)), row.name, row.engine, row.version, row.status,
            std::int64_t{row.port}, row.master_user, row.db_name, base::Json(row.tags).dump(),
            std::int64_t{row.open}, row.adopted.dump(), row.settings.dump(), row.cluster,
            std::int64_t{row.writer}, row.replica_of, row.token, row.restored.dump())
      .run();
  transaction.commit();
  return true;
}

Row Catalogue::change(const std::string& id, const std::function<void(Row&)>& edit) {
  const std::lock_guard lock(mutex_);
  store::Transaction transaction(db_);
  auto found = select_locked("id = ?", id);
  if (found.empty()) throw no_such_database(id);
  Row row = std::move(found[0]);
  edit(row);
  must_be_free(row);
  db_.prepare(
         "UPDATE instance SET name=?, engine=?, version=?, status=?, port=?, master_user=?, db_name=?, "
         "tags=?, open=?, adopted=?, settings=?, restored=? WHERE id=?")
      .bind(row.name, row.engine, row.version, row.status, std::int64_t{row.port}, row.master_user,
            row.db_name, base::Json(row.tags).dump(), std::int64_t{row.open}, row.adopted.dump(),
            row.settings.dump(), row.restored.dump(), row.id)
      .run();
  transaction.commit();
  return row;
}

void Catalogue::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  db_.prepare("DELETE FROM instance WHERE id = ?").bind(id).run();
}

std::vector<Snapshot> Catalogue::snapshots() {
  const std::lock_guard lock(mutex_);
  auto row =
      db_.prepare("SELECT id, name, automated, origin, data_time, position FROM snapshot ORDER BY data_time");
  std::vector<Snapshot> all;
  while (row.step()) {
    const auto origin = base::Json::parse(row.text(3));
    all.push_back({.id = row.text(0),
                   .name = row.text(1),
                   .automated = row.integer(2) != 0,
                   .origin = {.kind = origin.at("kind") == "cluster" ? Kind::cluster : Kind::instance,
                              .id = origin.at("id"),
                              .name = origin.at("name"),
                              .engine = origin.at("engine"),
                              .version = origin.at("version"),
                              .master_user = origin.at("master_user"),
                              .db_name = origin.at("db_name"),
                              .settings = origin.at("settings")},
                   .data_time = base::Time(std::chrono::microseconds(row.integer(4))),
                   .position = base::Json::parse(row.text(5))});
  }
  return all;
}

void Catalogue::add(const Snapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  store::Transaction transaction(db_);
  auto taken = db_.prepare("SELECT id FROM snapshot WHERE name = ?");
  if (taken.bind(snapshot.name).step())
    throw base::Error("DBSnapshotAlreadyExists",
                      fmt::format("there is a snapshot {} already", snapshot.name));
  const Row& origin = snapshot.origin;
  const base::Json text = {{"kind", to_string(origin.kind)},
                           {"id", origin.id},
                           {"name", origin.name},
                           {"engine", origin.engine},
                           {"version", origin.version},
                           {"master_user", origin.master_user},
                           {"db_name", origin.db_name},
                           {"settings", origin.settings}};
  db_.prepare("INSERT INTO snapshot VALUES (?,?,?,?,?,?)")
      .bind(snapshot.id, snapshot.name, std::int64_t{snapshot.automated}, text.dump(),
            std::int64_t{snapshot.data_time.time_since_epoch().count()}, snapshot.position.dump())
      .run();
  transaction.commit();
}

void Catalogue::remove_snapshot(const std::string& id) {
  const std::lock_guard lock(mutex_);
  db_.prepare("DELETE FROM snapshot WHERE id = ?").bind(id).run();
}

}  // namespace provider::local
