#include "provider/local/supervisor.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "os/port.h"

namespace provider::local {
namespace {

using base::Error;
using namespace std::chrono_literals;

constexpr auto looks_hold = 5s;

Error wrong_state(const std::string& message) {
  return {"InvalidDBInstanceState", message};
}

std::string arn_of(const Row& row) {
  return fmt::format("arn:dbrefresh:rds:local:{}:{}", row.kind == Kind::cluster ? "cluster" : "db", row.name);
}

std::string changing(const std::string& id) {
  return "change " + id;
}

std::string in_words(const Power& power) {
  auto word = [](const std::optional<bool>& value) { return !value ? "as it is" : *value ? "yes" : "no"; };
  return fmt::format("open: {}, running: {}", word(power.open), word(power.running));
}

}  // namespace

bool Supervisor::answers(const Row& adopted, std::chrono::seconds held) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = seen_.find(adopted.id);
    if (found != seen_.end() && clock_.now() < found->second.when + held) return found->second.answers;
  }
  bool good = true;
  try {
    sql::connect(fleet_.administrator(adopted), 5s);
  } catch (const Error&) {
    good = false;
  }
  const std::lock_guard lock(mutex_);
  seen_[adopted.id] = {good, clock_.now()};
  return good;
}

/// The truth about a status: an operation that runs holds the database's lock; without one, only the process
/// counts.
std::string Supervisor::status_of(const Row& row, bool look) {
  if (!is_ours(row)) return !look ? "unknown" : answers(row, looks_hold) ? "available" : "stopped";
  const Row storage = fleet_.storage_of(row);
  if (classify(storage.status) == StatusClass::transient && fleet_.is_locked(storage.id))
    return storage.status;
  if (storage.status == "creating") return "failed";
  if (storage.status == "deleting") return jobs_.has("remove " + storage.id) ? "deleting" : "failed";
  if (fleet_.server(storage)->process()) return "available";
  // A cluster without instances is storage alone: nothing has to run.
  if (row.kind == Kind::cluster && fleet_.rows().members(row.id).empty()) return "available";
  return "stopped";
}

Database Supervisor::describe(const Row& row, bool look) {
  const Row storage = fleet_.storage_of(row);
  Database out{.kind = row.kind,
               .name = row.name,
               .id = row.id,
               .arn = arn_of(row),
               .engine = row.engine,
               .version = row.version,
               .status = status_of(row, look),
               .host = far_address(listening_of(storage)),
               .port = storage.port,
               .tls = listening_of(storage).tls,
               .master_user = row.master_user,
               .db_name = row.db_name,
               .tags = row.tags,
               .open = storage.open,
               .cluster = row.cluster,
               .writer = row.writer,
               .replica_of = row.replica_of};
  if (!is_ours(row)) {
    out.host = row.adopted.value("host", "localhost");
    out.tls.clear();
  } else if (out.tls != "off" && listening_of(storage).certificate.empty()) {
    out.authority = fleet_.home().authority();
  }
  if (row.kind == Kind::cluster)
    for (const Row& each : fleet_.rows().members(row.id)) out.members.push_back(each.id);
  else
    for (const Row& each : fleet_.rows().replicas(row.id)) out.replicas.push_back(each.id);
  return out;
}

void Supervisor::must_be_available(const Row& row) {
  const auto status = status_of(row);
  if (status != "available") throw wrong_state(fmt::format("{} is {}", row.name, status));
}

/// Told once: whoever asks later wants it set whatever it is by then.
bool Supervisor::has_taken(const std::string& id, const base::Secret& password) {
  const std::lock_guard lock(mutex_);
  const auto found = taken_.find(id);
  if (found == taken_.end() || found->second != password) return false;
  taken_.erase(found);
  return true;
}

std::optional<Pending> Supervisor::set_master_password(const Row& row, const base::Secret& password,
                                                       const Budget& budget) {
  if (!is_ours(row)) throw wrong_state("an adopted server is only read");
  const auto key = "password of " + fleet_.storage_of(row).id;
  const auto what = fmt::format("{} {}", key, std::hash<std::string>()(password.reveal()));
  if (auto pending = jobs_.await(key, what, budget)) return pending;
  if (has_taken(row.id, password)) return std::nullopt;
  must_be_available(row);
  jobs_.begin(key, what, Jobs::Weight::light, std::nullopt, [this, row, password](const Budget& long_one) {
    fleet_.server(row)->set_master_login(row.master_user, password, long_one);
    const std::lock_guard lock(mutex_);
    taken_[row.id] = password;
  });
  if (auto pending = jobs_.await(key, what, budget)) return pending;
  return has_taken(row.id, password) ? std::nullopt : std::optional(Pending{std::chrono::seconds(1), {}});
}

/// Connections of an earlier server keep a port for a minute after they have ended; and after a boot a host
/// has not all of its addresses at once.
void Supervisor::await_port(const Row& row, const Budget& budget) {
  const auto enough = budget.clock.now() + 70s;
  const auto address = listening_of(row).address;
  while (!os::port_is_free(row.port, address)) {
    const bool missing = !os::is_own_address(address);
    if ((!missing && !os::port_is_fading(row.port)) || budget.clock.now() >= enough)
      throw Error("PortTaken",
                  missing ? fmt::format("{} of {} is no address of this host", address, row.name)
                          : fmt::format("port {} of {} is taken by another program", row.port, row.name));
    budget.tell({missing ? fmt::format("waiting for the address {}", address)
                         : fmt::format("waiting for the last connections to port {} to be over", row.port)});
    if (!budget.clock.sleep_until(budget.clock.now() + 200ms, budget.stop))
      throw Error("Interrupted", "stopped while a port was not yet free");
  }
}

