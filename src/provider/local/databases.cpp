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

// ---- looking

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

// ---- changing

os::FileLock Databases::lock(const std::string& id) {
  auto held = os::FileLock::try_lock(home_.locks() / id);
  if (held) return *std::move(held);
  Error error("InvalidDBInstanceState", fmt::format("another operation on {} is going on", id));
  error.retryable = true;
  throw error;
}

void Databases::set_status(const std::string& id, const std::string& status) {
  Row row = must_get(id);
  row.status = status;
  catalogue_.update(row);
}

void Databases::set_master_password(const std::string& id, const base::Secret& password) {
  const Row row = must_get(id);
  if (status_of(row) != "available")
    throw Error("InvalidDBInstanceState", fmt::format("{} is {}", row.name, status_of(row)));
  server(row)->set_master_login(row.master_user, password);
}

void Databases::rename(const std::string& id, const std::string& name) {
  Row row = must_get(id);
  if (row.name == base::lower(name)) return;
  row.name = base::lower(name);
  catalogue_.update(row);
}

void Databases::open_one(Row row, bool open, const Waiting& waiting) {
  const auto held = lock(row.id);
  const auto its = server(row);
  const bool interrupted = row.status == "rebooting";  // we died in here before: go on
  if (row.open == open && !interrupted) return;
  if (!its->process() && !interrupted) {  // it will be so when it is started
    row.open = open;
    catalogue_.update(row);
    return;
  }
  row.status = "rebooting";
  catalogue_.update(row);
  if (open && row.settings.value("never_opened", false)) {
    if (its->process()) its->forget_past();
    row.settings.erase("never_opened");
  }
  its->stop(waiting);
  if (open && !os::port_is_free(row.port))
    throw Error("PortTaken", fmt::format("port {} of {} is taken by another program", row.port, row.name));
  its->configure(open, row.settings);
  its->start(waiting);
  row.open = open;
  row.status = "available";
  catalogue_.update(row);
}

void Databases::set_open(const std::string& id, bool open, const Waiting& waiting) {
  const Row row = must_get(id);
  open_one(storage_of(row), open, waiting);
  for (const Row& reader : readers_of(row)) open_one(reader, open, waiting);
}

void Databases::stop(const std::string& id, const Waiting& waiting) {
  const Row row = must_get(id);
  if (!row.adopted.is_null()) throw Error("InvalidDBInstanceState", "an adopted server is not ours to stop");
  if (row.writer)
    throw Error("InvalidDBInstanceState",
                fmt::format("{} is the writer of a cluster; only the whole cluster is stopped", row.name));
  for (const Row& reader : readers_of(row)) stop(reader.id, waiting);
  const auto held = lock(id);
  set_status(id, "stopping");
  server(row)->stop(waiting);
  set_status(id, "stopped");
}

void Databases::start_one(const Row& row, const Waiting& waiting) {
  const auto held = lock(row.id);
  if (row.status == "creating" || row.status == "deleting")
    throw Error("InvalidDBInstanceState", fmt::format("{} is not whole; delete it", row.name));
  const auto its = server(row);
  if (its->process()) return;
  if (row.open && !os::port_is_free(row.port))
    throw Error("PortTaken", fmt::format("port {} of {} is taken by another program", row.port, row.name));
  set_status(row.id, "starting");
  its->configure(row.open, row.settings);
  its->start(waiting);
  set_status(row.id, "available");
}

void Databases::start(const std::string& id, const Waiting& waiting) {
  const Row row = must_get(id);
  if (!row.adopted.is_null()) throw Error("InvalidDBInstanceState", "an adopted server is not ours to start");
  start_one(storage_of(row), waiting);
  for (const Row& reader : readers_of(row)) start_one(reader, waiting);
}

/// With it go its automated snapshots and its log, as RDS has it; those that were made by hand stay.
void Databases::discard(const Row& row, const Waiting& waiting) {
  if (!row.adopted.is_null()) stop_receiving(row);
  if (!row.writer) {
    const Waiting whatever_was_asked{
        waiting.clock, waiting.clock.now() + std::chrono::minutes(1), {}, waiting.progress};
    server(row)->kill(whatever_was_asked);
    server(row)->remove_remains(whatever_was_asked);
    Home::remove_unfinished(home_.instance(row.id));
    os::remove_tree(home_.instance(row.id));
    for (const auto& each : catalogue_.snapshots())
      if (each.automated && each.origin.id == row.id) remove_snapshot(each.name);
    os::remove_tree(home_.archive(row.id));
  }
  catalogue_.remove(row.id);
  secrets_.remove("local/" + row.id);
  std::error_code ignored;
  os::fs::remove(home_.locks() / row.id, ignored);
}

/// Of a cluster's writer only its entry goes, and the server stops; the data goes with the cluster.
void Databases::remove(const std::string& id, const Waiting& waiting) {
  const Row row = must_get(id);
  if (row.kind == Kind::cluster && !catalogue_.members(id).empty())
    throw Error("InvalidDBClusterStateFault", fmt::format("cluster {} still has instances", row.name));
  if (row.kind == Kind::instance && !row.adopted.is_null()) return discard(row, waiting);
  const Row storage = storage_of(row);
  const auto held = lock(storage.id);
  if (row.writer) {
    server(row)->stop(waiting);
  } else {
    set_status(id, "deleting");
  }
  if (!row.replica_of.empty()) {
    const auto primary = catalogue_.find_id(row.replica_of);
    if (primary && server(*primary)->process()) server(row)->end_replication(*server(*primary));
  }
  discard(row, waiting);
}

void Databases::add_tags(const std::string& id, const Tags& tags) {
  Row row = must_get(id);
  for (const auto& [key, value] : tags) row.tags[key] = value;
  catalogue_.update(row);
}

bool Databases::should_run(const Row& row) {
  if (!row.adopted.is_null()) return keeps_log(row.id) && !receives(row);
  return !row.writer && row.status != "stopped" && row.status != "creating" && row.status != "deleting" &&
         !server(row)->process();
}

std::vector<std::string> Databases::start_all(
    const Waiting& waiting, const std::function<void(const std::string&, const Error&)>& failed) {
  std::vector<std::string> started;
  for (const Row& row : catalogue_.all()) {
    if (!should_run(row)) continue;
    try {
      if (row.adopted.is_null())
        start_one(row, waiting);
      else
        start_receiving(row, waiting);
      started.push_back(row.name);
    } catch (const Error& error) {
      failed(row.name, error);
    }
  }
  return started;
}

}  // namespace provider::local
