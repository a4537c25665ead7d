// Instances of clusters, and replicas.
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "provider/local/databases.h"

namespace provider::local {

using base::Error;

/// The first instance of a cluster is its writer: its server, which runs on the cluster's storage.
Database Databases::create_member(const std::string& cluster, const std::string& name, const Tags& tags,
                                  const base::Json& settings, const Budget& budget) {
  const Row storage = must_get(cluster);
  if (!catalogue_.members(cluster).empty()) return create_replica(cluster, name, 0, tags, settings, budget);
  Row row{.id = "db-" + os::random_text(18),
          .name = base::lower(name),
          .engine = storage.engine,
          .version = storage.version,
          .status = "available",
          .port = storage.port,
          .master_user = storage.master_user,
          .db_name = storage.db_name,
          .tags = tags,
          .open = storage.open,
          .settings = base::Json::object(),
          .cluster = cluster,
          .writer = true};
  catalogue_.add(row);
  start_one(storage, budget);
  return describe(row);
}

Database Databases::create_replica(const std::string& of, const std::string& name, int port, const Tags& tags,
                                   const base::Json&, const Budget& budget) {
  const Row source = storage_of(must_get(of));
  if (!source.adopted.is_null())
    throw Error("InvalidDBInstanceState",
                fmt::format("{} is not ours; no replica is made of it", source.name));
  const auto primary = server(source);
  if (!primary->process())
    throw Error("InvalidDBInstanceState", fmt::format("{} is {}", source.name, status_of(source)));
  Row row{.id = "db-" + os::random_text(18),
          .name = base::lower(name),
          .engine = source.engine,
          .version = source.version,
          .status = "creating",
          .port = port != 0 ? port : os::any_free_port(),
          .master_user = source.master_user,
          .db_name = source.db_name,
          .tags = tags,
          .open = source.open,
          .settings = {{"server", source.settings.value("server", base::Json::object())}},
          .cluster = source.kind == Kind::cluster ? source.id : "",
          .replica_of = source.id};
  if (row.open && !os::port_is_free(row.port))
    throw Error("PortTaken", fmt::format("port {} of 127.0.0.1 is taken", row.port));
  const auto held = lock(row.id);
  catalogue_.add(row);
  try {
    const auto made = server(row);
    row.settings["replica"] = made->follow(*primary);
    // It holds the same data and opens by the same passwords; and it reads its primary's log by its socket.
    const auto copied = copy_into(made->folder(), source, budget, primary->account());
    made->configure(row.open, row.settings);
    made->start(budget);
    made->begin_replication(*primary, copied);
  } catch (const Error&) {
    discard(row, budget);
    throw;
  }
  row.status = "available";
  catalogue_.update(row);
  return describe(row);
}

bool Databases::replica_in_sync(const std::string& id) {
  const Row row = must_get(id);
  if (row.replica_of.empty())
    throw Error("InvalidDBInstanceState", fmt::format("{} is no replica", row.name));
  return server(row)->in_step_with(*server(must_get(row.replica_of)));
}

}  // namespace provider::local
