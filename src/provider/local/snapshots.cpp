#include "provider/local/snapshots.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace provider::local {

using base::Error;

std::string_view to_string(Restorable::State state) {
  constexpr std::string_view words[] = {"off", "whole", "behind", "none"};
  return words[static_cast<std::size_t>(state)];
}

namespace {

/// A source of ours without a server is none until somebody starts it: no use in asking it again.
void must_serve(Fleet& fleet, const Row& source) {
  if (!is_ours(source) || fleet.server(source)->process()) return;
  throw Error("InvalidDBInstanceState", fmt::format("the server of {} does not run", source.name),
              "dbrefresh local start " + source.name);
}

}  // namespace

Copied copy_running(Fleet& fleet, const os::fs::path& folder, const Row& source, const Budget& budget,
                    const std::optional<os::Ids>& account) {
  Copied copied;
  must_serve(fleet, source);
  try {
    fleet.home().build(
        folder,
        [&](const os::fs::path& partial) {
          copied = fleet.server(source)->copy(fleet.copy_source(source), partial / "data", budget);
        },
        account);
  } catch (const Error& error) {
    if (error.retryable) must_serve(fleet, source);
    throw;
  }
  return copied;
}

void lay_out(Fleet& fleet, const Row& row, const Snapshot& snapshot, const Budget& budget) {
  const auto& home = fleet.home();
  const auto from = home.snapshot(snapshot.id);
  const auto total = os::tree_bytes(from);
  home.build(home.instance(row.id), [&](const os::fs::path& partial) {
    copy_tree(from, partial, [&](std::uintmax_t done) {
      budget.tell({"copying", std::min(done, total), total});
      if (budget.stop.stop_requested())
        throw Error("Interrupted", "stopped while a snapshot was being copied");
    });
    os::fs::permissions(partial / "data", os::fs::perms::owner_all);
  });
}

std::optional<Snapshot> Snapshots::find(const std::string& name) {
  const auto known = all();
  const std::string whole = base::lower(name), last = whole.substr(whole.rfind(':') + 1);
  for (const auto& wanted : {whole, last})
    for (const auto& each : known)
      if (each.name == wanted) return each;
  return std::nullopt;
}

Snapshot Snapshots::create(const Row& of, const std::string& name, bool automated, const Budget& budget) {
  const Row source = fleet_.storage_of(of);
  Snapshot snapshot{
      .id = "snap-" + os::random_text(18), .name = name, .automated = automated, .origin = source};
  if (find(snapshot.name))
    throw Error("DBSnapshotAlreadyExists", fmt::format("there is a snapshot {} already", name));
  sweep();
  const auto held = fleet_.lock(snapshot.id);
  const auto folder = fleet_.home().snapshot(snapshot.id);
  const auto copied = copy_running(fleet_, folder, source, budget);
  snapshot.data_time = copied.data_time;
  snapshot.position = copied.position;
  snapshot.origin.settings = {{"server", copied.settings}, {"superuser", copied.superuser}};
  try {
    fleet_.rows().add(snapshot);
  } catch (const std::exception&) {
    os::remove_tree(folder);
    throw;
  }
  os::remove_tree(fleet_.home().locks() / snapshot.id);
  return snapshot;
}

/// Whoever makes a snapshot holds its lock; a folder without a lock and without an entry is a dead one's.
void Snapshots::sweep() {
  const auto& home = fleet_.home();
  for (const auto& entry : os::fs::directory_iterator(home.storage / "snapshots")) {
    const std::string id = entry.path().stem();
    const auto free = os::FileLock::try_lock(home.locks() / id);
    if (!free) continue;
    const auto known = all();
    if (std::ranges::find(known, id, &Snapshot::id) == known.end()) {
      Home::remove_unfinished(entry.path().parent_path() / id);
      os::remove_tree(home.snapshot(id));
    }
    os::remove_tree(home.locks() / id);
  }
}

void Snapshots::remove(const Snapshot& snapshot) {
  fleet_.rows().remove_snapshot(snapshot.id);
  os::remove_tree(fleet_.home().snapshot(snapshot.id));
}

std::vector<Snapshot> Snapshots::of(const Row& source) {
  auto known = all();
  std::erase_if(known, [&](const Snapshot& each) { return each.origin.id != source.id; });
  return known;
}

