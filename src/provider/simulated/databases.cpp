#include "provider/simulated/databases.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace provider::simulated {

using base::Error;

namespace {

Error not_found(const std::string& what) {
  return {"DBInstanceNotFound", fmt::format("there is no database {}", what)};
}

Error throttled(bool after) {
  Error error(after ? "InternalFailure" : "Throttling", after ? "the answer was lost" : "rate exceeded");
  error.retryable = true;
  error.maybe_delivered = after;
  return error;
}

}  // namespace

/// A session with a simulated database: counts statements, and fails where the faults say so.
class Session : public sql::Connection {
 public:
  Session(Databases& world, std::string id) : world_(world), id_(std::move(id)) {}
  sql::Result execute(std::string_view statement, std::size_t) override {
    const auto& broken = world_.faults_.broken_statement;
    if (!broken.empty() && statement.find(broken) != std::string_view::npos)
      throw Error("SqlError", "the statement was refused");
    if (!statement.starts_with("SELECT")) {
      if (world_.on_change) world_.on_change();
      ++world_.must_have(id_, true).statements;
      if (world_.on_change) world_.on_change();
    }
    return {.rows = 1, .table = {{std::string("1")}}};
  }
  std::string quote(std::string_view text) override { return "'" + std::string(text) + "'"; }
  std::string quote_name(std::string_view name) override { return "\"" + std::string(name) + "\""; }
  std::string password_hash(const std::string&, const base::Secret&) override { return "hash"; }
  bool encrypted() const override { return true; }

 private:
  Databases& world_;
  std::string id_;
};

Databases::Databases(base::Clock& clock, Faults faults)
    : clock_(clock), faults_(std::move(faults)), random_(faults_.seed) {}

bool Databases::chance(double probability) {
  random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL;
  return static_cast<double>(random_ >> 33) / 2147483648.0 < probability;
}

void Databases::add(Database database) {
  const std::string id = database.id;
  entries_[id] = Entry{.database = std::move(database), .original = true};
}

/// Lets time pass: statuses that were to change by now have changed.
void Databases::settle() {
  const auto now = clock_.now();
  for (auto at = entries_.begin(); at != entries_.end();) {
    Entry& entry = at->second;
    const bool due = entry.settles != base::Time{} && entry.settles <= now;
    if (due && entry.next_status.empty()) {
      const std::string id = at->first;
      at = entries_.erase(at);
      for (auto& [other, each] : entries_) {
        std::erase(each.database.members, id);
        std::erase(each.database.replicas, id);
      }
      continue;
    }
    if (due) {
      entry.database.status = entry.next_status;
      entry.settles = {};
    }
    ++at;
  }
}

void Databases::change(Entry& entry, const std::string& status, const std::string& next) {
  entry.database.status = status;
  entry.next_status = next;
  random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL;
  const auto seconds =
      faults_.slowest_seconds == 0
          ? 0
          : static_cast<std::int64_t>((random_ >> 33) % static_cast<std::uint64_t>(faults_.slowest_seconds));
  entry.settles = clock_.now() + std::chrono::seconds(seconds) + std::chrono::microseconds(1);
  if (faults_.slowest_seconds == 0) entry.settles = clock_.now();
  settle();
}

Databases::Entry& Databases::must_have(const std::string& id, bool settled) {
  settle();
  const auto found = entries_.find(id);
  if (found == entries_.end()) throw not_found(id);
  if (settled && classify(found->second.database.status) == StatusClass::transient) {
    Error error("InvalidDBInstanceState",
                fmt::format("{} is {}", found->second.database.name, found->second.database.status));
    error.retryable = true;
    throw error;
  }
  return found->second;
}

Databases::Entry& Databases::running(const std::string& id) {
  Entry& entry = must_have(id, true);
  if (entry.database.status == "stopped")
    throw Error("InvalidDBInstanceState", fmt::format("{} is stopped", entry.database.name));
  return entry;
}

