#include "provider/aws/removals.h"

#include <fmt/format.h>

#include "aws/refusal.h"
#include "base/error.h"
#include "provider/aws/model.h"
#include "provider/aws/snapshot_copy.h"

namespace provider::aws {
namespace {

void must_be_without_members(const Fleet& fleet, const Json& cluster) {
  for (const Json* each : members_of(fleet, cluster))
    if (status_of(*each) != "deleting")
      throw base::Error("InvalidDBClusterStateFault",
                        fmt::format("{} still has {}", called(cluster), called(*each)));
}

/// What another process has deleted is unseen here. Where rights go by tags, its deletion is refused then,
/// and not said to be of nothing.
Pending delete_or_see(Account& account, const Json& database, Json input, const Budget& budget) {
  try {
    return change(account, "Delete", database, std::move(input), budget);
  } catch (const base::Error& error) {
    if (status_of(database) != "unseen" || ::aws::class_of(error.code, 0, "") != ::aws::Class::permission)
      throw;
    return later(called(database) + " to be gone");
  }
}

}  // namespace

Work<Done> Removals::remove(const std::string& id, const Budget& budget) {
  const auto fleet = account_.reader.now(budget, id);
  const Json* found = fleet->by_id(id);
  if (found == nullptr) return Done{};
  const Json& database = *found;
  if (status_of(database) == "deleting") return later(called(database) + " to be gone");
  must_be_ours("deletion", database);
  if (kind_of(database) == Kind::cluster) must_be_without_members(*fleet, database);
  const Json& whole = whole_of(*fleet, database);
  if (kind_of(whole) == Kind::cluster && classify(status_of(whole)) == StatusClass::stopped)
    return change(account_, "Start", whole, Json::object(), budget);  // a stopped one cannot be deleted
  forget_copy(account_, database, budget);
  Json input = {{"SkipFinalSnapshot", true}};
  if (&whole == &database) input["DeleteAutomatedBackups"] = true;
  auto pending = delete_or_see(account_, database, std::move(input), budget);
  account_.reader.deleted(id);
  account_.reader.changed(id_of(whole));  // its cluster is looked at anew as well
  return pending;
}

}  // namespace provider::aws
