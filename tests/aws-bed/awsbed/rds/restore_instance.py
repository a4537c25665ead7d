"""RestoreDBInstanceToPointInTime, RestoreDBInstanceFromDBSnapshot (API reference; RDS user guide: USER_PIT,
USER_RestoreFromSnapshot). Groups, subnet group, Multi-AZ, IAM authentication, deletion protection and the copying of
tags are defaults, not the source's, unless they are given."""
from . import birth, catalogue, groups, kms, rules, sharing
from .errors import Refusal, combination, value
from .instance import Instance
from .resource import new_id

CARRIED = ("DBInstanceClass", "Engine", "EngineVersion", "MasterUsername", "DBName", "AllocatedStorage", "LicenseModel",
           "StorageEncrypted", "KmsKeyId", "BackupRetentionPeriod", "PreferredBackupWindow", "PreferredMaintenanceWindow",
           "AutoMinorVersionUpgrade", "NetworkType", "CACertificateIdentifier")
GIVEN = {"DBInstanceClass": None, "LicenseModel": None, "MultiAZ": False, "PubliclyAccessible": None,
         "AutoMinorVersionUpgrade": None, "DeletionProtection": False, "CopyTagsToSnapshot": False, "MaxAllocatedStorage": None,
         "BackupRetentionPeriod": None, "PreferredBackupWindow": None, "StorageThroughput": None, "NetworkType": None,
         "CACertificateIdentifier": None, "DedicatedLogVolume": None}
READ = set(GIVEN) | {"Port", "AvailabilityZone", "DBSubnetGroupName", "DBName", "Engine", "Iops", "OptionGroupName", "Tags",
                     "StorageType", "VpcSecurityGroupIds", "EnableIAMDatabaseAuthentication", "EnableCloudwatchLogsExports",
                     "DBParameterGroupName", "AllocatedStorage", "EngineLifecycleSupport", "TagSpecifications",
                     "ManageMasterUserPassword"}
POINT = READ | {"SourceDBInstanceIdentifier", "TargetDBInstanceIdentifier", "RestoreTime", "UseLatestRestorableTime",
                "SourceDbiResourceId", "SourceDBInstanceAutomatedBackupsArn"}
SNAPSHOT = READ | {"DBInstanceIdentifier", "DBSnapshotIdentifier"}


def _settings(input, carried):
    """The attributes of the new instance."""
    found = {name: carried.get(name) for name in CARRIED}
    for name, default in GIVEN.items():
        if name in input:
            found[name] = input[name]
        elif default is not None:
            found[name] = default
    engine = found["Engine"]
    if input.get("Engine", engine) != engine:
        raise combination(f"The engine {input['Engine']} isn't compatible with the source's engine {engine}.")
    if engine in ("docdb",):
        raise value(f"engine {engine} is not supported here")
    catalogue.check_class(found["DBInstanceClass"], engine)
    if "DBName" in input and not engine.startswith(("oracle", "sqlserver")):
        raise combination(f"DBName can't be given for a restore of engine {engine}.")
    if input.get("ManageMasterUserPassword") and not engine.startswith("oracle"):
        raise combination("ManageMasterUserPassword at a restore is for RDS for Oracle only.")
    if input.get("MultiAZ") and input.get("AvailabilityZone"):
        raise combination("Requesting a specific availability zone is not valid for Multi-AZ instances.")
    retention = found["BackupRetentionPeriod"]
    if not 0 <= (retention or 0) <= 35:
        raise value("Invalid backup retention period. Must be between 0 and 35")
    found["IAMDatabaseAuthenticationEnabled"] = input.get("EnableIAMDatabaseAuthentication", False)
    logs = input.get("EnableCloudwatchLogsExports", [])
    catalogue.check_logs(logs, engine)
    found["EnabledCloudwatchLogsExports"] = logs or None
    found["EngineLifecycleSupport"] = input.get("EngineLifecycleSupport", "open-source-rds-extended-support")
    _storage(input, found, carried)
    return found


def _storage(input, found, carried):
    size = input.get("AllocatedStorage", carried.get("AllocatedStorage"))
    if size < carried["AllocatedStorage"]:
        raise value(f"Storage can't be smaller than the source's: {size} < {carried['AllocatedStorage']}")
    found["AllocatedStorage"] = size
    found["StorageType"] = input.get("StorageType") or ("io1" if input.get("Iops") else "gp3")
    if found["StorageType"] not in ("gp2", "gp3", "io1", "io2", "standard"):
        raise value(f"Invalid storage type: {found['StorageType']}")
    if found["StorageType"] in ("io1", "io2") and not input.get("Iops"):
        raise combination(f"You must specify Iops for storage of type {found['StorageType']}.")
    found["Iops"] = input.get("Iops")


