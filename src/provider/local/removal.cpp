#include "provider/local/removal.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace provider::local {

using base::Error;

void Removal::discard(const Row& row, const Budget& budget) {
  const auto& home = fleet_.home();
  if (!is_ours(row)) archive_.stop_receiving(row);
  const auto primary = row.replica_of.empty() ? std::nullopt : fleet_.rows().find_id(row.replica_of);
  if (primary && fleet_.server(*primary)->process())
    fleet_.server(row)->end_replication(*fleet_.server(*primary));
  if (!row.writer) {
    const Budget whatever_was_asked{
        budget.clock, budget.clock.now() + std::chrono::minutes(1), {}, budget.tell};
    fleet_.server(row)->kill(whatever_was_asked);
    fleet_.server(row)->remove_remains(whatever_was_asked);
    Home::remove_unfinished(home.instance(row.id));
    os::remove_tree(home.instance(row.id));
    for (const auto& each : snapshots_.all())
      if (each.automated && each.origin.id == row.id) snapshots_.remove(each);
    os::remove_tree(home.archive(row.id));
  }
  fleet_.rows().remove(row.id);
  fleet_.secrets().remove(adopted_secret(row.id));
  os::remove_tree(home.locks() / row.id);
  os::remove_tree(home.locks() / ("receiver-" + row.id));
  home.accounts().sweep();
}

/// Of a cluster's writer only its entry goes, and the server stops; the data goes with the cluster.
void Removal::remove_now(const std::string& id, const Budget& budget) {
  while (const auto still = jobs_.cancel(making(id), budget)) {
  }
  const auto row = fleet_.rows().find_id(id);
  if (!row) return;  // whoever made it has thrown it away
  if (!is_ours(*row)) return discard(*row, budget);
  const Row storage = fleet_.storage_of(*row);
  const auto held = fleet_.lock(storage.id, std::chrono::seconds(5));
  if (!fleet_.rows().find_id(id)) return;  // whoever was told the same was first
  if (row->writer)
    fleet_.server(*row)->stop(budget);
  else
    fleet_.set_status(id, "deleting");
  discard(*row, budget);
}

Work<Done> Removal::remove(const std::string& id, const Budget& budget) {
  const auto key = "remove " + id;
  if (auto pending = jobs_.await(key, key, budget)) return *pending;
  const auto row = fleet_.rows().find_id(id);
  if (!row) return Done{};
  const auto members = row->kind == Kind::cluster ? fleet_.rows().members(id) : std::vector<Row>();
  for (const Row& member : members)
    if (!jobs_.has("remove " + member.id) && member.status != "deleting")
      throw Error("InvalidDBClusterStateFault", fmt::format("cluster {} still has instances", row->name));
  if (!members.empty()) return Pending{std::chrono::seconds(1), {}};
  jobs_.begin(key, key, Jobs::Weight::light, std::nullopt,
              [this, id](const Budget& long_one) { remove_now(id, long_one); });
  if (auto pending = jobs_.await(key, key, budget)) return *pending;
  return Done{};
}

}  // namespace provider::local