template <class Body>
auto Databases::verb(const std::string& name, Body body) {
  if (on_change) on_change();
  if (name == faults_.broken_verb && ++calls_[name] > faults_.broken_after)
    throw Error("InternalFailure", name + " is broken");
  if (chance(faults_.throttled)) throw throttled(false);
  struct Watch {
    Databases& world;
    ~Watch() { world.watch(); }
  } const watch{*this};
  if constexpr (std::is_void_v<decltype(body())>) {
    body();
    if (chance(faults_.lost_answer)) throw throttled(true);
    if (on_change) on_change();
  } else {
    auto result = body();
    if (chance(faults_.lost_answer)) throw throttled(true);
    if (on_change) on_change();
    return result;
  }
}

/// What must never be, looked at after every change.
void Databases::watch() {
  for (const auto& [id, entry] : entries_) {
    const Database& each = entry.database;
    if (each.name == guarded && each.open && !entry.original && must_be_masked && entry.statements == 0)
      broken_rules_.push_back(
          fmt::format("{} ({}) is open under its live name with unmasked data", each.name, id));
    for (const auto& [other_id, other] : entries_)
      if (id < other_id && other.database.kind == each.kind && other.database.name == each.name)
        broken_rules_.push_back(fmt::format("{} and {} are both called {}", id, other_id, each.name));
  }
}

std::optional<Database> Databases::find(Kind kind, const std::string& name) {
  settle();
  for (const auto& [id, entry] : entries_)
    if (entry.database.kind == kind && entry.database.name == name) return entry.database;
  return std::nullopt;
}

std::optional<Database> Databases::get(const std::string& id) {
  settle();
  const auto found = entries_.find(id);
  return found == entries_.end() ? std::nullopt : std::optional(found->second.database);
}

std::vector<Database> Databases::list() {
  settle();
  std::vector<Database> out;
  for (const auto& [id, entry] : entries_) out.push_back(entry.database);
  return out;
}

std::vector<base::Problem> Databases::check(const RestoreRequest&, const std::string&, const base::Json&) {
  return {};
}

Databases::Entry& Databases::insert(Database database, const std::string& from) {
  if (find(database.kind, database.name))
    throw Error(database.kind == Kind::cluster ? "DBClusterAlreadyExistsFault" : "DBInstanceAlreadyExists",
                fmt::format("there is a database {} already", database.name));
  const Entry& source = must_have(from, true);
  database.id = fmt::format("db-{:04}", next_id_++);
  database.arn = "arn:simulated:" + database.id;
  database.engine = source.database.engine;
  database.master_user = source.database.master_user;
  database.db_name = source.database.db_name;
  database.host = database.name + ".simulated";
  const std::string id = database.id;
  Entry& made = entries_[id] = Entry{.database = std::move(database), .password = source.password};
  change(made, "creating", "available");
  return made;
}

Restored Databases::restore(const RestoreRequest& request, const Budget&) {
  return verb("restore", [&] {
    if (request.type == RestoreType::from_snapshot && !snapshots.contains(request.snapshot))
      throw Error("DBSnapshotNotFound", fmt::format("there is no snapshot {}", request.snapshot));
    if (request.type == RestoreType::restore_point && request.time > clock_.now())
      throw Error("InvalidRestoreFault", "nobody can restore the future");
    Entry& made = insert({.kind = request.kind,
                          .name = request.name,
                          .port = request.port,
                          .tags = request.tags,
                          .open = false},
                         request.source);
    if (faults_.restore_fails) made.next_status = "incompatible-restore";
    return Restored{made.database, clock_.now(), "simulated"};
  });
}

