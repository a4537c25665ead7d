#include "provider/aws/rehearsal.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "provider/aws/model.h"
#include "provider/aws/script_text.h"

namespace provider::aws {
namespace {

constexpr const char* rehearsed = "rehearsal";
constexpr auto longest_look = std::chrono::seconds(30);

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

/// Address and ARN follow from the name.
void give_name(Json& database, const std::string& name) {
  const bool instance = kind_of(database) == Kind::instance;
  database[instance ? "DBInstanceIdentifier" : "DBClusterIdentifier"] = name;
  const auto arn = arn_of(database);
  database[instance ? "DBInstanceArn" : "DBClusterArn"] = arn.substr(0, arn.rfind(':') + 1) + name;
  const auto host = fmt::format("{}.{}", name, rehearsed);
  if (instance)
    database["Endpoint"] = {{"Address", host}, {"Port", number(part(database, "Endpoint"), "Port")}};
  else
    database["Endpoint"] = host;
}

/// Of a list of references, each by this member (nullptr: the name itself): one gets another name, or goes.
void refer(Json& owner, const char* list, const char* member, const std::string& before,
           const std::string& name) {
  Json kept = Json::array();
  for (Json each : part(owner, list)) {
    Json& reference = member == nullptr ? each : each[member];
    const bool meant = base::lower(reference.get<std::string>()) == before;
    if (meant) reference = name;
    if (!meant || !name.empty()) kept.push_back(each);
  }
  if (owner.contains(list)) owner[list] = kept;
}

/// A command that was noted has been carried out; the account is asked for its hosts alone.
Json described_command(const std::string& operation) {
  if (operation == "ListCommands") return {{"Commands", Json::array()}};
  if (operation == "GetCommandInvocation") return {{"Status", "Success"}};
  return {};
}

/// Says yes to all, and has nothing.
class Silence : public sql::Connection {
 public:
  sql::Result execute(std::string_view, std::size_t) override { return {}; }
  std::string quote(std::string_view text) override { return "'" + std::string(text) + "'"; }
  std::string quote_name(std::string_view name) override { return "\"" + std::string(name) + "\""; }
  std::string password_hash(const std::string&, const base::Secret&) override { return {}; }
  bool encrypted() const override { return true; }
  bool in_transaction() const override { return false; }
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

/// Of the account itself; refuses whatever is no look.
base::Json Rehearsal::look_at(const ::aws::Call& call, const base::Budget& budget) {
  if (!is_look(call))
    throw base::Error("RehearsalOnly", fmt::format("{} is not carried out in a rehearsal", call.operation));
  return account_.call(call, {clock_, clock_.now() + longest_look, budget.stop, budget.tell});
}

base::Json Rehearsal::call(const ::aws::Call& call, const base::Budget& budget) {
  const std::lock_guard lock(mutex_);
  look(budget);
  const bool secret = call.service == "secretsmanager";
  const auto ask = [&](const std::string& operation, const Json& input) {
    return look_at({"secretsmanager", operation, input, call.region}, budget);
  };
  if (is_look(call)) {
    const Json ours = secret ? secrets_.answer(call.operation, call.input, ask) : described(call);
    return ours.is_null() ? look_at(call, budget) : ours;
  }
  noted_.push_back(call);
  for (const char* unsaid : {"MasterUserPassword", "SecretString", "SecretBinary", "ClientRequestToken"})
    noted_.back().input.erase(unsaid);
  if (call.operation == "SendCommand")
    for (Json& each : noted_.back().input["Parameters"]["commands"])
      each = shown_text(each.get<std::string>());
  if (call.service == "rds") perform(call.operation, call.input);
  if (secret) secrets_.change(call.operation, call.input, ask);
  if (call.operation == "SendCommand") return {{"Command", {{"CommandId", rehearsed}}}};
  return Json::object();
}

std::vector<::aws::Call> Rehearsal::noted() {
  const std::lock_guard lock(mutex_);
  return noted_;
}

/// Once: from then on the account is as the rehearsal goes.
void Rehearsal::look(const base::Budget& budget) {
  if (looked_) return;
  const base::Budget real{clock_, clock_.now() + longest_look, budget.stop, budget.tell};
  Service service(account_, clock_);
  Json instances = service.all("rds", "DescribeDBInstances", Json::object(), "DBInstances", real);
  Json clusters = service.all("rds", "DescribeDBClusters", {{"IncludeShared", true}}, "DBClusters", real);
  instances_ = std::move(instances);
  clusters_ = std::move(clusters);
  looked_ = true;
}

/// null for what only the account knows. A password that was noted has been set, and an event says so.
base::Json Rehearsal::described(const ::aws::Call& call) const {
  if (call.service == "ssm") return described_command(call.operation);
  if (call.service != "rds") return {};
  if (call.operation == "DescribeEvents")
    for (const Json* list : {&instances_, &clusters_})
      for (const Json& each : *list)
        if (name_of(each) == text(call.input, "SourceIdentifier") && passwords_.contains(id_of(each)))
          return {{"Events", {{{"Message", "Reset master credentials"}}}}};
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

/// What names an instance or a cluster names it by its new name; by none ("") no more.
void Rehearsal::follow(bool cluster, const std::string& before, const std::string& name) {
  for (Json& each : instances_) {
    const char* member = cluster ? "DBClusterIdentifier" : "ReadReplicaSourceDBInstanceIdentifier";
    if (base::lower(text(each, member)) == before) each[member] = name;
    if (!cluster) refer(each, "ReadReplicaDBInstanceIdentifiers", nullptr, before, name);
  }
  if (cluster) return;
  for (Json& each : clusters_) refer(each, "DBClusterMembers", "DBInstanceIdentifier", before, name);
}

void Rehearsal::modify(Json& database, const Json& input) {
  for (const char* same : {"DeletionProtection", "BackupRetentionPeriod", "PubliclyAccessible"})
    if (input.contains(same)) database[same] = input[same];
  if (input.contains("VpcSecurityGroupIds")) {
    database["VpcSecurityGroups"] = active(input["VpcSecurityGroupIds"]);
    for (Json& each : instances_)
      if (kind_of(database) == Kind::cluster && text(each, "DBClusterIdentifier") == name_of(database))
        each["VpcSecurityGroups"] = database["VpcSecurityGroups"];
  }
  if (input.contains("CloudwatchLogsExportConfiguration"))
    database["EnabledCloudwatchLogsExports"] =
        part(input["CloudwatchLogsExportConfiguration"], "EnableLogTypes");
  const auto name = first_of(input, {"NewDBInstanceIdentifier", "NewDBClusterIdentifier"});
  if (name.empty()) return;
  follow(kind_of(database) == Kind::cluster, name_of(database), name);
  give_name(database, name);
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
    follow(kind_of(*found) == Kind::cluster, name_of(*found), "");
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
  made[cluster ? "DBClusterArn" : "DBInstanceArn"] =
      fmt::format("{}:{}:{}", arns_, cluster ? "cluster" : "db", name);
  made[cluster ? "Status" : "DBInstanceStatus"] = "available";
  made["VpcSecurityGroups"] = active(part(input, "VpcSecurityGroupIds"));
  for (Json& of : clusters_) {
    if (cluster || name_of(of) != text(input, "DBClusterIdentifier")) continue;
    made["VpcSecurityGroups"] = of["VpcSecurityGroups"];
    const bool first = part(of, "DBClusterMembers").empty();
    if (first) of["DBClusterMembers"] = Json::array();
    of["DBClusterMembers"].push_back({{"DBInstanceIdentifier", name}, {"IsClusterWriter", first}});
  }
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
