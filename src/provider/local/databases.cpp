#include "provider/local/databases.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace provider::local {
namespace {

using base::Error;

Error not_found(const std::string& what) {
  return {"DBInstanceNotFound", fmt::format("there is no database {}", what),
          "dbrefresh local list shows all"};
}

std::string arn_of(const Row& row) {
  return fmt::format("arn:dbrefresh:rds:local:{}:{}", row.kind == Kind::cluster ? "cluster" : "db", row.name);
}

}  // namespace

Databases::Databases(const Home& home, SecretStore& secrets)
    : home_(home), secrets_(secrets), catalogue_(home.catalogue()) {}

Row Databases::must_get(const std::string& id) {
  auto row = catalogue_.find_id(id);
  if (!row) throw not_found(id);
  return *std::move(row);
}

Row Databases::storage_of(const Row& row) {
  return row.writer ? must_get(row.cluster) : row;
}

std::vector<Row> Databases::readers_of(const Row& cluster) {
  if (cluster.kind != Kind::cluster) return {};
  auto readers = catalogue_.members(cluster.id);
  std::erase_if(readers, [](const Row& member) { return member.writer; });
  return readers;
}

std::unique_ptr<Server> Databases::server(const Row& row) {
  const Row storage = storage_of(row);
  return make_server(home_, family_of(storage.engine), storage.id, storage.port);
}

/// The truth about a status: an operation that runs holds the database's lock; without one, only the process
/// counts.
std::string Databases::status_of(const Row& row) {
  if (!row.adopted.is_null()) {
    try {
      sql::connect(administrator(row), std::chrono::seconds(5));
      return "available";
    } catch (const Error&) {
      return "stopped";
    }
  }
  const Row storage = storage_of(row);
  if (classify(storage.status) == StatusClass::transient &&
      !os::FileLock::try_lock(home_.locks() / storage.id))
    return storage.status;
  if (storage.status == "creating" || storage.status == "deleting") return "failed";
  if (server(storage)->process()) return "available";
  // A cluster without instances is storage alone: nothing has to run.
  if (row.kind == Kind::cluster && catalogue_.members(row.id).empty()) return "available";
  return "stopped";
}

Database Databases::describe(const Row& row) {
  const Row storage = storage_of(row);
  Database out{.kind = row.kind,
               .name = row.name,
               .id = row.id,
               .arn = arn_of(row),
               .engine = row.engine,
               .version = row.version,
               .status = status_of(row),
               .host = "127.0.0.1",
               .port = storage.port,
               .master_user = row.master_user,
               .db_name = row.db_name,
               .tags = row.tags,
               .open = storage.open,
               .cluster = row.cluster,
               .writer = row.writer,
               .replica_of = row.replica_of};
  if (!row.adopted.is_null()) out.host = row.adopted.value("host", "localhost");
  if (row.kind == Kind::cluster)
    for (const Row& each : catalogue_.members(row.id)) out.members.push_back(each.id);
  else
    for (const Row& each : catalogue_.replicas(row.id)) out.replicas.push_back(each.id);
  return out;
}

std::optional<Database> Databases::find(Kind kind, const std::string& name) {
  const auto row = catalogue_.find_name(kind, base::lower(name));
  return row ? std::optional(describe(*row)) : std::nullopt;
}

std::optional<Database> Databases::find_any(const std::string& name) {
  auto found = find(Kind::instance, name);
  return found ? found : find(Kind::cluster, name);
}

std::optional<Database> Databases::get(const std::string& id) {
  const auto row = catalogue_.find_id(id);
  return row ? std::optional(describe(*row)) : std::nullopt;
}

std::uint64_t Databases::bytes(const std::string& id) {
  return size_of(must_get(id));
}

std::uint64_t Databases::size_of(const Row& row) {
  if (row.adopted.is_null()) return os::tree_bytes(server(row)->data());
  try {
    return server(row)->size_of(*sql::connect(administrator(row), std::chrono::seconds(5)));
  } catch (const Error&) {
    return 0;  // it does not run; its status says so
  }
}

std::vector<Database> Databases::list() {
  std::vector<Database> out;
  for (const Row& row : catalogue_.all()) out.push_back(describe(row));
  return out;
}

sql::Endpoint Databases::endpoint(const std::string& id) {
  const Row row = must_get(id);
  sql::Endpoint out{.family = family_of(row.engine)};
  if (row.adopted.is_null()) {
    out = server(row)->socket_endpoint();
  } else {
    out.socket = row.adopted.value("socket", "");
    out.host = row.adopted.value("host", "127.0.0.1");
    out.port = row.port;
  }
  out.user = row.master_user;
  out.database = row.db_name;
  return out;
}

std::unique_ptr<sql::Connection> Databases::login(const std::string& id, const base::Secret& password) {
  sql::Endpoint where = endpoint(id);
  where.password = password;
  return sql::connect(where, std::chrono::seconds(10));
}

sql::Endpoint Databases::administrator(const Row& row) {
  if (row.adopted.is_null()) return server(row)->administrator_endpoint();
  sql::Endpoint out{.family = family_of(row.engine)};
  out.socket = row.adopted.value("socket", "");
  out.host = row.adopted.value("host", "127.0.0.1");
  out.port = row.port;
  out.user = row.adopted.at("user");
  if (const auto secret = secrets_.get("local/" + row.id, SecretStore::Stage::current))
    out.password = base::Secret(base::Json::parse(secret->reveal()).value("password", ""));
  return out;
}

CopySource Databases::copy_source(const Row& row) {
  CopySource source{.administrator = administrator(row), .ours = row.adopted.is_null()};
  source.data = source.ours ? server(row)->data() : os::fs::path(row.adopted.at("datadir"));
  if (source.ours) source.process = server(row)->process();
  return source;
}

}  // namespace provider::local