/// It is there, and the log goes on from it without a gap.
bool Snapshots::is_base(const Row& source, const Snapshot& snapshot) {
  return os::fs::exists(fleet_.home().snapshot(snapshot.id)) && archive_.has_log(source, snapshot);
}

/// The snapshots of this database that a restore to a point in time can begin with, oldest first.
std::vector<Snapshot> Snapshots::bases_of(const Row& source) {
  if (!LogArchive::keeps_log(source)) return {};
  auto bases = of(source);
  std::erase_if(bases, [&](const Snapshot& each) { return !is_base(source, each); });
  return bases;
}

Restorable Snapshots::restorable(const Row& of_row, base::Clock& clock) {
  using State = Restorable::State;
  const Row source = fleet_.storage_of(of_row);
  if (!LogArchive::keeps_log(source)) return {};
  const auto fault = archive_.fault(source, clock);
  std::vector<Snapshot> bases;
  Restorable can{.reason = fault};
  for (auto& each : of(source)) {
    if (is_base(source, each))
      bases.push_back(std::move(each));
    else if (each.automated)
      can.cut_off.push_back(each.name);
  }
  if (bases.empty()) {
    can.state = State::none;
    const std::string why = of(source).empty() ? "there is no backup of it yet" : "its log has a gap";
    can.reason = fault.empty() ? why : why + "; " + fault;
    return can;
  }
  can.state = fault.empty() ? State::whole : State::behind;
  // Seconds are what is asked for: the first one that is whole.
  can.window = Window{std::chrono::ceil<std::chrono::seconds>(bases.front().data_time),
                      archive_.log_end(source, clock)};
  return can;
}

Snapshot Snapshots::base_for(const Row& source, base::Time time, base::Clock& clock) {
  auto bases = bases_of(source);
  std::erase_if(bases, [&](const Snapshot& each) { return each.data_time > time; });
  if (!bases.empty() && time <= archive_.log_end(source, clock)) return bases.back();
  const auto now = restorable(source, clock);
  throw Error("InvalidRestoreFault",
              fmt::format("{} is outside of the time that {} can be restored to{}", base::iso_utc(time),
                          source.name, now.reason.empty() ? "" : ": " + now.reason),
              fmt::format("dbrefresh local list shows what can be; dbrefresh local backup {} begins it anew",
                          source.name));
}

/// The log of an adopted server may begin after the copy, or have a gap that nothing can fill: then both are
/// begun anew.
Snapshot Snapshots::create_with_log(const Row& source, const Budget& budget) {
  constexpr int tries = 3;
  archive_.start_receiving(source, budget);
  for (int i = 0;; ++i) {
    auto made = create(source, fmt::format("auto-{}-{}", source.name, os::random_text(6)), true, budget);
    if (archive_.await_log(source, made, budget)) return made;
    if (i + 1 == tries) return made;
    archive_.begin_anew(source, budget);
    remove(made);
  }
}

Snapshot Snapshots::back_up(const Row& of_row, const Budget& budget) {
  const Row source = fleet_.storage_of(of_row);
  const auto now = budget.clock.now();
  if (is_ours(source)) fleet_.server(source)->rotate_log();
  auto made = !is_ours(source) && LogArchive::keeps_log(source)
                  ? create_with_log(source, budget)
                  : create(source, fmt::format("auto-{}-{}", source.name, os::random_text(6)), true, budget);
  const auto keep_from = now - std::chrono::hours(24 * source.settings.value("retention_days", 0));
  auto bases = bases_of(source);
  // The newest that is older than the retention is what its first hours are restored from.
  while (bases.size() > 1 && bases[1].data_time <= keep_from) {
    if (bases[0].automated) remove(bases[0]);
    bases.erase(bases.begin());
  }
  if (!bases.empty()) archive_.drop_log_before(source, bases.front());
  if (const auto can = restorable(source, budget.clock); can.state == Restorable::State::none)
    throw Error("NoRestoreWindow",
                fmt::format("snapshot {} is made, but {} cannot be restored to a point in time: {}",
                            made.name, source.name, can.reason));
  return made;
}

}  // namespace provider::local
