#include "provider/aws/objections.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "provider/aws/model.h"
#include "provider/aws/origin.h"
#include "provider/aws/script_hosts.h"

namespace provider::aws {
namespace {

using About = Objection::About;
using Weight = Objection::Weight;

/// As many ids of security groups as a label has room for.
constexpr std::size_t most_groups = 12;

bool is_multi_az_cluster(const Json& database) {
  return kind_of(database) == Kind::cluster && !text(database, "Engine").starts_with("aurora");
}

}  // namespace

std::vector<Objection> Objections::check(const Intent& intent) {
  const auto fleet = account_.reader.now(budget_);
  const auto source = find_source(*fleet, intent.restore.source);
  if (!source) return {};
  const Json* old = fleet->by_id(intent.restore.replaces);
  check_engine(intent, *source);
  if (!is_refused_elsewhere(*fleet, intent.restore, *source)) check_origin(intent.restore, *source);
  if (old != nullptr) check_old(*old);
  check_network(intent.restore);
  if (old != nullptr)  // it is closed as well, while it is set aside
    check_quarantine(account_.quarantine.vpc_of(subnet_group_of(*old), budget_), describe(*fleet, *old).port);
  if (intent.scripts_method == "ec2") check_script_host(intent.restore);
  check_replicas(intent, old == nullptr ? *source : *old);
  check_offers(intent, *source);
  check_capacity(intent, *source, old);
  return std::move(out_);
}

void Objections::check_engine(const Intent& intent, const Json& source) {
  const auto engine = text(source, "Engine");
  if (is_multi_az_cluster(source))
    object(About::source,
           fmt::format("'{}' is a Multi-AZ DB cluster ({}): its instances are made by RDS, and "
                       "it is not served",
                       name_of(source), engine));
  const auto family = family_of(engine);
  if (!intent.scripts_method.empty() && family != "mariadb" && family != "postgres")
    object(About::scripts, fmt::format("scripts cannot be run on {}", engine));
  if (family == "oracle" || family == "sqlserver")
    object(About::source,
           fmt::format(
               "nobody here speaks the protocol of {}: the new master password is believed when RDS says "
               "that it is set, and the other logins of '{}' keep their passwords in the copy",
               engine, name_of(source)),
           Weight::warning);
  if (engine.starts_with("custom-"))
    object(About::source, fmt::format("'{}' is of RDS Custom, which is not served", name_of(source)));
}

void Objections::check_origin(const RestoreRequest& request, const Json& source) {
  if (request.type == RestoreType::from_snapshot) return check_snapshot(request);
  if (request.type == RestoreType::fast_cloning) {
    if (part(source, "DBClusterMembers").empty() && !flag(source, "CrossAccountClone"))
      object(About::source, fmt::format("'{}' has no instance: it cannot be cloned", name_of(source)));
    return;
  }
  const auto latest = time(source, "LatestRestorableTime");
  if (!latest)
    return object(About::source,
                  fmt::format("'{}' keeps no backups, or has none yet: it cannot be restored to "
                              "a point in time",
                              name_of(source)));
  if (request.time && *request.time > *latest)
    object(About::time,
           fmt::format("'{}': '{}' can be restored to {} at the latest", base::ledger_utc(*request.time),
                       name_of(source), base::ledger_utc(*latest)));
}

void Objections::check_snapshot(const RestoreRequest& request) {
  const auto snapshot = find_named_snapshot(account_, request, budget_);
  if (!snapshot && account_.source != nullptr) return say_why_not_shared(request);
  if (!snapshot)
    return object(About::snapshot, fmt::format("'{}': there is no such snapshot", request.snapshot));
  const auto status = text(*snapshot, "Status");
  if (status != "available") object(About::snapshot, fmt::format("'{}' is {}", request.snapshot, status));
  check_key(*snapshot);
}

/// A snapshot that another account shares can be used where its key lets us. Nobody but its own account may
/// use a default key.
void Objections::check_key(const Json& snapshot) {
  const bool cluster = snapshot.contains("DBClusterSnapshotArn");
  const auto arn = arn_of_snapshot(snapshot);
  if (!flag(snapshot, cluster ? "StorageEncrypted" : "Encrypted") ||
      !is_foreign(arn, account_.settings.account))
    return;
  const auto key = text(snapshot, "KmsKeyId");
  std::string why;
  try {
    const Json found = account_.service.call("kms", "DescribeKey", {{"KeyId", key}}, budget_);
    if (text(part(found, "KeyMetadata"), "KeyManager") != "AWS") return;
    why = "the default key of its account";
  } catch (const base::Error& error) {
    if (error.retryable) throw;
    why = is_default_key_there(key) ? "the default key of its account"
                                    : fmt::format("a key that we may not use ({})", error.message);
  }
  object(About::snapshot,
         fmt::format("'{}' is shared, and encrypted with {}: copy it there with a customer key (aws rds "
                     "copy-db-{}snapshot --kms-key-id KEY), let this account use the key, and share the copy",
                     arn, why, cluster ? "cluster-" : ""));
}

void Objections::check_old(const Json& old) {
  if (classify(status_of(old)) == StatusClass::stopped)
    object(About::target,
           fmt::format("'{}' is stopped, and RDS renames nothing that is stopped: start it first",
                       name_of(old)));
  for (const Json& each : part(old, "ReadReplicaDBInstanceIdentifiers"))
    if (const auto name = each.get<std::string>(); name.starts_with("arn:"))
      object(About::target, fmt::format("'{}' has the replica {} in another Region: it is not ours to delete",
                                        name_of(old), name));
  if (!text(old, "GlobalClusterIdentifier").empty())
    object(About::target, fmt::format("'{}' is in the global database {}", name_of(old),
                                      text(old, "GlobalClusterIdentifier")));
  if (!part(old, "MasterUserSecret").empty())
    object(
        About::target,
        fmt::format("RDS manages the master password of '{}' in {}: the new database has none of that, and "
                    "the secret goes with the old one",
                    name_of(old), text(part(old, "MasterUserSecret"), "SecretArn")),
        Weight::warning);
  if (const auto left_out = peoples_tags(old).left_out; !left_out.empty())
    object(About::target,
           fmt::format("'{}' has too many tags; the new database does not get {}", name_of(old),
                       base::join(left_out, ", ")),
           Weight::warning);
  for (const Json& role : part(old, "AssociatedRoles"))
    object(About::target,
           fmt::format("'{}' has the role {}: the new database does not get it", name_of(old),
                       text(role, "RoleArn")),
           Weight::warning);
  if (flag(old, "PerformanceInsightsEnabled"))
    object(About::target,
           fmt::format("'{}' has Performance Insights: the new database does not get it", name_of(old)),
           Weight::warning);
  if (number(old, "MonitoringInterval") > 0)
    object(About::target,
           fmt::format("'{}' has Enhanced Monitoring every {} seconds: the new database does not get it",
                       name_of(old), number(old, "MonitoringInterval")),
           Weight::warning);
}

void Objections::check_network(const RestoreRequest& request) {
  const Shape& wanted = request.shape;
  if (wanted.security_groups.size() > most_groups)
    shape("security_groups",
          fmt::format("has {} groups; at most {} can be given", wanted.security_groups.size(), most_groups));
  if (wanted.subnet_group.empty()) return;
  std::string vpc;
  try {
    vpc = account_.quarantine.vpc_of(wanted.subnet_group, budget_);
  } catch (const base::Error& error) {
    if (error.code != "DBSubnetGroupNotFoundFault") throw;
    return shape("subnet_group", fmt::format("'{}': there is no such DB subnet group", wanted.subnet_group));
  }
  check_quarantine(vpc, wanted.port);
}

/// Once for a VPC and a port.
void Objections::check_quarantine(const std::string& vpc, int port) {
  if (!quarantines_.insert({vpc, port}).second) return;
  const auto group = account_.quarantine.look(vpc, port, budget_);
  if (admitted_.empty()) admitted_ = group.admitted;  // the first one is that of the new database
  for (const auto& fault : group.faults) object(About::host, "quarantine: " + fault);
  for (const auto& warning : group.warnings) object(About::host, "quarantine: " + warning, Weight::warning);
}

/// It must reach the copy while that is closed.
void Objections::check_script_host(const RestoreRequest& request) {
  const auto hosts = managed_hosts(account_.service, budget_);
  if (const auto objection = objection_to_hosts(hosts); !objection.empty())
    return object(About::scripts, "'ec2': " + objection);
  if (request.shape.subnet_group.empty() || admitted_.contains(hosts[0].address)) return;
  object(
      About::scripts,
      fmt::format("'ec2': {} ({}={}) has the address {}, which the quarantine group does not let in: add it "
                  "to the group's rules, and to DBREFRESH_ADDRESSES",
                  hosts[0].id, host_tag, host_name, hosts[0].address));
}

void Objections::check_replicas(const Intent& intent, const Json& model) {
  if (intent.replicas.empty() || kind_of(model) == Kind::cluster) return;
  if (number(model, "BackupRetentionPeriod") == 0)
    object(About::replicas, fmt::format("'{}' keeps no automated backups, and so will the new database: RDS "
                                        "makes no replicas of such",
                                        name_of(model)));
}

}  // namespace provider::aws
