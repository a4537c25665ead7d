"""RestoreDBClusterToPointInTime, RestoreDBClusterFromSnapshot (API reference; Aurora user guide: aurora-pitr,
Aurora.Managing.Clone). What is made has no instances; CreateDBInstance adds them."""
from . import birth, catalogue, groups, kms, rules, sharing
from .cluster import Cluster
from .errors import Refusal, combination, value
from .resource import new_id

CARRIED = ("Engine", "EngineVersion", "MasterUsername", "DatabaseName", "StorageEncrypted", "KmsKeyId", "PreferredBackupWindow",
           "PreferredMaintenanceWindow", "BackupRetentionPeriod", "EngineMode", "AllocatedStorage")
READ = {"DBClusterIdentifier", "Port", "DBSubnetGroupName", "VpcSecurityGroupIds", "Tags", "KmsKeyId",
        "EnableIAMDatabaseAuthentication", "BacktrackWindow", "EnableCloudwatchLogsExports", "DBClusterParameterGroupName",
        "DeletionProtection", "CopyTagsToSnapshot", "StorageType", "NetworkType", "ServerlessV2ScalingConfiguration",
        "EngineMode", "BackupRetentionPeriod", "PreferredBackupWindow", "EngineLifecycleSupport", "TagSpecifications",
        "DBClusterInstanceClass", "Iops", "PubliclyAccessible"}
POINT = READ | {"SourceDBClusterIdentifier", "SourceDbClusterResourceId", "RestoreType", "RestoreToTime",
                "UseLatestRestorableTime"}
SNAPSHOT = READ | {"SnapshotIdentifier", "Engine", "EngineVersion", "AvailabilityZones"}


def scaling(given):
    if given is None:
        return None
    low, high = given.get("MinCapacity"), given.get("MaxCapacity")
    if low is None or high is None or not 0 <= low <= high or high < 1 or high > 256:
        raise combination(f"The Serverless v2 range {low} to {high} is not valid.")
    return dict(given)


def _settings(input, carried):
    found = {name: carried.get(name) for name in CARRIED}
    engine = catalogue.engine(found["Engine"])
    found.update({"DeletionProtection": input.get("DeletionProtection", False),
                  "CopyTagsToSnapshot": input.get("CopyTagsToSnapshot", False),
                  "IAMDatabaseAuthenticationEnabled": input.get("EnableIAMDatabaseAuthentication", False),
                  "HttpEndpointEnabled": False, "CrossAccountClone": False,
                  "StorageType": input.get("StorageType"),
                  "ServerlessV2ScalingConfiguration": scaling(input.get("ServerlessV2ScalingConfiguration")),
                  "EngineLifecycleSupport": input.get("EngineLifecycleSupport", "open-source-rds-extended-support")})
    for name in ("BackupRetentionPeriod", "PreferredBackupWindow", "NetworkType", "DBClusterInstanceClass", "Iops"):
        if name in input:
            found[name] = input[name]
    if not 1 <= (found["BackupRetentionPeriod"] or 0) <= 35:
        raise value("Invalid backup retention period. Must be between 1 and 35")
    if input.get("BacktrackWindow"):
        if found["Engine"] != "aurora-mysql":
            raise combination("Backtrack is for Aurora MySQL only.")
        if not 0 <= input["BacktrackWindow"] <= 259200:
            raise value("BacktrackWindow must be from 0 to 259200.")
        found["BacktrackWindow"] = input["BacktrackWindow"]
    if input.get("StorageType") and engine.aurora and input["StorageType"] not in ("aurora", "aurora-iopt1"):
        raise combination(f"Aurora has no storage type {input['StorageType']}")
    logs = input.get("EnableCloudwatchLogsExports", [])
    catalogue.check_logs(logs, found["Engine"])
    found["EnabledCloudwatchLogsExports"] = logs or None
    return found


def _restore(ctx, input, name, carried, tags, source_id, how, port):
    place, network = ctx.place, ctx.world.network
    if len(place.clusters) >= place.quotas["DBClusters"]:
        raise Refusal("DBClusterQuotaExceededFault", "DB Cluster quota exceeded")
    place.free("clusters", name)
    if not catalogue.engine(carried["Engine"]).aurora:
        ctx.unmodelled(f"a Multi-AZ DB cluster ({carried['Engine']})")
    given = rules.tags(input.get("Tags"))
    settings = _settings(input, carried)
    settings["Port"] = rules.port(input.get("Port")) or port
    cluster = Cluster(place, name, new_id("cluster"), settings, given or tags, ctx.world.now())
    cluster.source = source_id
    cluster.subnet_group = network.subnet_group(place, input.get("DBSubnetGroupName"))
    cluster.groups = [[g, "active"] for g in
                      network.security_groups(place, input.get("VpcSecurityGroupIds"), cluster.subnet_group)]
    cluster.parameter_group = groups.parameter_group(place, input.get("DBClusterParameterGroupName"), cluster.engine,
                                                     cluster["EngineVersion"], cluster=True)
    place.clusters.append(cluster)
    birth.begin(ctx, cluster, ctx.world.servers.restore(source_id, cluster), how)
    return {"DBCluster": cluster.describe("creating")}


