#include "provider/aws/model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace provider::aws {
namespace {

std::string name_after(const std::string& arn_or_name) {
  return base::lower(arn_or_name.substr(arn_or_name.rfind(':') + 1));
}

/// Ids of instances that are named by name, or by ARN where they are in another Region.
std::string id_named(const Fleet& fleet, const std::string& name) {
  if (name.starts_with("arn:")) return name;
  const Json* found = fleet.by_name(Kind::instance, name);
  return found == nullptr ? std::string() : id_of(*found);
}

bool is_writer(const Fleet& fleet, const Json& cluster, const Json& instance) {
  for (const Json& each : part(cluster, "DBClusterMembers"))
    if (base::lower(text(each, "DBInstanceIdentifier")) == name_of(instance))
      return flag(each, "IsClusterWriter");
  return members_of(fleet, cluster).size() == 1;
}

void describe_instance(const Fleet& fleet, const Json& instance, Database& out) {
  const Json& endpoint = part(instance, "Endpoint");
  out.host = text(endpoint, "Address");
  out.port = static_cast<int>(number(endpoint, "Port"));
  out.db_name = text(instance, "DBName");
  if (const Json* cluster = cluster_of(fleet, instance)) {
    out.cluster = id_of(*cluster);
    out.writer = is_writer(fleet, *cluster, instance);
    if (!out.writer) out.replica_of = out.cluster;
    return;
  }
  const auto source = text(instance, "ReadReplicaSourceDBInstanceIdentifier");
  if (!source.empty()) out.replica_of = id_named(fleet, source);
  for (const Json& each : part(instance, "ReadReplicaDBInstanceIdentifiers"))
    if (const auto id = id_named(fleet, each.get<std::string>()); !id.empty()) out.replicas.push_back(id);
}

void describe_cluster(const Fleet& fleet, const Json& cluster, Database& out) {
  out.host = text(cluster, "Endpoint");
  out.port = static_cast<int>(number(cluster, "Port"));
  out.db_name = text(cluster, "DatabaseName");
  for (const Json* each : members_of(fleet, cluster)) out.members.push_back(id_of(*each));
}

std::string waits_for_groups(const Json& database) {
  for (const Json& group : part(database, "VpcSecurityGroups"))
    if (text(group, "Status") != "active") return "its security groups";
  for (const Json& group : part(database, "DBParameterGroups"))
    if (text(group, "ParameterApplyStatus") == "applying") return "its parameter group";
  for (const Json& group : part(database, "OptionGroupMemberships"))
    if (text(group, "Status").starts_with("pending-") &&
        text(group, "Status") != "pending-maintenance-apply" &&
        text(group, "Status") != "pending-maintenance-removal")
      return "its option group";
  return {};
}

}  // namespace

Kind kind_of(const Json& database) {
  return database.contains("DBInstanceIdentifier") ? Kind::instance : Kind::cluster;
}

std::string id_of(const Json& database) {
  return text(database, kind_of(database) == Kind::instance ? "DbiResourceId" : "DbClusterResourceId");
}

std::string name_of(const Json& database) {
  return name_after(
      text(database, kind_of(database) == Kind::instance ? "DBInstanceIdentifier" : "DBClusterIdentifier"));
}

std::string arn_of(const Json& database) {
  return text(database, kind_of(database) == Kind::instance ? "DBInstanceArn" : "DBClusterArn");
}

std::string arn_of_snapshot(const Json& snapshot) {
  const auto arn = text(snapshot, "DBSnapshotArn");
  return arn.empty() ? text(snapshot, "DBClusterSnapshotArn") : arn;
}

std::string status_of(const Json& database) {
  return text(database, kind_of(database) == Kind::instance ? "DBInstanceStatus" : "Status");
}

bool is_foreign(const std::string& arn, const std::string& ours) {
  constexpr std::size_t account = 4;  // arn:partition:rds:region:account:…
  std::string_view rest = arn;
  for (std::size_t i = 0; i < account; ++i) {
    const auto colon = rest.find(':');
    if (colon == std::string_view::npos) return false;
    rest.remove_prefix(colon + 1);
  }
  return !ours.empty() && rest.substr(0, rest.find(':')) != ours;
}

std::string called(const Json& database) {
  return fmt::format("{} {}", to_string(kind_of(database)), name_of(database));
}

const Json* cluster_of(const Fleet& fleet, const Json& instance) {
  if (kind_of(instance) == Kind::cluster) return nullptr;
  const auto name = text(instance, "DBClusterIdentifier");
  return name.empty() ? nullptr : fleet.by_name(Kind::cluster, name_after(name));
}

std::vector<const Json*> members_of(const Fleet& fleet, const Json& cluster) {
  std::vector<const Json*> all;
  for (const Json& each : fleet.instances)
    if (base::lower(text(each, "DBClusterIdentifier")) == name_of(cluster)) all.push_back(&each);
  return all;
}

std::vector<std::string> groups_of(const Json& database) {
  std::vector<std::string> ids;
  for (const Json& group : part(database, "VpcSecurityGroups"))
    ids.push_back(text(group, "VpcSecurityGroupId"));
  return ids;
}

std::string subnet_group_of(const Json& database) {
  return kind_of(database) == Kind::cluster ? text(database, "DBSubnetGroup")
                                            : text(part(database, "DBSubnetGroup"), "DBSubnetGroupName");
}

const Json& whole_of(const Fleet& fleet, const Json& database) {
  const Json* cluster = cluster_of(fleet, database);
  return cluster == nullptr ? database : *cluster;
}

bool is_closed(const Fleet& fleet, const Json& database) {
  const auto group = label(whole_of(fleet, database), labels::quarantine);
  if (group.empty() || flag(database, "PubliclyAccessible")) return false;
  const std::vector<std::string> only = {group};
  if (kind_of(database) == Kind::cluster)
    for (const Json* member : members_of(fleet, database))
      if (flag(*member, "PubliclyAccessible")) return false;
  return groups_of(whole_of(fleet, database)) == only && groups_of(database) == only;
}

Database describe(const Fleet& fleet, const Json& database) {
  Database out{.kind = kind_of(database),
               .name = name_of(database),
               .id = id_of(database),
               .arn = arn_of(database),
               .engine = text(database, "Engine"),
               .version = text(database, "EngineVersion"),
               .status = status_of(database),
               .master_user = text(database, "MasterUsername"),
               .tags = tags_of(database),
               .open = !is_closed(fleet, database),
               .deletion_protection = flag(database, "DeletionProtection")};
  if (out.kind == Kind::instance)
    describe_instance(fleet, database, out);
  else
    describe_cluster(fleet, database, out);
  return out;
}

std::string unsettled(const Json& database) {
  const auto status = status_of(database);
  const auto what = classify(status);
  if (what == StatusClass::stopped) return {};
  if (what == StatusClass::transient) return status;
  if (!part(database, "PendingModifiedValues").empty()) return "a change that is pending";
  if (auto groups = waits_for_groups(database); !groups.empty()) return groups;
  const auto secret = text(part(database, "MasterUserSecret"), "SecretStatus");
  const bool can_be_active =
      kind_of(database) == Kind::instance || !part(database, "DBClusterMembers").empty();
  if (!secret.empty() && secret != "active" && can_be_active)
    return fmt::format("the secret of RDS, which is {}", secret);
  return {};
}

bool replicates(const Json& replica) {
  for (const Json& info : part(replica, "StatusInfos"))
    if (text(info, "StatusType") == "read replication") return text(info, "Status") == "replicating";
  return true;
}

}  // namespace provider::aws
