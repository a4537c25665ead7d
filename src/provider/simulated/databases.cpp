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

Error throttled() {
  Error error("Throttling", "rate exceeded");
  error.retryable = true;
  return error;
}

Error lost() {
  Error error("InternalFailure", "the answer was lost");
  error.maybe_delivered = true;
  return error;
}

bool fits(const Database& database, const Selector& wanted) {
  return (!wanted.kind || database.kind == *wanted.kind) &&
         (wanted.name.empty() || database.name == wanted.name) &&
         (wanted.id.empty() || database.id == wanted.id) &&
         std::ranges::all_of(wanted.tags, [&](const auto& tag) {
           const auto found = database.tags.find(tag.first);
           return found != database.tags.end() && found->second == tag.second;
         });
}

}  // namespace

/// A session with a simulated database: counts statements, and fails where the faults say so.
class Session : public sql::Connection {
 public:
  Session(Databases& world, std::string id, std::string schema)
      : world_(world), id_(std::move(id)), schema_(std::move(schema)) {}
  ~Session() override {
    const auto found = world_.entries_.find(id_);
    if (found == world_.entries_.end()) return;
    for (const auto& lock : locks_) found->second.locks.erase(lock);
  }
  sql::Result execute(std::string_view statement, std::size_t) override {
    const auto& broken = world_.faults_.broken_statement;
    if (!broken.empty() && statement.find(broken) != std::string_view::npos)
      throw Error("SqlError", "the statement was refused");
    const auto& dying = world_.faults_.dying_statement;
    if (!dying.empty() && statement.find(dying) != std::string_view::npos) {
      Error error("ConnectionLost", "the server has gone away");
      error.maybe_delivered = true;
      throw error;
    }
    if (!statement.starts_with("SELECT")) {
      if (world_.on_change) world_.on_change();
      world_.count(world_.must_have(id_), schema_, statement);
      world_.clock_->sleep_until(world_.clock_->now() + world_.faults_.statement_takes, {});
      if (world_.on_change) world_.on_change();
    }
    return {.rows = 1, .table = {{std::string("1")}}};
  }
  std::string quote(std::string_view text) override { return "'" + std::string(text) + "'"; }
  std::string quote_name(std::string_view name) override { return "\"" + std::string(name) + "\""; }
  std::string password_hash(const std::string&, const base::Secret&) override { return "hash"; }
  bool encrypted() const override { return true; }
  bool in_transaction() const override { return false; }
  bool try_lock(std::string_view name, std::chrono::seconds) override {
    if (!world_.must_have(id_).locks.emplace(name).second) return false;
    locks_.emplace_back(name);
    return true;
  }

 private:
  Databases& world_;
  std::string id_, schema_;
  std::vector<std::string> locks_;
};

Databases::Databases(base::Clock& clock, Faults faults)
    : clock_(&clock), faults_(std::move(faults)), random_(faults_.seed) {}

Databases::Databases(const Databases& other, base::Clock& clock) : Databases(other) {
  on_change = nullptr;
  clock_ = &clock;
  for (auto& [id, entry] : entries_) entry.locks.clear();
}

std::uint64_t Databases::random() {
  random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL;
  return random_ >> 33;
}

bool Databases::chance(double probability) {
  return static_cast<double>(random()) / 2147483648.0 < probability;
}

void Databases::add(Database database, const std::set<std::string>& schemas) {
  const std::string id = database.id;
  Entry entry{.database = std::move(database), .schemas = schemas, .original = true};
  if (!entry.database.db_name.empty()) entry.schemas.insert(entry.database.db_name);
  entries_[id] = std::move(entry);
}

void Databases::lose(const std::string& id) {
  Entry& entry = entries_.at(id);
  entry.settles = clock_->now();
  entry.next_status.clear();
}

/// Lets time pass: what was to change by now has changed.
void Databases::settle() {
  const auto now = clock_->now();
  std::vector<std::pair<std::string, std::function<void(Entry&)>>> late;
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
      entry.settles = {};
      entry.database.status = entry.next_status;
      if (auto act = std::exchange(entry.late, nullptr)) late.emplace_back(at->first, std::move(act));
    }
    ++at;
  }
  for (const auto& [id, act] : late) {
    try {
      if (const auto found = entries_.find(id); found != entries_.end()) act(found->second);
    } catch (const Error&) {  // accepted, and came to nothing: whoever wants it will ask again
    }
  }
}

