// What this account and Region offer: groups, classes, room.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "provider/aws/model.h"
#include "provider/aws/objections.h"

namespace provider::aws {
namespace {

using About = Objection::About;
using Weight = Objection::Weight;

/// Is a family of parameter groups ("mysql8.0", "aurora-postgresql16", "oracle-ee-19") of this engine and
/// version?
bool is_family_of(std::string_view family, const std::string& engine, const std::string& version) {
  if (!family.starts_with(engine)) return false;
  family.remove_prefix(engine.size());
  if (family.starts_with('-')) family.remove_prefix(1);
  return version.starts_with(family);
}

}  // namespace

/// Empty where there is none. Nothing where RDS refuses to say (no permission, no such call there), which is
/// told: RDS judges by itself when it makes the database, and until then nothing is touched.
std::optional<Json> Objections::ask(const char* operation, const Json& input, const char* list) {
  try {
    auto all = account_.service.shared("rds", operation, input, list, budget_);
    return Json(std::move(all));
  } catch (const base::Error& error) {
    if (error.retryable) throw;
    if (error.code.find("NotFound") != std::string::npos) return Json::array();
    object(About::host, fmt::format("what {} would say is not checked: {}", operation, error.message),
           Weight::warning);
    return std::nullopt;
  }
}

void Objections::check_parameter_group(const char* field, const std::string& name, bool of_cluster,
                                       const std::string& engine, const std::string& version) {
  if (name.empty()) return;
  const auto found = ask(of_cluster ? "DescribeDBClusterParameterGroups" : "DescribeDBParameterGroups",
                         {{of_cluster ? "DBClusterParameterGroupName" : "DBParameterGroupName", name}},
                         of_cluster ? "DBClusterParameterGroups" : "DBParameterGroups");
  if (!found) return;
  if (found->empty()) return shape(field, fmt::format("'{}': there is no such parameter group", name));
  const auto family = text(found->front(), "DBParameterGroupFamily");
  if (!is_family_of(family, engine, version))
    shape(field, fmt::format("'{}' is for {}, and this is {} {}", name, family, engine, version));
}

/// The default groups of Aurora MySQL say OFF ("Configuring Aurora MySQL binary logging"); an instance keeps
/// no such log without backups, and the copy has none before it is opened.
void Objections::check_binary_log(const Intent& intent, const std::string& engine) {
  const auto& group = intent.restore.shape.cluster_parameter_group;
  if (engine != "aurora-mysql" || group.empty() || intent.scripts_method.empty()) return;
  const auto all = ask("DescribeDBClusterParameters", {{"DBClusterParameterGroupName", group}}, "Parameters");
  for (const Json& each : all.value_or(Json::array())) {
    const auto value = text(each, "ParameterValue");
    if (text(each, "ParameterName") != "binlog_format" || value.empty() || value == "OFF") continue;
    shape(
        "cluster_parameter_group",
        fmt::format("'{}' has binlog_format {}: the run fails before its scripts (BinaryLogged) unless the "
                    "master user has SESSION_VARIABLES_ADMIN, which keeps rows as they were out of that log",
                    group, value),
        Weight::warning);
  }
}

void Objections::check_class(const char* field, const std::string& name, const std::string& engine,
                             const std::string& version, const std::string& storage) {
  if (name.empty()) return;
  const auto found = ask("DescribeOrderableDBInstanceOptions",
                         {{"Engine", engine}, {"EngineVersion", version}, {"DBInstanceClass", name}},
                         "OrderableDBInstanceOptions");
  if (!found) return;
  if (found->empty())
    return shape(field, fmt::format("'{}' is not to be had for {} {} in this Region", name, engine, version));
  if (!storage.empty() &&
      std::ranges::none_of(*found, [&](const Json& each) { return text(each, "StorageType") == storage; }))
    shape("storage_type",
          fmt::format("'{}' is not to be had with {} for {} {}", storage, name, engine, version),
          Weight::warning);
}

/// The old one and the new one are there at the same time.
void Objections::check_quota(const Intent& intent) {
  const bool cluster = intent.restore.kind == Kind::cluster;
  const std::int64_t instances =
      (cluster ? 0 : 1) + (intent.writer ? 1 : 0) + static_cast<std::int64_t>(intent.replicas.size());
  const auto quotas = ask("DescribeAccountAttributes", Json::object(), "AccountQuotas");
  for (const Json& quota : quotas.value_or(Json::array())) {
    const auto name = text(quota, "AccountQuotaName");
    const std::int64_t more = name == "DBInstances" ? instances : name == "DBClusters" && cluster ? 1 : 0;
    const auto used = number(quota, "Used"), most = number(quota, "Max");
    if (more > 0 && used + more > most)
      object(About::host,
             fmt::format("the quota {} of this account and Region is {}, {} are used, and {} more "
                         "are needed until the old database is deleted",
                         name, most, used, more));
  }
}

void Objections::check_offers(const Intent& intent, const Json& source) {
  const auto& wanted = intent.restore.shape;
  const auto engine = text(source, "Engine");
  const auto version = wanted.engine_version.empty() ? text(source, "EngineVersion") : wanted.engine_version;
  check_parameter_group("parameter_group", wanted.parameter_group, false, engine, version);
  check_parameter_group("cluster_parameter_group", wanted.cluster_parameter_group, true, engine, version);
  check_binary_log(intent, engine);
  check_class("instance_class", wanted.instance_class, engine, version, wanted.storage_type);
  check_quota(intent);
  if (!intent.writer) return;
  const auto& writer = intent.writer->shape;
  check_parameter_group("writer.parameter_group", writer.parameter_group, false, engine, version);
  check_class("writer.instance_class", writer.instance_class, engine, version, "");
}

/// RDS makes no serverless instance in a cluster that has no range, and a refresh file knows none: it is
/// carried over.
void Objections::check_capacity(const Intent& intent, const Json& source, const Json* old) {
  const auto is_serverless = [](const CreateRequest& each) {
    return each.shape.instance_class == "db.serverless";
  };
  if (!(intent.writer && is_serverless(*intent.writer)) &&
      std::ranges::none_of(intent.replicas, is_serverless))
    return;
  for (const Json* each : {old, &source})
    if (each != nullptr && !part(*each, "ServerlessV2ScalingConfiguration").empty()) return;
  object(About::source, fmt::format("'{}' has no range of serverless capacity, nor has a cluster that is "
                                    "replaced: there can be no instance of class db.serverless",
                                    name_of(source)));
}

}  // namespace provider::aws
