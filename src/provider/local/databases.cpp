#include "provider/local/databases.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "provider/local/accounts.h"

namespace provider::local {
namespace {

using base::Error;
using base::Problem;

Error not_found(const std::string& what) {
  return {"DBInstanceNotFound", fmt::format("there is no instance {}", what),
          "dbrefresh local list shows all"};
}

std::string arn_of(const std::string& name) {
  return "arn:dbrefresh:rds:local:" + name;
}

}  // namespace

std::vector<std::string> missing_programs() {
  std::vector<std::string> missing;
  for (const char* name : {"mariadbd", "mariadb-backup", "mariadb-install-db"})
    if (os::find_program(name).empty()) missing.emplace_back(name);
  return missing;
}

Databases::Databases(const Home& home, SecretStore& secrets)
    : home_(home), secrets_(secrets), catalogue_(home.catalogue()) {}

// ---- looking

Row Databases::must_get(const std::string& id) {
  auto row = catalogue_.find_id(id);
  if (!row) throw not_found(id);
  return *std::move(row);
}

/// The truth about a status: an operation that runs holds the instance's lock; without one, only the process
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
  if (classify(row.status) == StatusClass::transient && !os::FileLock::try_lock(home_.locks() / row.id))
    return row.status;
  if (row.status == "creating" || row.status == "deleting") return "failed";
  return server(row.id).process() ? "available" : "stopped";
}

Database Databases::describe(const Row& row) {
  Database out{.kind = Kind::instance,
               .name = row.name,
               .id = row.id,
               .arn = arn_of(row.name),
               .engine = row.engine,
               .version = row.version,
               .status = status_of(row),
               .host = "127.0.0.1",
               .port = row.port,
               .master_user = row.master_user,
               .db_name = row.db_name,
               .tags = row.tags,
               .open = row.open};
  if (!row.adopted.is_null()) out.host = row.adopted.value("host", "localhost");
  return out;
}

std::optional<Database> Databases::find(Kind kind, const std::string& name) {
  if (kind == Kind::cluster) return std::nullopt;
  const auto row = catalogue_.find_name(base::lower(name));
  return row ? std::optional(describe(*row)) : std::nullopt;
}

std::optional<Database> Databases::get(const std::string& id) {
  const auto row = catalogue_.find_id(id);
  return row ? std::optional(describe(*row)) : std::nullopt;
}

std::uint64_t Databases::bytes(const std::string& id) {
  return os::tree_bytes(copy_source(must_get(id)).data);
}

std::vector<Database> Databases::list() {
  std::vector<Database> out;
  for (const Row& row : catalogue_.all()) out.push_back(describe(row));
  return out;
}

sql::Endpoint Databases::endpoint(const std::string& id) {
  const Row row = must_get(id);
  sql::Endpoint out{.family = "mariadb", .user = row.master_user, .database = row.db_name};
  if (row.adopted.is_null()) {
    out.socket = server(id).socket().string();
  } else {
    out.socket = row.adopted.value("socket", "");
    out.host = row.adopted.value("host", "127.0.0.1");
    out.port = row.port;
  }
  return out;
}

std::unique_ptr<sql::Connection> Databases::login(const std::string& id, const base::Secret& password) {
  sql::Endpoint where = endpoint(id);
  where.password = password;
  return sql::connect(where, std::chrono::seconds(10));
}

sql::Endpoint Databases::administrator(const Row& row) {
  sql::Endpoint out{.family = "mariadb", .user = os::current_user().name};
  if (row.adopted.is_null()) {
    out.socket = server(row.id).socket().string();
    return out;
  }
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
  source.data = source.ours ? server(row.id).data() : os::fs::path(row.adopted.at("datadir"));
  if (source.ours) source.process = server(row.id).process();
  return source;
}

// ---- before a restore

std::vector<Problem> Databases::check(const RestoreRequest& request, const std::string& replaces,
                                      const base::Json& members) {
  std::vector<Problem> problems;
  auto problem = [&](const char* path, std::string message) {
    problems.push_back({0, path, std::move(message)});
  };
  for (const auto& name : missing_programs())
    problem("$", fmt::format("the program '{}' is not installed here", name));
  if (request.kind == Kind::cluster)
    problem("$.restore.dbservice", "'aurora': the local provider has no clusters; it serves 'rds'");
  if (request.type == RestoreType::from_snapshot || request.type == RestoreType::restore_point ||
      request.type == RestoreType::fast_cloning)
    problem("$.restore.restoretype", fmt::format("'{}': the local provider restores the 'latestpoint' alone",
                                                 request.settings.value("restoretype", "")));
  if (members.contains("createreplicas"))
    problem("$.createreplicas.torun", "the local provider makes no read replicas");
  if (members.value("runscripts", base::Json::object()).value("method", "lambda") == "ec2")
    problem("$.runscripts.method",
            "'ec2': there is no EC2 instance here; 'lambda' runs the scripts in the task itself");
  for (const char* field : {"iamdbauth", "multiaz", "deletionprotection"})
    if (request.settings.value(field, false))
      problems.push_back(
          {0, fmt::format("$.restore.{}", field), "is true, and means nothing on this host", true});
  const auto source = catalogue_.find_id(request.source);
  if (source && classify(status_of(*source)) != StatusClass::ready)
    problem("$.restore.source",
            fmt::format("'{}' is {}; a hot copy needs it to run (dbrefresh local start {})", source->name,
                        status_of(*source), source->name));
  if (source) {
    const auto need = os::tree_bytes(copy_source(*source).data) * 11 / 10;
    const auto room = os::free_bytes(home_.root);
    if (need > room)
      problem("$.restore.source",
              fmt::format("'{}': a copy needs {}, {} has {} free", source->name, base::human_bytes(need),
                          home_.root.string(), base::human_bytes(room)));
  }
  const auto old = replaces.empty() ? std::nullopt : catalogue_.find_id(replaces);
  const bool its_own = old && old->port == request.port && old->open && server(old->id).process();
  if (!its_own && !os::port_is_free(request.port)) {
    const auto rows = catalogue_.all();
    const auto holder = std::ranges::find_if(rows, [&](const Row& row) {
      return row.port == request.port && row.adopted.is_null() && server(row.id).process();
    });
    problem("$.restore.port",
            fmt::format("{} is taken by {}", request.port,
                        holder != rows.end() ? "instance " + holder->name : "another program"));
  }
  return problems;
}