def _place(ctx, input, instance):
    """Subnet group, security groups, parameter and option group, endpoint."""
    place, network = ctx.place, ctx.world.network
    subnet_group = network.subnet_group(place, input.get("DBSubnetGroupName"))
    instance.subnet_group = subnet_group
    instance.groups = [[g, "active"] for g in network.security_groups(place, input.get("VpcSecurityGroupIds"), subnet_group)]
    name = groups.parameter_group(place, input.get("DBParameterGroupName"), instance.engine, instance["EngineVersion"])
    instance.parameter_group = (name, "in-sync")
    instance.option_group = groups.option_group(place, input.get("OptionGroupName"), instance.engine, instance["EngineVersion"])
    if instance["PubliclyAccessible"] is None:  # as CreateDBInstance has it
        instance["PubliclyAccessible"] = subnet_group.name == "default"
    instance["AvailabilityZone"] = input.get("AvailabilityZone", place.region + "a")


def _restore(ctx, input, name, carried, tags, source_id, how):
    rules.port(input.get("Port"))
    birth.check_quota(ctx.place, input.get("AllocatedStorage", carried.get("AllocatedStorage") or 0))
    ctx.place.free("instances", name)
    given = rules.tags(input.get("Tags"))
    kms.readable(ctx, carried["KmsKeyId"])
    settings = _settings(input, carried)
    settings["Port"] = input.get("Port", carried.get("Port"))
    instance = Instance(ctx.place, name, new_id("db"), settings, given or tags, ctx.world.now())
    instance.source = source_id
    _place(ctx, input, instance)
    ctx.place.instances.append(instance)
    data = ctx.world.servers.restore(source_id, instance)
    birth.begin(ctx, instance, data, how)
    return {"DBInstance": instance.describe("creating")}


def carried_of(source):
    found = {name: source[name] for name in CARRIED}
    found["Port"] = source.port
    return found


def to_point_in_time(ctx, input):
    ctx.only(input, POINT)
    name = rules.identifier(input["TargetDBInstanceIdentifier"], "TargetDBInstanceIdentifier")
    which = rules.exactly_one(input, "SourceDBInstanceIdentifier", "SourceDbiResourceId", "SourceDBInstanceAutomatedBackupsArn")
    rules.exactly_one(input, "RestoreTime", "UseLatestRestorableTime")
    carried, restorable, tags, source_id = _point_source(ctx, which, input[which])
    if restorable is None:
        raise Refusal("PointInTimeRestoreNotEnabled", "The source keeps no automated backups, or has none yet.")
    time = input.get("RestoreTime")
    if time and not restorable[0] <= time <= restorable[1]:
        raise value(f"The specified instance cannot be restored to a time earlier than {restorable[0].isoformat()} or later "
                    f"than {restorable[1].isoformat()}.")
    return _restore(ctx, input, name, carried, tags, source_id, f"Restored from DB instance {input[which]} to {name}.")


def _point_source(ctx, which, text):
    place = ctx.place
    if which == "SourceDBInstanceAutomatedBackupsArn":
        backup = next((b for b in place.backups if b.arn == text), None)
        if not backup:
            raise Refusal("DBInstanceAutomatedBackupNotFound", f"Automated backup {text} not found.")
        return backup.carried, backup.restorable, backup.tags, backup.data_id
    source = place.with_id("instances", text) if which == "SourceDbiResourceId" else place.need("instances", text)
    if source is None:
        backup = next((b for b in place.backups if b.of_id == text), None)
        if backup:
            return backup.carried, backup.restorable, backup.tags, backup.data_id
        raise Refusal("DBInstanceNotFound", f"DBInstance {text} not found.")
    if source.cluster:
        raise combination("The source is a member of a DB cluster: use RestoreDBClusterToPointInTime.")
    if source.replica_of and source.engine == "postgres":
        raise Refusal("PointInTimeRestoreNotEnabled", "A read replica of PostgreSQL can't be restored to a point in time.")
    if source.status in birth.FAILED | {"creating"}:
        raise Refusal("InvalidDBInstanceState", f"DB instance {source.name} is in status {source.status}")
    return carried_of(source), source.restorable(), source.tags, source.id


def from_snapshot(ctx, input):
    ctx.only(input, SNAPSHOT)
    name = rules.identifier(input["DBInstanceIdentifier"], "DBInstanceIdentifier")
    if not input.get("DBSnapshotIdentifier"):
        raise Refusal("MissingParameter", "DBSnapshotIdentifier is missing")
    snapshot, foreign = sharing.find(ctx, "snapshots", input["DBSnapshotIdentifier"])
    if snapshot.status != "available":
        raise Refusal("InvalidDBSnapshotState", f"The snapshot {snapshot.name} is in status {snapshot.status}.")
    if foreign and snapshot.encrypted:  # USER_ShareSnapshot
        raise Refusal("InvalidDBSnapshotState", "You can't restore a DB instance from a DB snapshot that is both shared and "
                      "encrypted. Make a copy of the DB snapshot and restore the DB instance from the copy.")
    carried = dict(snapshot.settings["carried"])
    tags = {} if foreign else snapshot.settings.get("database_tags", {})
    return _restore(ctx, input, name, carried, tags, snapshot.id, f"Restored from snapshot {snapshot.name}.")
