#include "provider/aws/origin.h"

#include <fmt/format.h>

#include "base/error.h"
#include "provider/aws/model.h"
#include "provider/aws/snapshot_copy.h"

namespace provider::aws {
namespace {

using base::Error;

base::Time latest_of(const Json& source) {
  if (const auto latest = time(source, "LatestRestorableTime")) return *latest;
  throw Error("PointInTimeRestoreNotEnabled",
              fmt::format("{} has no time that it can be restored to", called(source)),
              "automated backups must be on; of a database that was just restored, wait until it has one");
}

/// Of what was found elsewhere, nothing but a shared snapshot or a shared cluster's clone leads here.
void must_be_here(const Account& account, const Json& source) {
  if (account.source == nullptr || !is_foreign(arn_of(source), account.settings.account)) return;
  throw Error(
      "PointInTimeRestoreNotEnabled",
      fmt::format("{} is in another account: RDS restores no point in time from there", called(source)),
      "restoretype fromsnapshot, with a snapshot that is shared with this account");
}

/// The source is named by its resource id, for names move; one of another account by its ARN.
void name_source(const Json& source, bool shared, Json& input) {
  if (kind_of(source) == Kind::instance)
    input["SourceDbiResourceId"] = id_of(source);
  else if (shared)
    input["SourceDBClusterIdentifier"] = arn_of(source);
  else
    input["SourceDbClusterResourceId"] = id_of(source);
}

Origin from_time(const RestoreRequest& request, const Json& source) {
  const bool cluster = request.kind == Kind::cluster;
  Origin out{.operation = fmt::format("RestoreDB{}ToPointInTime", cluster ? "Cluster" : "Instance"),
             .method = "restored to a point in time",
             .input = Json::object()};
  name_source(source, false, out.input);
  if (request.type == RestoreType::restore_point) {
    const auto asked = request.time.value();
    if (asked > latest_of(source))
      throw Error("InvalidRestoreFault",
                  fmt::format("{} can be restored to {} at the latest, not to {}", called(source),
                              base::iso_utc(latest_of(source)), base::iso_utc(asked)));
    out.input[cluster ? "RestoreToTime" : "RestoreTime"] = base::iso_utc(asked);
    out.data_time = asked;
    return out;
  }
  out.data_time = latest_of(source);
  out.input["UseLatestRestorableTime"] = true;
  return out;
}

Origin clone(const Account& account, const Json& source, const Json& model, base::Time now) {
  Origin out{.operation = "RestoreDBClusterToPointInTime",
             .method = "cloned copy on write",
             .input = {{"RestoreType", "copy-on-write"}, {"UseLatestRestorableTime", true}},
             .data_time = now};
  const bool foreign = is_foreign(arn_of(source), account.settings.account);
  name_source(source, foreign, out.input);
  if (foreign && flag(source, "StorageEncrypted")) out.input["KmsKeyId"] = key_for(account, model);
  return out;
}

/// By the name that the request has, or, where that is one of another account, by its ARN.
Origin from_snapshot(const Account& account, const RestoreRequest& request, const Json& snapshot) {
  const bool cluster = request.kind == Kind::cluster;
  const auto taken = time(snapshot, "OriginalSnapshotCreateTime");
  const auto arn = arn_of_snapshot(snapshot);
  const auto name = is_foreign(arn, account.settings.account) ? arn : request.snapshot;
  if (text(snapshot, "Status") != "available")
    throw Error("InvalidDBSnapshotState",
                fmt::format("snapshot {} is {}", request.snapshot, text(snapshot, "Status")));
  Origin out{.operation = cluster ? "RestoreDBClusterFromSnapshot" : "RestoreDBInstanceFromDBSnapshot",
             .method = "restored from snapshot " + request.snapshot,
             .input = {{cluster ? "SnapshotIdentifier" : "DBSnapshotIdentifier", name}},
             .data_time = taken ? *taken : time(snapshot, "SnapshotCreateTime").value_or(base::Time{})};
  if (!cluster) return out;
  // Left out, the version would be the Region's default.
  out.input["Engine"] = text(snapshot, "Engine");
  out.input["EngineVersion"] =
      request.shape.engine_version.empty() ? text(snapshot, "EngineVersion") : request.shape.engine_version;
  return out;
}

}  // namespace

std::optional<Json> find_snapshot(Service& service, Kind kind, const std::string& name,
                                  const Budget& budget) {
  const bool cluster = kind == Kind::cluster;
  try {
    const auto all = service.all(
        "rds", cluster ? "DescribeDBClusterSnapshots" : "DescribeDBSnapshots",
        {{cluster ? "DBClusterSnapshotIdentifier" : "DBSnapshotIdentifier", name}, {"IncludeShared", true}},
        cluster ? "DBClusterSnapshots" : "DBSnapshots", budget);
    return all.empty() ? std::nullopt : std::optional(all.front());
  } catch (const Error& error) {
    if (error.code != "DBSnapshotNotFound" && error.code != "DBClusterSnapshotNotFoundFault") throw;
    return std::nullopt;
  }
}

std::optional<Json> find_named_snapshot(Account& account, const RestoreRequest& request,
                                        const Budget& budget) {
  std::string name = request.snapshot;
  if (account.source != nullptr && !name.starts_with("arn:")) {
    const auto there = find_snapshot(account.source->service(), request.kind, name, budget);
    if (!there) return std::nullopt;
    name = arn_of_snapshot(*there);
  }
  return find_snapshot(account.service, request.kind, name, budget);
}

namespace {

Work<Origin> from_named_snapshot(Account& account, const RestoreRequest& request, const Json& model,
                                 const Budget& budget) {
  const bool cluster = request.kind == Kind::cluster;
  const auto snapshot = find_named_snapshot(account, request, budget);
  if (!snapshot)
    throw Error(cluster ? "DBClusterSnapshotNotFoundFault" : "DBSnapshotNotFound",
                fmt::format("there is no snapshot {}", request.snapshot));
  Origin origin = from_snapshot(account, request, *snapshot);
  if (cluster && flag(*snapshot, "StorageEncrypted") &&
      is_foreign(arn_of_snapshot(*snapshot), account.settings.account))
    origin.input["KmsKeyId"] = key_for(account, model);
  if (cluster || !must_be_copied(account, *snapshot)) return origin;
  const auto copy = copy_of(account, request, *snapshot, model, budget);
  if (const auto* pending = std::get_if<Pending>(&copy)) return *pending;
  origin.copied = text(std::get<Json>(copy), "DBSnapshotIdentifier");
  origin.input["DBSnapshotIdentifier"] = origin.copied;
  return origin;
}

}  // namespace

Work<Origin> origin_of(Account& account, const RestoreRequest& request, const Json& source, const Json& model,
                       const Budget& budget) {
  if (request.type == RestoreType::from_snapshot) return from_named_snapshot(account, request, model, budget);
  if (request.type == RestoreType::fast_cloning && request.kind == Kind::cluster)
    return clone(account, source, model, budget.clock.now());
  must_be_here(account, source);
  return from_time(request, source);
}

}  // namespace provider::aws
