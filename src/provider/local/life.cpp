// What happens to databases between their making and their end.
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "provider/local/databases.h"

namespace provider::local {

using base::Error;

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

void Databases::open_one(Row row, bool open, const Budget& budget) {
  const auto held = lock(row.id);
  const auto its = server(row);
  const bool interrupted = row.status == "rebooting";  // we died in here before: go on
  if (row.open == open && !interrupted) return;
  const bool first = open && row.settings.value("never_opened", false);
  if (!its->process() && !interrupted && !first) {  // it will be so when it is started
    row.open = open;
    catalogue_.update(row);
    return;
  }
  row.status = "rebooting";
  catalogue_.update(row);
  if (first) {
    if (!its->process()) its->start(budget);
    its->forget_past();
    row.settings.erase("never_opened");
  }
  its->stop(budget);
  if (open && !os::port_is_free(row.port))
    throw Error("PortTaken", fmt::format("port {} of {} is taken by another program", row.port, row.name));
  its->configure(open, row.settings);
  its->start(budget);
  row.open = open;
  row.status = "available";
  catalogue_.update(row);
  if (first) its->gather_statistics(budget);
}

void Databases::set_open(const std::string& id, bool open, const Budget& budget) {
  const Row row = must_get(id);
  open_one(storage_of(row), open, budget);
  for (const Row& reader : readers_of(row)) open_one(reader, open, budget);
}

void Databases::stop(const std::string& id, const Budget& budget) {
  const Row row = must_get(id);
  if (!row.adopted.is_null()) throw Error("InvalidDBInstanceState", "an adopted server is not ours to stop");
  if (row.writer)
    throw Error("InvalidDBInstanceState",
                fmt::format("{} is the writer of a cluster; only the whole cluster is stopped", row.name));
  for (const Row& reader : readers_of(row)) stop(reader.id, budget);
  const auto held = lock(id);
  set_status(id, "stopping");
  server(row)->stop(budget);
  set_status(id, "stopped");
}

void Databases::start_one(const Row& row, const Budget& budget) {
  const auto held = lock(row.id);
  if (row.status == "creating" || row.status == "deleting")
    throw Error("InvalidDBInstanceState", fmt::format("{} is not whole; delete it", row.name));
  const auto its = server(row);
  if (its->process()) return;
  if (row.open && !os::port_is_free(row.port))
    throw Error("PortTaken", fmt::format("port {} of {} is taken by another program", row.port, row.name));
  set_status(row.id, "starting");
  its->configure(row.open, row.settings);
  its->start(budget);
  set_status(row.id, "available");
}

void Databases::start(const std::string& id, const Budget& budget) {
  const Row row = must_get(id);
  if (!row.adopted.is_null()) throw Error("InvalidDBInstanceState", "an adopted server is not ours to start");
  start_one(storage_of(row), budget);
  for (const Row& reader : readers_of(row)) start_one(reader, budget);
}

/// With it go its automated snapshots and its log, as RDS has it; those that were made by hand stay.
void Databases::discard(const Row& row, const Budget& budget) {
  if (!row.adopted.is_null()) stop_receiving(row);
  if (!row.writer) {
    const Budget whatever_was_asked{
        budget.clock, budget.clock.now() + std::chrono::minutes(1), {}, budget.tell};
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
  home_.accounts().sweep();
}

/// Of a cluster's writer only its entry goes, and the server stops; the data goes with the cluster.
void Databases::remove(const std::string& id, const Budget& budget) {
  const Row row = must_get(id);
  if (row.kind == Kind::cluster && !catalogue_.members(id).empty())
    throw Error("InvalidDBClusterStateFault", fmt::format("cluster {} still has instances", row.name));
  if (row.kind == Kind::instance && !row.adopted.is_null()) return discard(row, budget);
  const Row storage = storage_of(row);
  const auto held = lock(storage.id);
  if (row.writer) {
    server(row)->stop(budget);
  } else {
    set_status(id, "deleting");
  }
  if (!row.replica_of.empty()) {
    const auto primary = catalogue_.find_id(row.replica_of);
    if (primary && server(*primary)->process()) server(row)->end_replication(*server(*primary));
  }
  discard(row, budget);
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
    const Budget& budget, const std::function<void(const std::string&, const Error&)>& failed) {
  std::vector<std::string> started;
  for (const Row& row : catalogue_.all()) {
    if (!should_run(row)) continue;
    try {
      if (row.adopted.is_null())
        start_one(row, budget);
      else
        start_receiving(row, budget);
      started.push_back(row.name);
    } catch (const Error& error) {
      failed(row.name, error);
    }
  }
  return started;
}

}  // namespace provider::local
