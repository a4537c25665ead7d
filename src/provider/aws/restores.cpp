#include "provider/aws/restores.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "provider/aws/model.h"
#include "provider/aws/origin.h"
#include "provider/aws/snapshot_copy.h"

namespace provider::aws {
namespace {

using base::Error;

/// What the file does not say is as it was in the database whose place the new one takes; without one, as in
/// the source.
const Json& model_for(const Fleet& fleet, const RestoreRequest& request, const Json& source) {
  const Json* old = request.replaces.empty() ? nullptr : fleet.by_id(request.replaces);
  return old == nullptr ? source : *old;
}

void put(Json& input, const char* member, const std::string& value) {
  if (!value.empty()) input[member] = value;
}

void carry(const Json& from, const char* member, Json& input) {
  if (!input.contains(member) && !part(from, member).is_object()) input[member] = from[member];
}

std::string or_else(const std::string& said, const std::string& otherwise) {
  return said.empty() ? otherwise : said;
}

Tags carried_tags(const Json& model, const RestoreRequest& request) {
  Tags tags = request.tags;
  if (!request.replaces.empty()) tags.merge(peoples_tags(model).carried);
  return tags;
}

Opening opening_for(const Shape& shape, const Json& model) {
  Opening opening{.groups = shape.security_groups,
                  .logs = shape.log_exports,
                  .protection = shape.deletion_protection,
                  .retention = number(model, "BackupRetentionPeriod"),
                  .backups = text(model, "PreferredBackupWindow"),
                  .maintenance = text(model, "PreferredMaintenanceWindow")};
  if (opening.groups.empty()) opening.groups = groups_of(model);
  return opening;
}

/// What RDS takes only where the storage is large enough for it.
void carry_storage(const Shape& shape, const Json& model, const Json& source, Json& input) {
  constexpr std::int64_t striped_gib = 400, percent_above = 126;
  const auto size = number(source, "AllocatedStorage");
  if (number(model, "MaxAllocatedStorage") * 100 >= size * percent_above)
    carry(model, "MaxAllocatedStorage", input);
  if (size >= striped_gib && shape.storage_type == text(model, "StorageType"))
    carry(model, "StorageThroughput", input);
}

/// Of its own, not RDS's default, and for the version of the source: "" where there is none. One of another
/// account than `ours` is not to be had here.
std::string option_group_of(const Json& database, const Json& source, const std::string& ours) {
  if (is_foreign(arn_of(database), ours)) return {};
  const auto release = [](const Json& of) {
    const auto version = text(of, "EngineVersion");
    const auto dot = version.find('.');
    return text(of, "Engine") +
           version.substr(0, dot == std::string::npos ? dot : version.find('.', dot + 1));
  };
  for (const Json& group : part(database, "OptionGroupMemberships"))
    if (const auto name = text(group, "OptionGroupName");
        !name.starts_with("default:") && release(database) == release(source))
      return name;
  return {};
}

void shape_instance(const Shape& shape, const Json& model, const Json& source, const std::string& ours,
                    Json& input) {
  put(input, "DBInstanceClass", or_else(shape.instance_class, text(model, "DBInstanceClass")));
  put(input, "StorageType", shape.storage_type);
  put(input, "DBParameterGroupName", shape.parameter_group);
  if (shape.iops) input["Iops"] = *shape.iops;
  input["MultiAZ"] = shape.multi_az;
  input["AutoMinorVersionUpgrade"] = shape.auto_minor_upgrade;
  input["PubliclyAccessible"] = false;
  input["BackupRetentionPeriod"] = 0;  // no backup may hold what is not masked yet
  for (const char* member : {"NetworkType", "CACertificateIdentifier"}) carry(model, member, input);
  for (const char* member : {"LicenseModel", "EngineLifecycleSupport"}) carry(source, member, input);
  carry_storage(shape, model, source, input);
  put(input, "OptionGroupName",
      or_else(option_group_of(model, source, ours), option_group_of(source, source, ours)));
}

void shape_cluster(const Shape& shape, const Json& model, const Json& source, Json& input) {
  put(input, "DBClusterParameterGroupName", shape.cluster_parameter_group);
  if (shape.backtrack_seconds.value_or(0) > 0) input["BacktrackWindow"] = *shape.backtrack_seconds;
  input["BackupRetentionPeriod"] = 1;  // the least that Aurora has
  for (const char* member : {"StorageType", "NetworkType"}) carry(model, member, input);
  carry(source, "EngineLifecycleSupport", input);
  for (const Json* each : {&model, &source})
    if (const Json& range = part(*each, "ServerlessV2ScalingConfiguration");
        !range.empty() && !input.contains("ServerlessV2ScalingConfiguration"))
      input["ServerlessV2ScalingConfiguration"] = range;
}

/// All that RDS would otherwise set to its own default is said: the default subnet group is in the default
/// VPC, the default security group lets others in.
Json input_of(const RestoreRequest& request, const Json& model, const Json& source, const Origin& origin,
              const std::string& subnets, const std::string& group, const std::string& ours) {
  const bool cluster = request.kind == Kind::cluster;
  const Shape& shape = request.shape;
  Json input = origin.input;
  const bool to_time = origin.operation == "RestoreDBInstanceToPointInTime";
  input[cluster   ? "DBClusterIdentifier"
        : to_time ? "TargetDBInstanceIdentifier"
                  : "DBInstanceIdentifier"] = base::lower(request.name);
  input["VpcSecurityGroupIds"] = {group};
  put(input, "DBSubnetGroupName", subnets);
  if (shape.port != 0) input["Port"] = shape.port;
  input["EnableIAMDatabaseAuthentication"] = shape.iam_auth;
  input["CopyTagsToSnapshot"] = shape.copy_tags_to_snapshots;
  input["DeletionProtection"] = false;
  if (cluster)
    shape_cluster(shape, model, source, input);
  else
    shape_instance(shape, model, source, ours, input);
  Tags tags = carried_tags(model, request);
  tags.merge(opening_labels(opening_for(shape, model)));
  tags[labels::token] = request.token;
  tags[labels::quarantine] = group;
  tags[labels::data_time] = base::iso_utc(origin.data_time);
  tags[labels::method] = origin.method;
  tags[labels::copied] = origin.copied;
  if (shape.publicly_accessible) tags[labels::publicly] = "true";
  std::erase_if(tags,
                [](const auto& tag) { return tag.first.starts_with(labels::prefix) && tag.second.empty(); });
  input["Tags"] = tag_list(tags);
  return input;
}

Error exists(const Json& other) {
  return {kind_of(other) == Kind::cluster ? "DBClusterAlreadyExistsFault" : "DBInstanceAlreadyExists",
          fmt::format("there is {} already", called(other))};
}

}  // namespace

Work<Restored> Restores::answer(const Fleet& fleet, const Json& made, const Budget& budget) {
  if (auto pending = wait_until_settled(account_, made, budget)) return *pending;
  forget_copy(account_, made, budget);
  return Restored{.database = describe(fleet, made),
                  .data_time = base::parse_iso_offset(label(made, labels::data_time)).value_or(base::Time{}),
                  .method = label(made, labels::method)};
}

Work<Restored> Restores::restore(const RestoreRequest& request, const Budget& budget) {
  const auto fleet = account_.reader.now(budget, request.token);
  if (const Json* made = fleet->by_token(request.token)) return answer(*fleet, *made, budget);
  if (const Json* other = fleet->by_name(request.kind, request.name)) throw exists(*other);
  const Json source = must_get_source(account_, *fleet, request.source, budget);
  const Json& model = model_for(*fleet, request, source);
  const auto work = origin_of(account_, request, source, model, budget);
  if (const auto* pending = std::get_if<Pending>(&work)) return *pending;
  const auto& origin = std::get<Origin>(work);
  const auto subnets = or_else(request.shape.subnet_group, subnet_group_of(model));
  const int port = request.shape.port != 0 ? request.shape.port : describe(*fleet, model).port;
  const auto group = account_.quarantine.must_have(account_.quarantine.vpc_of(subnets, budget), port, budget);
  return change(account_, request.token, origin.operation,
                input_of(request, model, source, origin, subnets, group, account_.settings.account), budget);
}

}  // namespace provider::aws
