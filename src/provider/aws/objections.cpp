#include "provider/aws/objections.h"

#include <fmt/format.h>
#include <unistd.h>

#include <map>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "provider/aws/connections.h"
#include "provider/aws/model.h"
#include "provider/aws/script_hosts.h"
#include "provider/aws/sessions.h"

namespace provider::aws {
namespace {

using About = Objection::About;
using Weight = Objection::Weight;

/// As many ids of security groups as a label has room for.
constexpr std::size_t most_groups = 12;

/// Aurora says 5.6.mysql_aurora.1.…, or 5.6.10a.
bool is_before_mysql57(const std::string& engine, const std::string& version) {
  return (engine == "mysql" || engine.starts_with("aurora")) && engine != "aurora-postgresql" &&
         version.starts_with("5.") && !version.starts_with("5.7");
}

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
  check_listening(intent.restore.shape.listening);
  check_own_key();
  check_certificates(*source);
  if (old != nullptr) check_old(*old);
  check_network(intent);
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
  if (is_before_mysql57(engine, text(source, "EngineVersion")))
    object(About::source, fmt::format("'{}' is MySQL {}, whose logins cannot be locked: 5.7 can",
                                      name_of(source), text(source, "EngineVersion")));
  if (engine.starts_with("custom-"))
    object(About::source, fmt::format("'{}' is of RDS Custom, which is not served", name_of(source)));
}

void Objections::check_origin(const RestoreRequest& request, const Json& source) {
  if (request.type == RestoreType::from_snapshot) return check_snapshot(request);
  check_source_key(source);
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
  check_retention(request, source);
}

/// The first second that can be restored is a backup's within the first day of the retention.
void Objections::check_retention(const RestoreRequest& request, const Json& source) {
  const auto days = number(source, "BackupRetentionPeriod");
  if (!request.time || days == 0) return;
  if (*request.time < account_.service.clock().now() - std::chrono::days(days + 1))
    object(About::time, fmt::format("'{}': '{}' keeps its backups for {} days",
                                    base::ledger_utc(*request.time), name_of(source), days));
}

/// What servers of a host of ours are told, RDS is told otherwise.
void Objections::check_listening(const Listening& said) {
  const auto refuse = [&](const char* member, const std::string& value, const char* instead) {
    if (!value.empty())
      out_.push_back({About::shape, fmt::format("listening.{}", member),
                      fmt::format("'{}' is for servers of this host: on RDS {}", value, instead)});
  };
  refuse("address", said.address, "the subnet group gives an instance its address");
  refuse(
      "tls", said.tls,
      "the parameter group says it: rds.force_ssl (PostgreSQL), require_secure_transport (MySQL, MariaDB)");
  refuse("certificate", said.certificate, "the authority of RDS signs them");
  refuse("key", said.key, "the authority of RDS signs them");
  refuse("networks", base::join(said.networks, ","), "security groups say it: aws.security_groups");
}

/// Without them no session comes about, and that would show when the copy is there.
void Objections::check_certificates(const Json& source) {
  const auto& file = account_.settings.ca_file;
  if (file.empty() || !can_log_in(text(source, "Engine")) || ::access(file.c_str(), R_OK) == 0) return;
  object(About::host,
         fmt::format(
             "'{}': there are no certificates of RDS's authorities to be read; packaging/rds-ca.pem of the "
             "source, or https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem, belongs there "
             "(DBREFRESH_RDS_CA names another file)",
             file));
}

/// Whoever is connected is cut off when it is set aside, and never reaches the new one by that connection.
void Objections::count_connections(const Json& old) {
  constexpr std::chrono::minutes within{10};
  try {
    const auto most = most_connections(account_.service, instances_of(old), within, budget_);
    if (most.value_or(0) > 0)
      object(
          About::target,
          fmt::format(
              "'{}' had up to {} connections at once in the last {} minutes: they end when it is set aside",
              name_of(old), *most, within.count()),
          Objection::Weight::note);
  } catch (const base::Error& error) {  // they keep nothing from working
    object(About::target,
           fmt::format("the connections to '{}' are not counted: {}", name_of(old), error.message),
           Objection::Weight::note);
  }
}

void Objections::check_old(const Json& old) {
  count_connections(old);
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

void Objections::check_network(const Intent& intent) {
  const Shape& wanted = intent.restore.shape;
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
  for (const auto& why : against_groups(wanted.security_groups, vpc)) shape("security_groups", why);
  std::set<std::string> of_replicas;
  for (const CreateRequest& each : intent.replicas)
    of_replicas.insert(each.shape.security_groups.begin(), each.shape.security_groups.end());
  for (const auto& why : against_groups({of_replicas.begin(), of_replicas.end()}, vpc))
    object(About::replicas, why);
}

/// RDS takes no group of another VPC, and says so when the database is opened: it has its name by then.
std::vector<std::string> Objections::against_groups(const std::vector<std::string>& groups,
                                                    const std::string& vpc) {
  std::vector<std::string> all;
  if (groups.empty()) return all;
  std::map<std::string, std::string> vpcs;
  for (const Json& each : account_.service.shared("ec2", "DescribeSecurityGroups",
                                                  {{"Filters", {{{"Name", "group-id"}, {"Values", groups}}}}},
                                                  "SecurityGroups", budget_))
    vpcs[text(each, "GroupId")] = text(each, "VpcId");
  for (const auto& group : groups) {
    const auto found = vpcs.find(group);
    if (found == vpcs.end())
      all.push_back(fmt::format("'{}': there is no such security group", group));
    else if (found->second != vpc)
      all.push_back(
          fmt::format("'{}' is in {}, and the new database will be in {}", group, found->second, vpc));
  }
  return all;
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