void Supervisor::set_open(const Row& asked, bool open, const Budget& budget) {
  const auto held = fleet_.lock(asked.id);
  Row row = fleet_.must_get(asked.id);
  const auto its = fleet_.server(row);
  const bool interrupted = row.status == "rebooting";  // we died in here before: go on
  if (row.open == open && !interrupted) return;
  const bool first = open && row.settings.value("never_opened", false);
  if (!its->process() && !interrupted && !first) {  // it will be so when it is started
    fleet_.rows().change(row.id, [&](Row& now) { now.open = open; });
    return;
  }
  fleet_.set_status(row.id, "rebooting");
  if (first) {
    if (!its->process()) its->start(budget);
    its->forget_past();
    row.settings.erase("never_opened");
  }
  its->stop(budget);
  if (open) {
    await_port(row, budget);
    its->certify(budget.clock.now());
  }
  its->configure(open, row.settings);
  its->start(budget);
  fleet_.rows().change(row.id, [&](Row& now) {
    now.open = open;
    now.settings = row.settings;
    now.status = "available";
  });
  if (first) its->gather_statistics(budget);
}

void Supervisor::start(const Row& asked, const Budget& budget) {
  const auto held = fleet_.lock(asked.id);
  const Row row = fleet_.must_get(asked.id);
  if (row.status == "creating" || row.status == "deleting")
    throw wrong_state(fmt::format("{} is not whole; delete it", row.name));
  const auto its = fleet_.server(row);
  if (its->process()) {
    // Who died in set_open() left open which settings it runs with: that is asked for again, and goes on
    // there.
    if (row.status != "rebooting") fleet_.set_status(row.id, "available");
    return;
  }
  if (row.open) {
    await_port(row, budget);
    its->certify(budget.clock.now());
  }
  fleet_.set_status(row.id, "starting");
  its->configure(row.open, row.settings);
  its->start(budget);
  fleet_.set_status(row.id, "available");
}

bool Supervisor::renew_certificate(const Row& asked, const Budget& budget) {
  const auto held = fleet_.lock(asked.id);
  const Row row = fleet_.must_get(asked.id);
  const auto its = fleet_.server(row);
  if (!row.open || row.status != "available" || !its->process() || !its->certify(budget.clock.now()))
    return false;
  its->show_certificate();
  return true;
}

void Supervisor::stop(const Row& row, const Budget& budget) {
  const auto held = fleet_.lock(row.id);
  fleet_.set_status(row.id, "stopping");
  fleet_.server(row)->stop(budget);
  fleet_.set_status(row.id, "stopped");
}

/// In an order that never restarts a server for nothing.
void Supervisor::apply(const Row& row, const Power& power, const Budget& budget) {
  auto all = fleet_.servers_of(row);
  if (power.running == false) {
    std::ranges::reverse(all);  // readers first
    for (const Row& each : all) stop(each, budget);
  }
  if (power.open)
    for (const Row& each : all) set_open(each, *power.open, budget);
  if (power.running == true)
    for (const Row& each : all) start(each, budget);
}

bool Supervisor::is_so(const Row& row, const Power& power) {
  return std::ranges::all_of(fleet_.servers_of(row), [&](const Row& each) {
    const bool between =
        (each.status == "rebooting" && power.open) || each.status == "starting" || each.status == "stopping";
    const bool runs = fleet_.server(each)->process().has_value();
    return !between && (!power.open || each.open == *power.open) &&
           (!power.running || (runs == *power.running && (each.status == "stopped") != runs));
  });
}

std::optional<Pending> Supervisor::await_change(const Row& row, const Power& power, const Budget& budget) {
  return jobs_.await(changing(fleet_.storage_of(row).id), in_words(power), budget);
}

std::optional<Pending> Supervisor::bring_to(const Row& row, const Power& power, const Budget& budget) {
  if (!is_ours(row))
    throw wrong_state(fmt::format("{} is adopted: not ours to start, stop or close", row.name));
  if (row.writer && power.running == false)
    throw wrong_state(
        fmt::format("{} is the writer of a cluster; only the whole cluster is stopped", row.name));
  const auto key = changing(fleet_.storage_of(row).id), what = in_words(power);
  if (auto pending = jobs_.await(key, what, budget)) return pending;
  if (is_so(row, power)) return std::nullopt;
  if (row.status == "creating" || row.status == "deleting") {
    const auto status = status_of(row);
    if (classify(status) == StatusClass::failed)
      throw Error("DatabaseFailed",
                  fmt::format("{} is not whole: the process that made it has died", row.name));
    auto error = wrong_state(fmt::format("{} is {}", row.name, status));
    error.retryable = true;
    throw error;
  }
  jobs_.begin(key, what, Jobs::Weight::light, std::nullopt,
              [this, row, power](const Budget& long_one) { apply(row, power, long_one); });
  if (auto pending = jobs_.await(key, what, budget)) return pending;
  return is_so(row, power) ? std::nullopt : std::optional(Pending{std::chrono::seconds(1), {}});
}

bool Supervisor::is_down(const Row& row) {
  return is_ours(row) && !row.writer && row.status != "stopped" && row.status != "creating" &&
         row.status != "deleting" && !fleet_.server(row)->process();
}

}  // namespace provider::local
