// Snapshots, the log that is kept beside them, and restores to a point in time made of both.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "provider/local/databases.h"

namespace provider::local {

using base::Error;

Snapshot Databases::create_snapshot(const std::string& id, const std::string& name, bool automated,
                                    const Budget& budget) {
  const Row source = storage_of(must_get(id));
  Snapshot snapshot{.id = "snap-" + os::random_text(18),
                    .name = base::lower(name),
                    .automated = automated,
                    .origin = source};
  if (find_snapshot(snapshot.name))
    throw Error("DBSnapshotAlreadyExists", fmt::format("there is a snapshot {} already", name));
  sweep_snapshots();
  const auto held = lock(snapshot.id);
  const auto folder = home_.snapshot(snapshot.id);
  const auto copied = copy_into(folder, source, budget);
  snapshot.data_time = copied.data_time;
  snapshot.position = copied.position;
  snapshot.origin.settings = {{"server", copied.settings}, {"superuser", copied.superuser}};
  try {
    catalogue_.add(snapshot);
  } catch (const std::exception&) {
    os::remove_tree(folder);
    throw;
  }
  os::remove_tree(home_.locks() / snapshot.id);
  return snapshot;
}

/// Whoever makes a snapshot holds its lock; a folder without a lock and without an entry is a dead one's.
void Databases::sweep_snapshots() {
  for (const auto& entry : os::fs::directory_iterator(home_.storage / "snapshots")) {
    const std::string id = entry.path().stem();
    const auto free = os::FileLock::try_lock(home_.locks() / id);
    if (!free) continue;
    const auto known = catalogue_.snapshots();
    if (std::ranges::find(known, id, &Snapshot::id) == known.end()) {
      Home::remove_unfinished(entry.path().parent_path() / id);
      os::remove_tree(home_.snapshot(id));
    }
    os::remove_tree(home_.locks() / id);
  }
}

std::optional<Snapshot> Databases::find_snapshot(const std::string& name) {
  const std::string wanted = base::lower(name.substr(name.rfind(':') + 1));
  for (auto& each : catalogue_.snapshots())
    if (each.name == wanted) return each;
  return std::nullopt;
}

void Databases::remove_snapshot(const std::string& name) {
  const auto found = find_snapshot(name);
  if (!found) throw Error("DBSnapshotNotFound", fmt::format("there is no snapshot {}", name));
  catalogue_.remove_snapshot(found->id);
  os::remove_tree(home_.snapshot(found->id));
}

LogSource Databases::log_of(const Row& source, const Snapshot& base) {
  LogSource log{.data = server(source)->data(),
                .archive = home_.archive(source.id),
                .base = home_.snapshot(base.id) / "data",
                .base_position = base.position,
                .superuser = base.origin.settings.value("superuser", "")};
  if (!source.adopted.is_null()) log.data = log.archive;
  return log;
}

bool Databases::keeps_log(const std::string& id) {
  const Row row = must_get(id);
  return !row.writer && row.settings.value("retention_days", 0) > 0;
}

/// The snapshots of this database from which its log is whole, oldest first.
std::vector<Snapshot> Databases::bases_of(const Row& source) {
  if (!keeps_log(source.id)) return {};
  auto all = catalogue_.snapshots();
  const auto its = server(source);
  std::erase_if(all, [&](const Snapshot& each) {
    return each.origin.id != source.id || !its->has_log(log_of(source, each));
  });
  return all;
}

std::optional<Window> Databases::window(const std::string& id) {
  const Row source = storage_of(must_get(id));
  const auto bases = bases_of(source);
  if (bases.empty()) return std::nullopt;
  // Seconds are what is asked for: the first one that is whole.
  return Window{std::chrono::ceil<std::chrono::seconds>(bases.front().data_time), log_end(source)};
}

Restored Databases::restore_point(Row row, const Row& source, base::Time time, const Budget& budget) {
  auto bases = bases_of(source);
  std::erase_if(bases, [&](const Snapshot& each) { return each.data_time > time; });
  if (bases.empty() || time > log_end(source))
    throw Error("InvalidRestoreFault", fmt::format("{} is outside of the time that {} can be restored to",
                                                   base::iso_utc(time), source.name));
  const Snapshot& base = bases.back();
  return make(
      std::move(row), base.origin,
      [&](const Row& complete, const Server& made) {
        lay_out(complete, base, budget);
        auto log = log_of(source, base);
        if (!source.adopted.is_null() && status_of(source) == "available") log.origin = administrator(source);
        made.start_replaying(log, time, complete.settings, budget);
        return Copied{time, "copy of snapshot " + base.name + " and replay of the log", {}};
      },
      budget);
}

Snapshot Databases::back_up(const std::string& id, const Budget& budget) {
  const Row source = storage_of(must_get(id));
  const auto now = budget.clock.now();
  if (source.adopted.is_null()) server(source)->rotate_log();
  const bool received = !source.adopted.is_null() && keeps_log(source.id);
  if (received) start_receiving(source, budget);
  const std::string name = fmt::format("auto-{}-{}", source.name, os::random_text(6));
  auto made = create_snapshot(id, name, true, budget);
  if (received && !await_log(source, made, budget)) {
    remove_snapshot(name);
    made = create_snapshot(id, name, true, budget);
    await_log(source, made, budget);
  }
  const auto keep_from = now - std::chrono::hours(24 * source.settings.value("retention_days", 0));
  auto bases = bases_of(source);
  // The newest that is older than the retention is what its first hours are restored from.
  while (bases.size() > 1 && bases[1].data_time <= keep_from) {
    if (bases[0].automated) remove_snapshot(bases[0].name);
    bases.erase(bases.begin());
  }
  if (!bases.empty()) server(source)->drop_log_before(log_of(source, bases.front()));
  return made;
}

}  // namespace provider::local
