#include "provider/aws/rehearsal.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "provider/aws/model.h"

namespace provider::aws {
namespace {

constexpr const char* rehearsed = "rehearsal";

/// Calls of services beside RDS and EC2's descriptions change something, or are none of ours.
bool is_look(const ::aws::Call& call) {
  for (const char* verb : {"Describe", "Get", "List"})
    if (call.operation.starts_with(verb)) return true;
  return false;
}

std::string first_of(const Json& input, std::initializer_list<const char*> members) {
  for (const char* each : members)
    if (!text(input, each).empty()) return base::lower(text(input, each));
  return {};
}

Json active(const Json& groups) {
  Json out = Json::array();
  for (const Json& each : groups) out.push_back({{"VpcSecurityGroupId", each}, {"Status", "active"}});
  return out;
}

void add_tags(Json& database, const Json& tags) {
  Json kept = tags;
  for (const Json& old : part(database, "TagList"))
    if (std::ranges::none_of(tags, [&](const Json& each) { return each["Key"] == old["Key"]; }))
      kept.push_back(old);
  database["TagList"] = kept;
}

/// Names and addresses follow from one another.
void give_name(Json& database, const std::string& name) {
  const bool instance = kind_of(database) == Kind::instance;
  database[instance ? "DBInstanceIdentifier" : "DBClusterIdentifier"] = name;
  const auto host = fmt::format("{}.{}", name, rehearsed);
  if (instance)
    database["Endpoint"] = {{"Address", host}, {"Port", number(part(database, "Endpoint"), "Port")}};
  else
    database["Endpoint"] = host;
}

void modify(Json& database, const Json& input) {
  for (const char* same : {"DeletionProtection", "BackupRetentionPeriod", "PubliclyAccessible"})
    if (input.contains(same)) database[same] = input[same];
  if (input.contains("VpcSecurityGroupIds"))
    database["VpcSecurityGroups"] = active(input["VpcSecurityGroupIds"]);
  if (input.contains("CloudwatchLogsExportConfiguration"))
    database["EnabledCloudwatchLogsExports"] =
        part(input["CloudwatchLogsExportConfiguration"], "EnableLogTypes");
  const auto name = first_of(input, {"NewDBInstanceIdentifier", "NewDBClusterIdentifier"});
  if (!name.empty()) give_name(database, name);
}

/// Says yes to all, and has nothing.
class Silence : public sql::Connection {
 public:
  sql::Result execute(std::string_view, std::size_t) override { return {}; }
  std::string quote(std::string_view text) override { return "'" + std::string(text) + "'"; }
  std::string quote_name(std::string_view name) override { return "\"" + std::string(name) + "\""; }
  std::string password_hash(const std::string&, const base::Secret&) override { return {}; }
  bool encrypted() const override { return true; }
  bool try_lock(std::string_view, std::chrono::seconds) override { return true; }
};

}  // namespace

sql::Connect Rehearsal::connect() {
  return [this](const sql::Endpoint& where, std::chrono::seconds) -> std::unique_ptr<sql::Connection> {
    must_open(where);
    return std::make_unique<Silence>();
  };
}

void Rehearsal::must_open(const sql::Endpoint& where) {
  const std::lock_guard lock(mutex_);
  for (const Json* list : {&instances_, &clusters_})
    for (const Json& each : *list)
      if (where.host == fmt::format("{}.{}", name_of(each), rehearsed))
        if (const auto found = passwords_.find(id_of(each));
            found != passwords_.end() && found->second == where.password)
          return;
  throw base::Error("AccessDenied", "nobody has set that password");
}

base::Json Rehearsal::call(const ::aws::Call& call, const base::Budget& budget) {
  const std::lock_guard lock(mutex_);
  look(budget);
  if (is_look(call)) {
    Json ours = described(call);
    return ours.is_null() ? account_.call(call, budget) : ours;
  }
  noted_.push_back(call);
  for (const char* secret : {"MasterUserPassword", "SecretString", "SecretBinary"})
    noted_.back().input.erase(secret);
  if (call.service == "rds") perform(call.operation, call.input);
  return Json::object();
}

std::vector<::aws::Call> Rehearsal::noted() {
  const std::lock_guard lock(mutex_);
  return noted_;
}

/// Once: from then on the account is as the rehearsal goes.
void Rehearsal::look(const base::Budget& budget) {
  if (std::exchange(looked_, true)) return;
  base::Clock& clock = budget.clock;
  Service service(account_, clock);
  for (auto& each : service.all("rds", "DescribeDBInstances", Json::object(), "DBInstances", budget))
    instances_.push_back(std::move(each));
  for (auto& each : service.all("rds", "DescribeDBClusters", {{"IncludeShared", true}}, "DBClusters", budget))
    clusters_.push_back(std::move(each));
}

/// null for what only the account knows.
base::Json Rehearsal::described(const ::aws::Call& call) const {
  if (call.service != "rds") return {};
  if (call.operation == "DescribeDBInstances") return {{"DBInstances", instances_}};
  if (call.operation == "DescribeDBClusters") return {{"DBClusters", clusters_}};
  if (call.operation == "DescribeDBSnapshots")
    for (const Json& each : snapshots_)
      if (each["DBSnapshotIdentifier"] == call.input.value("DBSnapshotIdentifier", ""))
        return {{"DBSnapshots", Json::array({each})}};
  return {};
}

base::Json* Rehearsal::named(const Json& input) {
  const bool cluster = !input.contains("DBInstanceIdentifier");
  const auto name = first_of(input, {"DBInstanceIdentifier", "DBClusterIdentifier"});
  for (Json& each : cluster ? clusters_ : instances_)
    if (name_of(each) == name ||
        (input.contains("ResourceName") && arn_of(each) == text(input, "ResourceName")))
      return &each;
  for (Json& each : instances_)
    if (input.contains("ResourceName") && arn_of(each) == text(input, "ResourceName")) return &each;
  return nullptr;
}

void Rehearsal::perform(const std::string& operation, const Json& input) {
  if (operation.starts_with("Restore") || operation.starts_with("Create")) return make(operation, input);
  if (operation == "CopyDBSnapshot") {
    snapshots_.push_back({{"DBSnapshotIdentifier", input["TargetDBSnapshotIdentifier"]},
                          {"Status", "available"},
                          {"TagList", part(input, "Tags")}});
    return;
  }
  Json* found = named(input);
  if (found == nullptr) return;
  const char* status = kind_of(*found) == Kind::instance ? "DBInstanceStatus" : "Status";
  if (operation == "AddTagsToResource") add_tags(*found, input["Tags"]);
  if (operation.starts_with("Modify")) modify(*found, input);
  if (input.contains("MasterUserPassword"))
    passwords_[id_of(*found)] = base::Secret(input["MasterUserPassword"].get<std::string>());
  if (operation.starts_with("Stop")) (*found)[status] = "stopped";
  if (operation.starts_with("Start")) (*found)[status] = "available";
  if (operation.starts_with("Delete")) {
    Json& list = kind_of(*found) == Kind::instance ? instances_ : clusters_;
    list.erase(static_cast<std::size_t>(found - &list[0]));
  }
}

/// Like what it is made of; what the request says is otherwise.
void Rehearsal::make(const std::string& operation, const Json& input) {
  const bool cluster = operation.starts_with("RestoreDBCluster");
  Json& list = cluster ? clusters_ : instances_;
  const auto source = first_of(input, {"SourceDbiResourceId", "SourceDbClusterResourceId"});
  const auto source_name = first_of(input, {"SourceDBInstanceIdentifier"});
  Json made = Json::object();
  for (const Json& each : list)
    if ((!source.empty() && base::lower(id_of(each)) == source) ||
        (!source_name.empty() && name_of(each) == source_name))
      made = each;
  made.update(input);
  for (const char* gone : {"Tags", "VpcSecurityGroupIds", "DBClusterMembers", "DeletionProtection",
                           "PendingModifiedValues", "EnabledCloudwatchLogsExports", "StatusInfos",
                           "MasterUserSecret", "ReadReplicaDBInstanceIdentifiers"})
    made.erase(gone);
  const auto name =
      first_of(input, {"TargetDBInstanceIdentifier", "DBInstanceIdentifier", "DBClusterIdentifier"});
  const auto id = fmt::format("{}-{}", rehearsed, noted_.size());
  made[cluster ? "DBClusterIdentifier" : "DBInstanceIdentifier"] = name;
  made[cluster ? "DbClusterResourceId" : "DbiResourceId"] = id;
  made[cluster ? "DBClusterArn" : "DBInstanceArn"] = fmt::format("arn:{}:{}", id, name);
  made[cluster ? "Status" : "DBInstanceStatus"] = "available";
  made["VpcSecurityGroups"] = active(part(input, "VpcSecurityGroupIds"));
  for (const Json& of : clusters_)
    if (!cluster && name_of(of) == text(input, "DBClusterIdentifier"))
      made["VpcSecurityGroups"] = of["VpcSecurityGroups"];
  made["TagList"] = part(input, "Tags");
  if (!source_name.empty()) made["ReadReplicaSourceDBInstanceIdentifier"] = source_name;
  if (cluster)
    made["DBSubnetGroup"] = text(input, "DBSubnetGroupName");
  else
    made["DBSubnetGroup"] = {{"DBSubnetGroupName", text(input, "DBSubnetGroupName")}};
  give_name(made, name);
  list.push_back(std::move(made));
}

}  // namespace provider::aws
