#include "provider/local/copies.h"

#include <fmt/format.h>

#include "base/error.h"

namespace provider::local {
namespace {

using base::Error;

Row new_row(Kind kind, const std::string& token, const std::string& name, int port, const Tags& tags) {
  if (token.empty()) throw Error("InvalidParameterValue", "a request for a database needs a token");
  return {.kind = kind,
          .id = new_id(kind),
          .name = must_be_name(name),
          .status = "creating",
          .port = port,
          .tags = tags,
          .open = false,
          .settings = base::Json::object(),
          .token = token};
}

void be_like(Row& row, const Row& origin) {
  row.engine = origin.engine;
  row.version = origin.version;
  row.master_user = origin.master_user;
  row.db_name = origin.db_name;
  row.settings["server"] = origin.settings.value("server", base::Json::object());
}

/// The budget of a job, told to stop as well when the database that it makes is being deleted, perhaps by
/// another process.
class Watch {
 public:
  Watch(Fleet& fleet, std::string id, const Budget& job)
      : fleet_(fleet), id_(std::move(id)), job_(job), chain_(job.stop, [this] { stop_.request_stop(); }) {}
  Budget budget() {
    return {job_.clock, job_.until, stop_.get_token(), [this](const base::Note& note) { hear(note); }};
  }

 private:
  void hear(const base::Note& note) {
    job_.tell(note);
    const auto now = job_.clock.now();
    if (now < looked_ + std::chrono::seconds(1)) return;
    looked_ = now;
    const auto row = fleet_.rows().find_id(id_);
    if (!row || row->status == "deleting") stop_.request_stop();
  }

