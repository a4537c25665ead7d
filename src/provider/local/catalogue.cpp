#include "provider/local/catalogue.h"

#include <fmt/format.h>

#include "base/error.h"

namespace provider::local {
namespace {

constexpr std::string_view schema = R"sql(
CREATE TABLE IF NOT EXISTS instance (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, engine TEXT NOT NULL, version TEXT NOT NULL, status TEXT NOT NULL,
  port INTEGER NOT NULL, master_user TEXT NOT NULL, db_name TEXT NOT NULL, tags TEXT NOT NULL, open INTEGER NOT NULL,
  adopted TEXT NOT NULL, settings TEXT NOT NULL);
)sql";

Row read(const store::Statement& row) {
  return {.id = row.text(0),
          .name = row.text(1),
          .engine = row.text(2),
          .version = row.text(3),
          .status = row.text(4),
          .port = static_cast<int>(row.integer(5)),
          .master_user = row.text(6),
          .db_name = row.text(7),
          .tags = base::Json::parse(row.text(8)).get<Tags>(),
          .open = row.integer(9) != 0,
          .adopted = base::Json::parse(row.text(10)),
          .settings = base::Json::parse(row.text(11))};
}

}  // namespace

Catalogue::Catalogue(const std::filesystem::path& path) : db_(path, schema) {}

std::vector<Row> Catalogue::select(const std::string& where, const std::string& value) {
  const std::lock_guard lock(mutex_);
  auto row =
      db_.prepare(fmt::format("SELECT id, name, engine, version, status, port, master_user, db_name, tags, "
                              "open, "
                              "adopted, settings FROM instance WHERE {} ORDER BY name",
                              where));
  row.bind(value);
  std::vector<Row> rows;
  while (row.step()) rows.push_back(read(row));
  return rows;
}

std::optional<Row> Catalogue::find_name(const std::string& name) {
  auto rows = select("name = ?", name);
  return rows.empty() ? std::nullopt : std::optional(std::move(rows[0]));
}

std::optional<Row> Catalogue::find_id(const std::string& id) {
  auto rows = select("id = ?", id);
  return rows.empty() ? std::nullopt : std::optional(std::move(rows[0]));
}

std::vector<Row> Catalogue::all() {
  return select("id <> ?", "");
}

void Catalogue::add(const Row& row) {
  {
    const std::lock_guard lock(mutex_);
    store::Transaction transaction(db_);
    auto taken = db_.prepare("SELECT id FROM instance WHERE name = ?");
    if (taken.bind(row.name).step())
      throw base::Error("DBInstanceAlreadyExists", fmt::format("there is an instance {} already", row.name));
    db_.prepare("INSERT INTO instance VALUES (?,?,?,?,?,?,?,?,?,?,?,?)")
        .bind(row.id, row.name, row.engine, row.version, row.status, std::int64_t{row.port}, row.master_user,
              row.db_name, base::Json(row.tags).dump(), std::int64_t{row.open}, row.adopted.dump(),
              row.settings.dump())
        .run();
    transaction.commit();
  }
}

void Catalogue::update(const Row& row) {
  const std::lock_guard lock(mutex_);
  store::Transaction transaction(db_);
  auto taken = db_.prepare("SELECT id FROM instance WHERE name = ? AND id <> ?");
  if (taken.bind(row.name, row.id).step())
    throw base::Error("DBInstanceAlreadyExists", fmt::format("there is an instance {} already", row.name));
  db_.prepare(
         "UPDATE instance SET name=?, version=?, status=?, port=?, master_user=?, db_name=?, tags=?, open=?, "
         "settings=? WHERE id=?")
      .bind(row.name, row.version, row.status, std::int64_t{row.port}, row.master_user, row.db_name,
            base::Json(row.tags).dump(), std::int64_t{row.open}, row.settings.dump(), row.id)
      .run();
  transaction.commit();
}

void Catalogue::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  db_.prepare("DELETE FROM instance WHERE id = ?").bind(id).run();
}

}  // namespace provider::local
