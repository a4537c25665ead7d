#include "provider/aws/permissions.h"

#include <fmt/format.h>

#include <map>

#include "provider/aws/script_hosts.h"

namespace provider::aws {
namespace {

using base::Json;

// Resources and conditions of every action: Service Authorization Reference. TagResource is asked for by
// CreateSecret with tags, as AddTagsToResource is by what makes a database with tags.
constexpr Permission all_permissions[] = {
    {"sts", "GetCallerIdentity", Scope::look},
    {"rds", "DescribeAccountAttributes", Scope::look},
    {"rds", "DescribeDBClusterParameterGroups", Scope::look},
    {"rds", "DescribeDBClusterParameters", Scope::look},
    {"rds", "DescribeDBClusterSnapshots", Scope::look},
    {"rds", "DescribeDBClusters", Scope::look},
    {"rds", "DescribeDBInstances", Scope::look},
    {"rds", "DescribeDBParameterGroups", Scope::look},
    {"rds", "DescribeDBSnapshots", Scope::look},
    {"rds", "DescribeDBSubnetGroups", Scope::look},
    {"rds", "DescribeEvents", Scope::look},
    {"rds", "DescribeOrderableDBInstanceOptions", Scope::look},
    {"cloudwatch", "GetMetricStatistics", Scope::look},
    {"ec2", "DescribeNetworkInterfaces", Scope::look},
    {"ec2", "DescribeSecurityGroups", Scope::look},
    {"kms", "DescribeKey", Scope::look},
    {"kms", "CreateGrant", Scope::grant},
    {"rds", "CreateDBInstance", Scope::make},
    {"rds", "CreateDBInstanceReadReplica", Scope::make},
    {"rds", "RestoreDBClusterFromSnapshot", Scope::make},
    {"rds", "RestoreDBClusterToPointInTime", Scope::make},
    {"rds", "RestoreDBInstanceFromDBSnapshot", Scope::make},
    {"rds", "RestoreDBInstanceToPointInTime", Scope::make},
    {"rds", "AddTagsToResource", Scope::tag},
    {"rds", "DeleteDBCluster", Scope::ours},
    {"rds", "DeleteDBInstance", Scope::ours},
    {"rds", "ModifyDBCluster", Scope::ours},
    {"rds", "ModifyDBInstance", Scope::ours},
    {"rds", "StartDBCluster", Scope::ours},
    {"rds", "StartDBInstance", Scope::ours},
    {"rds", "StopDBCluster", Scope::ours},
    {"rds", "StopDBInstance", Scope::ours},
    {"rds", "CopyDBSnapshot", Scope::snapshot},
    {"rds", "DeleteDBSnapshot", Scope::snapshot},
    {"lambda", "InvokeFunction", Scope::function},
    {"ssm", "CancelCommand", Scope::command},
    {"ssm", "DescribeInstanceInformation", Scope::command},
    {"ssm", "GetCommandInvocation", Scope::command},
    {"ssm", "ListCommands", Scope::command},
    {"ssm", "SendCommand", Scope::document},
    {"ssm", "SendCommand", Scope::script_host},
    {"secretsmanager", "CancelRotateSecret", Scope::secret},
    {"secretsmanager", "CreateSecret", Scope::secret},
    {"secretsmanager", "DeleteSecret", Scope::secret},
    {"secretsmanager", "DescribeSecret", Scope::secret},
    {"secretsmanager", "GetSecretValue", Scope::secret},
    {"secretsmanager", "PutSecretValue", Scope::secret},
    {"secretsmanager", "RotateSecret", Scope::secret},
    {"secretsmanager", "TagResource", Scope::secret},
    {"secretsmanager", "UpdateSecretVersionStage", Scope::secret},
    {"s3", "GetBucketLocation", Scope::bucket},
    {"s3", "GetObject", Scope::object},
    {"dynamodb", "GetItem", Scope::table},
    {"dynamodb", "DescribeTable", Scope::table},
    {"dynamodb", "PutItem", Scope::table},
    {"dynamodb", "Scan", Scope::table},
    {"sns", "GetTopicAttributes", Scope::topic},
    {"sns", "Publish", Scope::topic},
};

using Resources = std::set<std::string>;

class Arns {
 public:
  explicit Arns(const Grant& grant) : grant_(grant) {}