  Fleet& fleet_;
  std::string id_;
  const Budget& job_;
  std::stop_source stop_;
  base::Time looked_{};
  std::stop_callback<std::function<void()>> chain_;
};

}  // namespace

void be_available(Row& row) {
  if (row.status == "deleting") throw Error("Interrupted", fmt::format("{} is being deleted", row.name));
  row.status = "available";
}

std::optional<Work<Row>> Copies::find_made(const std::string& token, const Budget& budget) {
  auto row = fleet_.rows().find_token(token);
  if (!row) return std::nullopt;
  if (auto pending = jobs_.await(making(row->id), token, budget)) return *pending;
  row = fleet_.rows().find_token(token);
  if (!row) return std::nullopt;
  if (row->status == "deleting") {
    Error error("InvalidDBInstanceState", fmt::format("{} is being deleted", row->name));
    error.retryable = true;
    throw error;
  }
  if (row->status != "creating") return *row;
  const auto free = os::FileLock::try_lock(fleet_.home().locks() / row->id, std::chrono::milliseconds(500));
  if (!free)
    return Pending{
        std::chrono::seconds(5),
        {"another process makes it", os::tree_bytes(fleet_.home().instance(row->id).string() + ".partial")}};
  removal_.discard(*row, budget);
  return std::nullopt;
}

/// The row is there, and locked, before anything is made: nobody else takes its name meanwhile.
Work<Row> Copies::make(Row row, const Row& like, const std::function<void(const Row&, const Budget&)>& work,
                       const Budget& budget) {
  be_like(row, like);
  auto held = std::optional(fleet_.lock(row.id));
  if (!fleet_.rows().add(row))
    return Pending{std::chrono::seconds(1), {}};  // somebody else has just begun with the same token
  jobs_.begin(making(row.id), row.token, Jobs::Weight::heavy, std::move(held),
              [this, row, work](const Budget& long_one) {
                try {
                  Watch watch(fleet_, row.id, long_one);
                  work(row, watch.budget());
                } catch (const std::exception&) {
                  removal_.discard(row, long_one);
                  throw;
                }
              });
  if (auto pending = jobs_.await(making(row.id), row.token, budget)) return *pending;
  return fleet_.must_get(row.id);
}

/// Whatever fails, nothing is left behind. What others changed meanwhile, such as tags, stays.
void Copies::restore_now(Row row, const Fill& fill, const Budget& budget) {
  row.settings["never_opened"] = true;
  const auto made = fleet_.server(row);
  const Copied copied = fill(row, *made, budget);
  budget.tell({"locking the logins of the source and checking the copy"});
  const auto vetted = made->vet(row.master_user, fleet_.home().strict_checks, budget);
  fleet_.rows().change(row.id, [&](Row& now) {
    now.settings = row.settings;
    now.restored = {{"dataTime", copied.data_time.time_since_epoch().count()},
                    {"method", copied.method + "; " + vetted}};
    be_available(now);
  });
}

Copies::Origin Copies::running(const Row& source) {
  return {source, [this, source](Row& row, const Server& made, const Budget& budget) {
            auto copied = copy_running(fleet_, fleet_.home().instance(row.id), source, budget);
            row.settings["server"] = copied.settings;
            made.configure(false, row.settings);
            budget.tell({"starting the copy, closed to users"});
            made.start_first(copied.superuser, budget);
            return copied;
          }};
}

Copies::Origin Copies::snapshot(const std::string& name) {
  const auto found = snapshots_.find(name);
  if (!found) throw Error("DBSnapshotNotFound", fmt::format("there is no snapshot {}", name));
  return {found->origin, [this, from = *found](Row& row, const Server& made, const Budget& budget) {
            lay_out(fleet_, row, from, budget);
            made.configure(false, row.settings);
            made.start_first(from.origin.settings.value("superuser", ""), budget);
            return Copied{from.data_time, "copy of snapshot " + from.name, {}};
          }};
}

Copies::Origin Copies::point(const Row& source, base::Time time, base::Clock& clock) {
  const Snapshot base = snapshots_.base_for(source, time, clock);
  return {base.origin, [this, source, base, time](Row& row, const Server& made, const Budget& budget) {
            lay_out(fleet_, row, base, budget);
            auto log = archive_.log_of(source, base);
            if (!is_ours(source) && archive_.fault(source, budget.clock).empty())
              log.origin = fleet_.administrator(source);
            made.start_replaying(log, time, row.settings, budget);
            return Copied{time, "copy of snapshot " + base.name + " and replay of the log", {}};
          }};
}

Copies::Origin Copies::origin_of(const RestoreRequest& request, base::Clock& clock) {
  if (request.type == RestoreType::from_snapshot) return snapshot(request.snapshot);
  const Row source = fleet_.storage_of(fleet_.must_get(request.source));
  if (request.type == RestoreType::restore_point) return point(source, request.time.value(), clock);
  return running(source);
}

Restored Copies::restored(const Row& row) {
  Restored out{supervisor_.describe(row, true)};
  if (row.restored.is_null()) return out;
  out.data_time = base::Time(std::chrono::microseconds(row.restored.at("dataTime").get<std::int64_t>()));
  out.method = row.restored.at("method");
  return out;
}

Work<Restored> Copies::restore(const RestoreRequest& request, const Budget& budget) {
  auto answer = [&](const Work<Row>& work) -> Work<Restored> {
    if (const auto* pending = std::get_if<Pending>(&work)) return *pending;
    const Row& made = std::get<Row>(work);
    if (supervisor_.is_down(made))  // since it was made
      if (auto pending = supervisor_.bring_to(made, {.running = true}, budget)) return *pending;
    return restored(made);
  };
  if (const auto made = find_made(request.token, budget)) return answer(*made);
  const auto place = fleet_.place_of(request);
  Row row = new_row(request.kind, request.token, request.name,
                    place.port != 0 ? place.port : fleet_.any_port(place.listening), request.tags);
  if (is_said(place.listening)) row.settings["listen"] = to_json(place.listening);
  const auto origin = origin_of(request, budget.clock);
  return answer(make(
      row, origin.like,
      [this, fill = origin.fill](const Row& mine, const Budget& long_one) {
        restore_now(mine, fill, long_one);
      },
      budget));
}

}  // namespace provider::local
