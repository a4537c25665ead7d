// Who is let in: a database in its quarantine group, or in its own groups.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "provider/aws/changes.h"
#include "provider/aws/model.h"

namespace provider::aws {
namespace {

using base::Error;

std::vector<std::string> missing(const std::vector<std::string>& wanted, const Json& shown) {
  std::vector<std::string> out;
  for (const auto& each : wanted)
    if (std::ranges::none_of(shown, [&](const Json& other) { return other == each; })) out.push_back(each);
  return out;
}

bool same(std::vector<std::string> some, std::vector<std::string> others) {
  std::ranges::sort(some);
  std::ranges::sort(others);
  return some == others;
}

/// A cluster's instances are publicly accessible or not, each by itself.
std::vector<const Json*> addresses_of(const Fleet& fleet, const Json& database) {
  if (kind_of(database) == Kind::instance) return {&database};
  return members_of(fleet, database);
}

/// In the label and in the world: what is closed remembers that it was publicly accessible.
std::optional<Pending> set_public(Account& account, const Fleet& fleet, const Json& database, bool open,
                                  const Budget& budget) {
  for (const Json* each : addresses_of(fleet, database)) {
    const bool now = flag(*each, "PubliclyAccessible");
    const bool was = label(*each, labels::publicly) == "true";
    if (!open && now && !was)
      if (auto pending = add_tags(account, id_of(*each), {{labels::publicly, "true"}}, budget))
        return pending;
    if (open ? was && !now : now)
      return change(account, "Modify", *each, {{"PubliclyAccessible", open}, {"ApplyImmediately", true}},
                    budget);
  }
  return std::nullopt;
}

std::optional<Pending> let_in(Account& account, const Json& database, const Budget& budget) {
  const auto opening = opening_of(database);
  if (!opening)
    throw Error("ShapeUnknown",
                fmt::format("{} lost the tags that say which security groups it has when it is open",
                            called(database)),
                "set its security groups by hand");
  Json input = Json::object();
  if (!same(groups_of(database), opening->groups)) input["VpcSecurityGroupIds"] = opening->groups;
  const auto logs = missing(opening->logs, part(database, "EnabledCloudwatchLogsExports"));
  if (!logs.empty()) input["CloudwatchLogsExportConfiguration"] = {{"EnableLogTypes", logs}};
  if (flag(database, "DeletionProtection") != opening->protection)
    input["DeletionProtection"] = opening->protection;
  if (number(database, "BackupRetentionPeriod") != opening->retention)
    input["BackupRetentionPeriod"] = opening->retention;
  const std::pair<const char*, const std::string&> windows[] = {
      {"PreferredBackupWindow", opening->backups}, {"PreferredMaintenanceWindow", opening->maintenance}};
  for (const auto& [member, window] : windows)
    if (!window.empty() && text(database, member) != window) input[member] = window;
  if (input.empty()) return std::nullopt;
  input["ApplyImmediately"] = true;
  return change(account, "Modify", database, std::move(input), budget);
}

/// Logs that it exports already stay: they hold what users saw.
std::optional<Pending> shut_out(Account& account, const Json& database, const std::string& group,
                                const Budget& budget) {
  Opening opening{.groups = groups_of(database),
                  .protection = flag(database, "DeletionProtection"),
                  .retention = number(database, "BackupRetentionPeriod")};
  for (const Json& each : part(database, "EnabledCloudwatchLogsExports")) opening.logs.push_back(each);
  std::erase(opening.groups, group);
  Tags tags = opening_labels(opening);
  tags[labels::quarantine] = group;
  if (!opening.groups.empty())
    if (auto pending = add_tags(account, id_of(database), tags, budget)) return pending;
  Json input = {{"VpcSecurityGroupIds", {group}}, {"ApplyImmediately", true}};
  if (opening.protection) input["DeletionProtection"] = false;
  return change(account, "Modify", database, std::move(input), budget);
}

}  // namespace

std::optional<Pending> set_open(Account& account, const Fleet& fleet, const Json& database, bool open,
                                const Budget& budget) {
  if (cluster_of(fleet, database) != nullptr)
    throw Error("InvalidDBInstanceState",
                fmt::format("{} is an instance of a cluster, and open when that is", called(database)));
  if (open && label(database, labels::quarantine).empty()) return std::nullopt;  // never was closed by us
  if (open) {
    if (auto pending = let_in(account, database, budget)) return pending;
    return set_public(account, fleet, database, true, budget);
  }
  if (is_closed(fleet, database) && !flag(database, "DeletionProtection")) return std::nullopt;
  if (classify(status_of(database)) == StatusClass::stopped)
    throw Error("InvalidDBInstanceState", fmt::format("{} is stopped", called(database)), "start it first");
  const auto vpc = account.quarantine.vpc_of(subnet_group_of(database), budget);
  const auto group = account.quarantine.must_have(vpc, describe(fleet, database).port, budget);
  if (groups_of(database) != std::vector{group} || flag(database, "DeletionProtection"))
    return shut_out(account, database, group, budget);
  return set_public(account, fleet, database, false, budget);
}

}  // namespace provider::aws