def carried_of(source):
    return {name: source[name] for name in CARRIED}


def to_point_in_time(ctx, input):
    ctx.only(input, POINT)
    name = rules.identifier(input["DBClusterIdentifier"], "DBClusterIdentifier")
    which = rules.exactly_one(input, "SourceDBClusterIdentifier", "SourceDbClusterResourceId")
    kind = input.get("RestoreType", "full-copy")
    if kind not in ("full-copy", "copy-on-write"):
        raise value(f"Invalid restore type: {kind}")
    if kind == "copy-on-write" and input.get("RestoreToTime"):
        raise combination("RestoreToTime can't be specified if RestoreType is copy-on-write.")
    rules.exactly_one(input, "RestoreToTime", "UseLatestRestorableTime")
    source = ctx.place.with_id("clusters", input[which]) if which == "SourceDbClusterResourceId" else \
        ctx.place.need("clusters", input[which])
    if source is None:
        raise Refusal("DBClusterNotFoundFault", f"DBCluster {input[which]} not found.")
    if source.status in birth.FAILED | {"creating", "deleting"}:
        raise Refusal("InvalidDBClusterStateFault", f"DB cluster {source.name} is in status {source.status}")
    if kind == "copy-on-write" and not source.members:
        raise Refusal("InvalidDBClusterStateFault", "The source of a clone must have at least one DB instance.")
    restorable = source.restorable()
    if restorable is None:  # no backup or restore until a restore is complete
        raise Refusal("InvalidDBClusterStateFault", f"DB cluster {source.name} has no restorable time yet.")
    time = input.get("RestoreToTime")
    if time and not restorable[0] <= time <= restorable[1]:
        raise value(f"The specified time must be from {restorable[0].isoformat()} to {restorable[1].isoformat()}.")
    carried = carried_of(source)
    kms.readable(ctx, carried["KmsKeyId"])
    _key(ctx, input, carried)
    if kind == "copy-on-write":
        source["CloneGroupId"] = carried["CloneGroupId"] = source["CloneGroupId"] or new_id("clone")[6:].lower()
    return _restore(ctx, input, name, carried, source.tags, source.id, "DB cluster created.",
                    catalogue.engine(source.engine).port)


def _key(ctx, input, carried):
    if not input.get("KmsKeyId"):
        return
    if not carried["StorageEncrypted"]:
        raise combination("KmsKeyId can't be given: the source DB cluster isn't encrypted.")
    carried["KmsKeyId"] = kms.usable(ctx, input["KmsKeyId"])


def from_snapshot(ctx, input):
    ctx.only(input, SNAPSHOT)
    name = rules.identifier(input["DBClusterIdentifier"], "DBClusterIdentifier")
    snapshot, foreign = sharing.find(ctx, "cluster_snapshots", input["SnapshotIdentifier"])
    if snapshot.status != "available":
        raise Refusal("InvalidDBClusterSnapshotStateFault", f"The snapshot {snapshot.name} is in status {snapshot.status}.")
    carried = dict(snapshot.settings["carried"])
    if input["Engine"] != carried["Engine"]:
        raise combination(f"The engine {input['Engine']} isn't compatible with the snapshot's engine {carried['Engine']}.")
    version = catalogue.version_of(input["Engine"], input.get("EngineVersion"))  # absent: the Region's default
    if _older(version, carried["EngineVersion"]):
        raise combination(f"Cannot restore a snapshot of {carried['EngineVersion']} to {version}")
    carried["EngineVersion"] = version
    carried.pop("CloneGroupId", None)
    kms.readable(ctx, carried["KmsKeyId"])
    if input.get("KmsKeyId"):
        carried["KmsKeyId"], carried["StorageEncrypted"] = kms.usable(ctx, input["KmsKeyId"]), True
    tags = {} if foreign else snapshot.settings.get("database_tags", {})
    return _restore(ctx, input, name, carried, tags, snapshot.id, "DB cluster created.", carried.get("Port"))


def _older(left, right):
    def numbers(text):
        return [int(part) for part in text.replace("mysql_aurora.", "").split(".") if part.isdigit()]
    return numbers(left) < numbers(right)
