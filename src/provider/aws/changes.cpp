#include "provider/aws/changes.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "provider/aws/model.h"

namespace provider::aws {
namespace {

using base::Error;

void must_not_be_stopped(const Json& database) {
  if (classify(status_of(database)) == StatusClass::stopped)
    throw Error("InvalidDBInstanceState", fmt::format("{} is stopped", called(database)), "start it first");
}

}  // namespace

/// Two databases change names in two renames, each of which is seen to be over: by the new name, on our
/// resource id, with an endpoint of that name.
std::optional<Pending> rename(Account& account, const Fleet& fleet, const Json& database,
                              const std::string& name, const Budget& budget) {
  const auto wanted = base::lower(name);
  if (name_of(database) == wanted) {
    const auto host = describe(fleet, database).host;
    if (host.starts_with(wanted + ".")) return std::nullopt;
    return soon(fmt::format("the endpoint of {}, which is {}", called(database), host));
  }
  if (const Json* other = fleet.by_name(kind_of(database), wanted)) {
    if (classify(status_of(*other)) == StatusClass::transient)
      return later(fmt::format("{}, which has the name and is {}", called(*other), status_of(*other)));
    throw Error(
        kind_of(database) == Kind::cluster ? "DBClusterAlreadyExistsFault" : "DBInstanceAlreadyExists",
        fmt::format("there is {} already", called(*other)));
  }
  must_not_be_stopped(database);
  const char* member =
      kind_of(database) == Kind::cluster ? "NewDBClusterIdentifier" : "NewDBInstanceIdentifier";
  return change(account, "Modify", database, {{member, wanted}, {"ApplyImmediately", true}}, budget);
}

std::optional<Pending> set_running(Account& account, const Fleet& fleet, const Json& database, bool running,
                                   const Budget& budget) {
  if (cluster_of(fleet, database) != nullptr)
    throw Error("InvalidDBInstanceState",
                fmt::format("{} is an instance of a cluster; only the whole cluster is stopped or started",
                            called(database)));
  const bool stopped = classify(status_of(database)) == StatusClass::stopped;
  if (stopped != running) return std::nullopt;
  return change(account, running ? "Start" : "Stop", database, Json::object(), budget);
}

std::optional<Pending> Changes::next(const Fleet& fleet, const Json& database, const Desired& desired,
                                     const Budget& budget) {
  if (auto pending = wait_until_settled(account_, database, budget)) return pending;
  if (desired.running)
    if (auto pending = set_running(account_, fleet, database, *desired.running, budget)) return pending;
  if (desired.master_password) {
    must_not_be_stopped(database);
    if (auto pending =
            set_password(account_, fleet, database, *desired.master_password, desired.password_token, budget))
      return pending;
  }
  if (desired.name)
    if (auto pending = rename(account_, fleet, database, *desired.name, budget)) return pending;
  if (desired.open)
    if (auto pending = set_open(account_, fleet, database, *desired.open, budget)) return pending;
  return std::nullopt;
}

Work<Database> Changes::make_so(const std::string& id, const Desired& desired, const Budget& budget) {
  {
    const auto fleet = account_.reader.now(budget, id);
    must_be_ours("a change", must_get(*fleet, id));
  }
  if (auto pending = add_tags(account_, id, desired.tags, budget)) return *pending;
  const auto fleet = account_.reader.now(budget, id);
  const Json& database = must_get(*fleet, id);
  const bool tags_alone = !desired.running && !desired.master_password && !desired.name && !desired.open;
  if (!tags_alone)
    if (auto pending = next(*fleet, database, desired, budget)) return *pending;
  return describe(*fleet, database);
}

}  // namespace provider::aws