Database Databases::create_member(const std::string& cluster, const std::string& name, const Tags& tags,
                                  const base::Json&, const Budget&) {
  return verb("create_member", [&] {
    const bool first = must_have(cluster, true).database.members.empty();
    Entry& made =
        insert({.name = name, .tags = tags, .open = false, .cluster = cluster, .writer = first}, cluster);
    must_have(cluster, false).database.members.push_back(made.database.id);
    return made.database;
  });
}

Database Databases::create_replica(const std::string& of, const std::string& name, int port, const Tags& tags,
                                   const base::Json&, const Budget&) {
  return verb("create_replica", [&] {
    const Entry& source = running(of);
    const bool cluster = source.database.kind == Kind::cluster;
    Entry& made = insert({.name = name, .port = port, .tags = tags, .cluster = cluster ? of : ""}, of);
    made.database.replica_of = of;
    (cluster ? must_have(of, false).database.members : must_have(of, false).database.replicas)
        .push_back(made.database.id);
    if (std::exchange(faults_.half_a_replica, false)) {
      made.database.status = "failed";
      made.settles = {};
      throw throttled(true);
    }
    return made.database;
  });
}

bool Databases::replica_in_sync(const std::string& id) {
  return must_have(id, false).database.status == "available";
}

void Databases::set_master_password(const std::string& id, const base::Secret& password) {
  verb("set_master_password", [&] {
    Entry& entry = running(id);
    entry.password = password;
    change(entry, "resetting-master-credentials", "available");
  });
}

void Databases::rename(const std::string& id, const std::string& name) {
  verb("rename", [&] {
    Entry& entry = must_have(id, true);
    if (entry.database.name == name) return;
    if (find(entry.database.kind, name))
      throw Error("DBInstanceAlreadyExists", fmt::format("there is a database {} already", name));
    if (entry.database.status == "stopped")
      throw Error("InvalidDBInstanceState", "a stopped database cannot be renamed");
    entry.database.name = name;
    change(entry, "renaming", "available");
  });
}

void Databases::set_open(const std::string& id, bool open, const Budget&) {
  verb("set_open", [&] {
    Entry& entry = must_have(id, false);
    entry.database.open = open;
    for (const auto& member : entry.database.members) must_have(member, false).database.open = open;
  });
}

void Databases::stop(const std::string& id, const Budget&) {
  verb("stop", [&] {
    Entry& entry = must_have(id, true);
    if (entry.database.status == "stopped") return;
    change(entry, "stopping", "stopped");
  });
}

void Databases::start(const std::string& id, const Budget&) {
  verb("start", [&] {
    Entry& entry = must_have(id, true);
    if (entry.database.status == "available") return;
    change(entry, "starting", "available");
  });
}

void Databases::remove(const std::string& id, const Budget&) {
  verb("remove", [&] {
    Entry& entry = must_have(id, true);
    if (entry.database.deletion_protection)
      throw Error("InvalidParameterCombination", "it has deletion protection");
    for (const auto& member : entry.database.members)
      if (must_have(member, false).database.status != "deleting")
        throw Error("InvalidDBClusterStateFault", "the cluster still has instances");
    change(entry, "deleting", "");
  });
}

void Databases::add_tags(const std::string& id, const Tags& tags) {
  verb("add_tags", [&] {
    Entry& entry = must_have(id, false);
    for (const auto& [key, value] : tags) entry.database.tags[key] = value;
  });
}

std::unique_ptr<sql::Connection> Databases::login(const std::string& id, const base::Secret& password) {
  const Entry& entry = must_have(id, false);
  if (entry.database.status != "available" && entry.database.status != "renaming") {
    Error error("ConnectionFailed", fmt::format("{} is {}", entry.database.name, entry.database.status));
    error.retryable = true;
    throw error;
  }
  const Entry& owner = entry.database.cluster.empty() ? entry : must_have(entry.database.cluster, false);
  if (owner.password != password)
    throw Error("AccessDenied", fmt::format("access denied to {}", entry.database.name));
  return std::make_unique<Session>(*this, id);
}

}  // namespace provider::simulated