  Resources of(Scope scope) const {
    switch (scope) {
      case Scope::look:
      case Scope::grant:
        return {"*"};
      case Scope::make:
        return joined({databases(), sources(), groups()});
      case Scope::tag:
        return joined({databases(), {ours("rds", copies)}});
      case Scope::ours:
        return databases();
      case Scope::snapshot:
        return joined({sources(), {ours("rds", copies)}});
      case Scope::secret:
        return secrets();
      case Scope::bucket:
      case Scope::object:
        return stored(scope);
      case Scope::table:
        return named("dynamodb", "table/", grant_.tables);
      case Scope::topic:
        return grant_.topics;
      case Scope::function:
        return grant_.functions;
      case Scope::script_host:
        return if_script_host(ours("ec2", "instance/*"));
      case Scope::document:
        return if_script_host(
            fmt::format("arn:{}:ssm:{}::document/{}", grant_.partition, grant_.region, script_document));
      case Scope::command:
        return if_script_host("*");
    }
    return {};
  }

 private:
  static constexpr const char* copies = "snapshot:dbrefresh-*";

  std::string ours(const char* service, const std::string& resource) const {
    if (resource.starts_with("arn:")) return resource;
    return fmt::format("arn:{}:{}:{}:{}:{}", grant_.partition, service, grant_.region, grant_.account,
                       resource);
  }
  Resources if_script_host(const std::string& resource) const {
    return grant_.script_host ? Resources{resource} : Resources{};
  }
  static Resources joined(std::initializer_list<Resources> parts) {
    Resources all;
    for (const auto& each : parts) all.insert(each.begin(), each.end());
    return all;
  }
  Resources named(const char* service, const char* before, const Resources& names) const {
    Resources all;
    for (const auto& each : names) all.insert(ours(service, before + each));
    return all;
  }
  /// The end of a run's id has six characters.
  Resources databases() const {
    Resources all;
    for (const auto& name : grant_.databases)
      for (const char* kind : {"db:", "cluster:"})
        for (const char* end : {"", "-old-??????", "-failed-??????"})
          all.insert(ours("rds", kind + name + end));
    return all;
  }
  Resources sources() const { return named("rds", "", grant_.sources); }
  Resources groups() const { return named("rds", "", {"pg:*", "cluster-pg:*", "og:*", "subgrp:*"}); }
  /// Secrets Manager puts six characters behind a name.
  Resources secrets() const {
    Resources all;
    for (const auto& name : grant_.secrets)
      all.insert(name.starts_with("arn:") ? name : ours("secretsmanager", "secret:" + name + "-??????"));
    return all;
  }
  Resources stored(Scope scope) const {
    Resources all;
    for (const auto& each : grant_.buckets) {
      const auto bucket = fmt::format("arn:{}:s3:::{}", grant_.partition, each);
      all.insert(scope == Scope::bucket ? bucket.substr(0, bucket.find('/')) : bucket + "/*");
    }
    return all;
  }

  const Grant& grant_;
};

Json statement(const std::set<std::string>& actions, const Resources& resources) {
  return {{"Effect", "Allow"}, {"Action", actions}, {"Resource", resources}};
}

/// What narrows the statement of a scope; null where nothing does.
Json condition(Scope scope, const Grant& grant) {
  switch (scope) {
    case Scope::ours:
      return {{"StringEquals", {{"aws:ResourceTag/refresh", "true"}}}};
    case Scope::script_host:
      return {{"StringEquals", {{fmt::format("ssm:resourceTag/{}", host_tag), host_name}}}};
    case Scope::grant:  // RDS uses a customer's key for whoever makes the database, by a grant of theirs
      return {{"Bool", {{"kms:GrantIsForAWSResource", "true"}}},
              {"StringLike", {{"kms:ViaService", fmt::format("rds.{}.*", grant.region)}}}};
    default:
      return nullptr;
  }
}

}  // namespace

std::span<const Permission> permissions() {
  return all_permissions;
}

Json policy(const Grant& grant) {
  std::map<std::pair<Scope, std::string>, std::set<std::string>> actions;
  for (const auto& each : all_permissions)
    actions[{each.scope, each.service}].insert(fmt::format("{}:{}", each.service, each.operation));
  Json statements = Json::array();
  for (const auto& [of, names] : actions) {
    const auto resources = Arns(grant).of(of.first);
    if (resources.empty()) continue;  // no file needs it
    statements.push_back(statement(names, resources));
    if (const Json narrowed = condition(of.first, grant); !narrowed.is_null())
      statements.back()["Condition"] = narrowed;
  }
  if (!grant.roles.empty()) statements.push_back(statement({"iam:PassRole"}, grant.roles));
  if (!grant.taken.empty()) statements.push_back(statement({"sts:AssumeRole"}, grant.taken));
  return {{"Version", "2012-10-17"}, {"Statement", statements}};
}

}  // namespace provider::aws