// ---- making

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

void Databases::discard(const std::string& id, const Waiting& waiting) {
  server(id).kill(
      Waiting{waiting.clock, waiting.clock.now() + std::chrono::minutes(1), {}, waiting.progress});
  os::remove_tree(home_.instance(id).string() + ".partial");
  os::remove_tree(home_.instance(id));
  catalogue_.remove(id);
  secrets_.remove("local/" + id);
  std::error_code ignored;
  os::fs::remove(home_.locks() / id, ignored);
}

Database Databases::create_member(const std::string&, const std::string&, const Tags&, const base::Json&,
                                  const Waiting&) {
  throw Error("UnsupportedOperation", "the local provider has no clusters");
}

Database Databases::create_replica(const std::string&, const std::string&, int, const Tags&,
                                   const base::Json&, const Waiting&) {
  throw Error("UnsupportedOperation", "the local provider makes no read replicas");
}

bool Databases::replica_in_sync(const std::string&) {
  throw Error("UnsupportedOperation", "the local provider makes no read replicas");
}

// ---- changing

void Databases::set_master_password(const std::string& id, const base::Secret& password) {
  const Row row = must_get(id);
  if (status_of(row) != "available")
    throw Error("InvalidDBInstanceState", fmt::format("instance {} is {}", row.name, status_of(row)));
  set_master_login(*server(id).administrate(), row.master_user, password);
}

void Databases::rename(const std::string& id, const std::string& name) {
  Row row = must_get(id);
  if (row.name == base::lower(name)) return;
  row.name = base::lower(name);
  catalogue_.update(row);
}

void Databases::set_open(const std::string& id, bool open, const Waiting& waiting) {
  Row row = must_get(id);
  const auto held = lock(id);
  const auto its = server(id);
  const bool interrupted = row.status == "rebooting";  // we died in here before: go on
  if (row.open == open && !interrupted) return;
  if (!its.process() && !interrupted) {  // it will be so when it is started
    row.open = open;
    catalogue_.update(row);
    return;
  }
  row.status = "rebooting";
  catalogue_.update(row);
  its.stop(waiting);
  if (open && !os::port_is_free(row.port))
    throw Error("PortTaken",
                fmt::format("port {} of instance {} is taken by another program", row.port, row.name));
  its.configure(row.port, open, row.settings);
  its.start(false, waiting);
  row.open = open;
  row.status = "available";
  catalogue_.update(row);
}

void Databases::stop(const std::string& id, const Waiting& waiting) {
  const auto held = lock(id);
  if (!must_get(id).adopted.is_null())
    throw Error("InvalidDBInstanceState", "an adopted server is not ours to stop");
  set_status(id, "stopping");
  server(id).stop(waiting);
  set_status(id, "stopped");
}

void Databases::start(const std::string& id, const Waiting& waiting) {
  const Row row = must_get(id);
  const auto held = lock(id);
  if (!row.adopted.is_null()) throw Error("InvalidDBInstanceState", "an adopted server is not ours to start");
  if (row.status == "creating" || row.status == "deleting")
    throw Error("InvalidDBInstanceState", fmt::format("instance {} is not whole; delete it", row.name));
  if (server(id).process()) return;
  if (row.open && !os::port_is_free(row.port))
    throw Error("PortTaken",
                fmt::format("port {} of instance {} is taken by another program", row.port, row.name));
  set_status(id, "starting");
  server(id).configure(row.port, row.open, row.settings);
  server(id).start(false, waiting);
  set_status(id, "available");
}

void Databases::remove(const std::string& id, const Waiting& waiting) {
  const Row row = must_get(id);
  const auto held = lock(id);
  if (row.adopted.is_null()) set_status(id, "deleting");
  discard(id, waiting);
}

void Databases::add_tags(const std::string& id, const Tags& tags) {
  Row row = must_get(id);
  for (const auto& [key, value] : tags) row.tags[key] = value;
  catalogue_.update(row);
}

std::vector<std::string> Databases::start_all(
    const Waiting& waiting, const std::function<void(const std::string&, const Error&)>& failed) {
  std::vector<std::string> started;
  for (const Row& row : catalogue_.all()) {
    const bool wanted = row.adopted.is_null() && row.status != "stopped" && row.status != "creating" &&
                        row.status != "deleting";
    if (!wanted || server(row.id).process()) continue;
    try {
      start(row.id, waiting);
      started.push_back(row.name);
    } catch (const Error& error) {
      failed(row.name, error);
    }
  }
  return started;
}

}  // namespace provider::local