void Databases::change(Entry& entry, const std::string& status, const std::string& next) {
  entry.database.status = status;
  entry.next_status = next;
  const auto most = static_cast<std::uint64_t>(faults_.slowest_seconds);
  const auto seconds = random() % std::max<std::uint64_t>(most, 1);
  entry.settles =
      clock_->now() + std::chrono::seconds(seconds) + std::chrono::microseconds(most == 0 ? 0 : 1);
  settle();
}

Pending Databases::pending(const std::string& what) const {
  return {std::chrono::seconds(10), {what}};
}

Databases::Entry& Databases::must_have(const std::string& id) {
  settle();
  const auto found = entries_.find(id);
  if (found == entries_.end()) throw not_found(id);
  return found->second;
}

Databases::Entry* Databases::settled(const std::string& id) {
  Entry& entry = must_have(id);
  const auto status = classify(entry.database.status);
  if (status == StatusClass::failed)
    throw Error("DatabaseFailed", fmt::format("{} is {}", entry.database.name, entry.database.status));
  return status == StatusClass::transient ? nullptr : &entry;
}

Databases::Entry* Databases::made_by(const std::string& token) {
  settle();
  for (auto& [id, entry] : entries_)
    if (!token.empty() && entry.token == token) return &entry;
  return nullptr;
}

/// A cluster's instances log in as the cluster does.
Databases::Entry& Databases::credentials(Entry& entry) {
  return entry.database.cluster.empty() ? entry : must_have(entry.database.cluster);
}

template <class Body>
auto Databases::verb(const std::string& name, Body body) {
  if (on_change) on_change();
  if (name == faults_.throttled_once) {
    faults_.throttled_once.clear();
    throw throttled();
  }
  if (name == faults_.broken_verb)
    if (const int call = ++calls_[name] - faults_.broken_after; call > 0 && call <= faults_.broken_calls)
      throw Error(faults_.broken_as, name + " is broken");
  if (chance(faults_.throttled)) throw throttled();
  struct Watch {
    Databases& world;
    ~Watch() { world.watch(); }
  } const watch{*this};
  auto result = body();
  if (chance(faults_.lost_answer)) throw lost();
  if (on_change) on_change();
  return result;
}

/// What must never be, looked at after every change.
void Databases::watch() {
  for (const auto& [id, entry] : entries_) {
    const Database& each = entry.database;
    if (each.name == guarded && each.open && !entry.original && must_be_masked && entry.statements.empty())
      broken_rules_.push_back(
          fmt::format("{} ({}) is open under its live name with unmasked data", each.name, id));
    for (const auto& [other_id, other] : entries_)
      if (id < other_id && other.database.kind == each.kind && other.database.name == each.name)
        broken_rules_.push_back(fmt::format("{} and {} are both called {}", id, other_id, each.name));
  }
}

void Databases::count(Entry& entry, const std::string& schema, std::string_view statement) {
  const auto text = fmt::format("{}: {}", schema, statement);
  entry.statements.insert(text);
  if (entry.statements.count(text) > 1)
    broken_rules_.push_back(fmt::format("a statement ran twice on {}: {}", entry.database.id, text));
}

std::vector<Database> Databases::find(const Selector& selector) {
  ++lookups;
  settle();
  std::vector<Database> out;
  for (const auto& [id, entry] : entries_)
    if (entry.shows <= clock_->now() && fits(entry.database, selector)) out.push_back(entry.database);
  return out;
}

std::vector<Objection> Databases::check(const Intent& intent) {
  std::vector<Objection> out;
  if (intent.restore.type == RestoreType::from_snapshot && !snapshots.contains(intent.restore.snapshot))
    out.push_back({.about = Objection::About::snapshot,
                   .message = fmt::format("'{}': there is no such snapshot", intent.restore.snapshot)});
  if (intent.restore.shape.multi_az)
    out.push_back({.about = Objection::About::shape,
                   .field = "multi_az",
                   .message = "means nothing in memory",
                   .weight = Objection::Weight::warning});
  return out;
}

Databases::Entry& Databases::insert(Database database, const std::string& token, const Entry& from) {
  const auto kind = database.kind;
  if (!find(Selector{.kind = kind, .name = database.name}).empty())
    throw Error(kind == Kind::cluster ? "DBClusterAlreadyExistsFault" : "DBInstanceAlreadyExists",
                fmt::format("there is a database {} already", database.name));
  database.id = fmt::format("db-{:04}", next_id_++);
  database.arn = "arn:simulated:" + database.id;
  database.host = database.name + ".simulated";
  database.engine = from.database.engine;
  database.master_user = from.database.master_user;
  database.db_name = from.database.db_name;
  const std::string id = database.id;
  Entry& entry = entries_[id];
  entry = {
      .database = std::move(database), .token = token, .password = from.password, .schemas = from.schemas};
  change(entry, "creating", "available");
  return entry;
}

