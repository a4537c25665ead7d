#include "provider/aws/members.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "provider/aws/model.h"

namespace provider::aws {
namespace {

using base::Error;

void put(Json& input, const char* member, const std::string& value) {
  if (!value.empty()) input[member] = value;
}

/// What both have. Never publicly accessible, which a subnet group called `default` would make it.
Json common(const CreateRequest& request) {
  const Shape& shape = request.shape;
  Json input = {{"DBInstanceIdentifier", base::lower(request.name)},
                {"PubliclyAccessible", false},
                {"AutoMinorVersionUpgrade", shape.auto_minor_upgrade}};
  put(input, "DBInstanceClass", shape.instance_class);
  put(input, "DBParameterGroupName", shape.parameter_group);
  if (shape.performance_insights) {
    input["EnablePerformanceInsights"] = true;
    put(input, "PerformanceInsightsKMSKeyId", shape.performance_insights_key);
    if (shape.performance_insights_days)
      input["PerformanceInsightsRetentionPeriod"] = *shape.performance_insights_days;
  }
  if (shape.monitoring_seconds.value_or(0) > 0) {
    input["MonitoringInterval"] = *shape.monitoring_seconds;
    input["MonitoringRoleArn"] = shape.monitoring_role;
  }
  Tags tags = request.tags;
  tags[labels::token] = request.token;
  input["Tags"] = tag_list(tags);
  return input;
}

/// Network, password, protection and backups are the cluster's.
Json instance_of_cluster(const CreateRequest& request, const Fleet& fleet, const Json& cluster) {
  Json input = common(request);
  input["DBClusterIdentifier"] = name_of(cluster);
  input["Engine"] = cluster["Engine"];
  if (request.shape.promotion_tier) input["PromotionTier"] = *request.shape.promotion_tier;
  if (!input.contains("DBInstanceClass"))
    for (const Json* each : members_of(fleet, cluster))
      input["DBInstanceClass"] = text(*each, "DBInstanceClass");
  return input;
}

Json replica_of(const CreateRequest& request, const Json& source) {
  const Shape& shape = request.shape;
  Json input = common(request);
  input["SourceDBInstanceIdentifier"] = name_of(source);
  if (shape.port != 0) input["Port"] = shape.port;
  input["MultiAZ"] = shape.multi_az;
  input["CopyTagsToSnapshot"] = shape.copy_tags_to_snapshots;
  input["EnableIAMDatabaseAuthentication"] = shape.iam_auth;
  input["VpcSecurityGroupIds"] = shape.security_groups.empty() ? groups_of(source) : shape.security_groups;
  put(input, "StorageType", shape.storage_type);
  if (shape.iops) input["Iops"] = *shape.iops;
  return input;
}

Error exists(const Json& other) {
  return {"DBInstanceAlreadyExists", fmt::format("there is {} already", called(other))};
}

}  // namespace

Work<Database> Members::create(const CreateRequest& request, const Budget& budget) {
  const auto fleet = account_.reader.now(budget, request.token);
  if (const Json* made = fleet->by_token(request.token)) {
    if (auto pending = wait_until_settled(account_, *made, budget)) return *pending;
    return describe(*fleet, *made);
  }
  if (const Json* other = fleet->by_name(Kind::instance, request.name)) throw exists(*other);
  const Json& of = must_get(*fleet, request.of);
  must_be_ours("adding an instance", of);
  if (classify(status_of(of)) == StatusClass::stopped)
    throw Error("InvalidDBInstanceState", fmt::format("{} is stopped", called(of)));
  if (auto pending = wait_until_settled(account_, of, budget)) return *pending;
  if (kind_of(of) == Kind::cluster)
    return change(account_, request.token, "CreateDBInstance", instance_of_cluster(request, *fleet, of),
                  budget);
  if (number(of, "BackupRetentionPeriod") == 0)
    throw Error("InvalidDBInstanceState",
                fmt::format("{} keeps no automated backups: RDS makes no replica of it", called(of)),
                "a copy keeps them once it is open");
  return change(account_, request.token, "CreateDBInstanceReadReplica", replica_of(request, of), budget);
}

bool Members::in_sync(const std::string& id) {
  const auto fleet = account_.reader.now(account_.service.own_budget(), id);
  const Json& database = must_get(*fleet, id);
  if (describe(*fleet, database).replica_of.empty() && cluster_of(*fleet, database) == nullptr)
    throw Error("InvalidDBInstanceState", fmt::format("{} is no replica", called(database)));
  return classify(status_of(database)) == StatusClass::ready && unsettled(database).empty() &&
         replicates(database);
}

}  // namespace provider::aws