Work<Restored> Databases::restore(const RestoreRequest& request, const Budget&) {
  const auto answer = [&](const Entry& made) -> Work<Restored> {
    if (settled(made.database.id) == nullptr || clock_->now() < made.shows) return pending("restoring");
    Restored restored = made.restored;
    restored.database = made.database;
    return restored;
  };
  if (const Entry* made = made_by(request.token)) return answer(*made);
  return verb("restore", [&]() -> Work<Restored> {
    const Entry source = must_have(request.source);
    if (request.type == RestoreType::from_snapshot && !snapshots.contains(request.snapshot))
      throw Error("DBSnapshotNotFound", fmt::format("there is no snapshot {}", request.snapshot));
    if (request.time && *request.time > clock_->now())
      throw Error("InvalidRestoreFault", "that time is not over yet");
    Entry& made = insert({.kind = request.kind,
                          .name = request.name,
                          .port = request.shape.port,
                          .tags = request.tags,
                          .open = false},
                         request.token, source);
    made.restored = {.data_time = request.time.value_or(clock_->now()), .method = "simulated"};
    if (made.settles != base::Time{}) made.settles += faults_.restore_takes;
    if (faults_.unseen.count() > 0) made.shows = clock_->now() + faults_.unseen;
    if (faults_.restore_fails) made.next_status = "incompatible-restore";
    return answer(made);
  });
}

Work<Database> Databases::create(const CreateRequest& request, const Budget&) {
  Entry* made = made_by(request.token);
  if (made != nullptr && made->half_made) {
    made->half_made = false;
    change(*made, "creating", "available");
  }
  const auto answer = [&](const Entry& entry) -> Work<Database> {
    if (settled(entry.database.id) == nullptr) return pending("creating");
    return entry.database;
  };
  if (made != nullptr) return answer(*made);
  return verb("create", [&]() -> Work<Database> {
    const Entry* from = settled(request.of);
    if (from == nullptr) return pending("waiting for its source");
    if (from->database.status == "stopped")
      throw Error("InvalidDBInstanceState", fmt::format("{} is stopped", from->database.name));
    const bool cluster = from->database.kind == Kind::cluster, first = from->database.members.empty();
    const Entry source = *from;
    Database database{.name = request.name, .port = request.shape.port, .tags = request.tags, .open = false};
    if (cluster) {
      database.cluster = request.of;
      database.writer = first;
      database.open = source.database.open;
    }
    if (!cluster || !first) database.replica_of = request.of;
    if (!cluster) database.open = true;
    Entry& fresh = insert(std::move(database), request.token, source);
    auto& parts = must_have(request.of).database;
    (cluster ? parts.members : parts.replicas).push_back(fresh.database.id);
    if ((!cluster || !first) && std::exchange(faults_.half_a_replica, false)) {
      fresh.half_made = true;
      fresh.settles = {};
      throw lost();
    }
    return answer(fresh);
  });
}

bool Databases::replica_in_sync(const std::string& id) {
  return must_have(id).database.status == "available";
}

void Databases::set_name(Entry& entry, const std::string& name) {
  if (entry.database.status == "stopped")
    throw Error("InvalidDBInstanceState", "a stopped database cannot be renamed");
  for (const auto& each : find(Selector{.kind = entry.database.kind, .name = name}))
    throw Error("DBInstanceAlreadyExists", fmt::format("there is a database {} already", each.name));
  entry.database.name = name;
  entry.database.host = name + ".simulated";
  const bool breaks = !entry.original && name == faults_.breaks_as;
  change(entry, "renaming", breaks ? "storage-full" : "available");
}

void Databases::set_open(Entry& entry, bool open) {
  entry.database.open = open;
  for (const auto& member : entry.database.members) must_have(member).database.open = open;
}

void Databases::set_running(Entry& entry, bool running) {
  if (running)
    change(entry, "starting", "available");
  else
    change(entry, "stopping", "stopped");
}

/// One thing after the other, each a verb of its own; the answer comes once all is so.
Work<Database> Databases::make_so(const std::string& id, const Desired& desired, const Budget&) {
  must_have(id);
  const auto step = [&](const std::string& name, bool so, const std::function<void(Entry&)>& act) {
    if (so) return;
    verb(name, [&] {
      if (faults_.late == 0 || name == "tags" || !chance(faults_.late)) {
        act(must_have(id));
        return Done{};
      }
      Entry& entry = must_have(id);
      const auto status = entry.database.status;
      change(entry, status, status);
      if (entry.settles == base::Time{})
        act(entry);
      else
        entry.late = act;
      return Done{};
    });
  };
  const auto moving = [&] { return settled(id) == nullptr || must_have(id).late != nullptr; };
  const auto now = [&]() -> Entry& { return must_have(id); };
  bool tagged = true;
  for (const auto& [key, value] : desired.tags) tagged = tagged && tag_of(now().database, key) == value;
  step("tags", tagged, [&](Entry& entry) {
    for (const auto& [key, value] : desired.tags) entry.database.tags[key] = value;
  });
  if (desired.running) {
    if (moving()) return pending(now().database.status);
    step("running", (now().database.status != "stopped") == *desired.running,
         [running = *desired.running, this](Entry& entry) { set_running(entry, running); });
  }
  if (desired.master_password) {
    if (moving()) return pending(now().database.status);
    if (now().database.status == "stopped")
      throw Error("InvalidDBInstanceState", fmt::format("{} is stopped", now().database.name));
    step("password", now().password == *desired.master_password,
         [password = *desired.master_password, this](Entry& entry) {
           entry.password = password;
           change(entry, "resetting-master-credentials", "available");
         });
  }
  if (desired.name) {
    if (moving()) return pending(now().database.status);
    step("name", now().database.name == *desired.name,
         [name = *desired.name, this](Entry& entry) { set_name(entry, name); });
  }
  if (desired.open) {
    if (moving()) return pending(now().database.status);
    step("open", now().database.open == *desired.open,
         [open = *desired.open, this](Entry& entry) { set_open(entry, open); });
  }
  if (moving()) return pending(now().database.status);
  return now().database;
}

Work<Done> Databases::remove(const std::string& id, const Budget&) {
  settle();
  if (!entries_.contains(id)) return Done{};
  if (must_have(id).database.status == "deleting") return pending("deleting");
  return verb("remove", [&]() -> Work<Done> {
    Entry& entry = must_have(id);
    if (entry.database.deletion_protection)
      throw Error("InvalidParameterCombination", "it has deletion protection");
    const auto status = entry.database.status;
    if (classify(status) == StatusClass::transient && status != "creating") return pending(status);
    for (const auto& member : entry.database.members)
      if (must_have(member).database.status != "deleting")
        throw Error("InvalidDBClusterStateFault", "the cluster still has instances");
    entry.late = nullptr;
    change(entry, "deleting", "");
    if (!entries_.contains(id)) return Done{};
    return pending("deleting");
  });
}

std::optional<std::vector<std::string>> Databases::schemas(const std::string& id,
                                                           const std::optional<base::Secret>& password) {
  if (schemas_hidden && !password) return std::nullopt;
  const auto& all = must_have(id).schemas;
  return std::vector<std::string>(all.begin(), all.end());
}

Work<Done> Databases::drop_schema(const std::string& id, const std::string& name,
                                  const base::Secret& password, const Budget&) {
  login(id, password, "");
  if (!must_have(id).schemas.contains(name)) return Done{};
  return verb("drop_schema", [&]() -> Work<Done> {
    must_have(id).schemas.erase(name);
    return Done{};
  });
}

std::unique_ptr<sql::Connection> Databases::login(const std::string& id, const base::Secret& password,
                                                  const std::string& schema) {
  Entry& entry = must_have(id);
  if (entry.database.status != "available" && entry.database.status != "renaming") {
    Error error("ConnectionFailed", fmt::format("{} is {}", entry.database.name, entry.database.status));
    error.retryable = true;
    throw error;
  }
  if (credentials(entry).password != password)
    throw Error("AccessDenied", fmt::format("access denied to {}", entry.database.name));
  if (!schema.empty() && !entry.schemas.contains(schema))
    throw Error("SqlError", fmt::format("there is no database '{}' in {}", schema, entry.database.name));
  return std::make_unique<Session>(*this, id, schema);
}

std::unique_ptr<sql::Connection> Databases::script_session(const std::string& id,
                                                           const base::Secret& password,
                                                           const std::string& schema) {
  return login(id, password, schema);
}

}  // namespace provider::simulated
