"""ModifyDBCluster (API reference; Aurora user guide: Aurora.Modifying)."""
from . import catalogue, groups, managed, rules
from .errors import Refusal, combination, value
from .modify_instance import change_groups, end_badly
from .restore_cluster import scaling

SOON = {"DeletionProtection": "DeletionProtection", "CopyTagsToSnapshot": "CopyTagsToSnapshot",
        "BackupRetentionPeriod": "BackupRetentionPeriod", "PreferredBackupWindow": "PreferredBackupWindow",
        "PreferredMaintenanceWindow": "PreferredMaintenanceWindow", "EnableHttpEndpoint": "HttpEndpointEnabled",
        "BacktrackWindow": "BacktrackWindow"}
READ = set(SOON) | {"DBClusterIdentifier", "NewDBClusterIdentifier", "ApplyImmediately", "DBClusterParameterGroupName",
                    "VpcSecurityGroupIds", "MasterUserPassword", "EnableIAMDatabaseAuthentication", "EngineVersion",
                    "CloudwatchLogsExportConfiguration", "ServerlessV2ScalingConfiguration", "ManageMasterUserPassword",
                    "RotateMasterUserPassword", "MasterUserSecretKmsKeyId", "AllowMajorVersionUpgrade"}


def modify(ctx, input):
    ctx.only(input, READ)
    cluster = ctx.place.need("clusters", input["DBClusterIdentifier"])
    if cluster.status != "available" or cluster.line.busy:
        raise Refusal("InvalidDBClusterStateFault", f"DB cluster {cluster.name} is in status {cluster.status}; it must be available")
    _check(ctx, cluster, input)
    _soon(ctx, cluster, input)
    _late(ctx, cluster, input)
    if input.get("ApplyImmediately", False):
        apply_waiting(ctx, cluster)
    if ctx.terminal and ctx.terminal != managed.NOT_RESET:
        step(ctx, cluster, "modifying", lambda: end_badly(ctx, cluster))
    return {"DBCluster": cluster.describe(cluster.status)}


def _check(ctx, cluster, input):
    if "MasterUserPassword" in input:
        rules.password(input["MasterUserPassword"], cluster.engine)
    if "BackupRetentionPeriod" in input and not 1 <= input["BackupRetentionPeriod"] <= 35:
        raise value("Invalid backup retention period. Must be between 1 and 35")
    if "NewDBClusterIdentifier" in input:
        name = rules.identifier(input["NewDBClusterIdentifier"], "NewDBClusterIdentifier")
        ctx.place.free("clusters", name, but=None if name == cluster.name else cluster)
    if "DBClusterParameterGroupName" in input:
        groups.parameter_group(ctx.place, input["DBClusterParameterGroupName"], cluster.engine, cluster["EngineVersion"], cluster=True)
    if "VpcSecurityGroupIds" in input:
        ctx.world.network.security_groups(ctx.place, input["VpcSecurityGroupIds"], cluster.subnet_group)
    if input.get("BacktrackWindow") and not cluster["BacktrackWindow"]:
        raise combination("Backtrack can be turned on only when a DB cluster is made or restored.")
    if "EngineVersion" in input:
        catalogue.version_of(cluster.engine, input["EngineVersion"])
    scaling(input.get("ServerlessV2ScalingConfiguration"))
    catalogue.check_logs(input.get("CloudwatchLogsExportConfiguration", {}).get("EnableLogTypes", []), cluster.engine)
    managed.check(cluster, input, input.get("ApplyImmediately", False), "DB cluster")


def _soon(ctx, cluster, input):
    for parameter, attribute in SOON.items():
        if parameter in input:
            cluster[attribute] = input[parameter]
    if "ServerlessV2ScalingConfiguration" in input:
        cluster["ServerlessV2ScalingConfiguration"] = scaling(input["ServerlessV2ScalingConfiguration"])
    logs = input.get("CloudwatchLogsExportConfiguration")
    if logs:
        cluster["EnabledCloudwatchLogsExports"] = catalogue.exported_logs(cluster, logs)
    if "DBClusterParameterGroupName" in input:  # needs a reboot of each member
        cluster.parameter_group = input["DBClusterParameterGroupName"].lower()
        cluster.member_groups = {m.id: "pending-reboot" for m in cluster.members}
    if "VpcSecurityGroupIds" in input:
        change_groups(ctx, cluster, input["VpcSecurityGroupIds"], cluster.subnet_group)


def _late(ctx, cluster, input):
    """What shows only with ApplyImmediately, or in the maintenance window."""
    if "MasterUserPassword" in input or "ManageMasterUserPassword" in input or "RotateMasterUserPassword" in input:
        cluster.waiting["password"] = {k: v for k, v in input.items() if "Master" in k}
        if "MasterUserPassword" in input:
            cluster.pending["MasterUserPassword"] = "****"
    if "EnableIAMDatabaseAuthentication" in input and \
            input["EnableIAMDatabaseAuthentication"] != cluster["IAMDatabaseAuthenticationEnabled"]:
        cluster.waiting["iam"] = cluster.pending["IAMDatabaseAuthenticationEnabled"] = input["EnableIAMDatabaseAuthentication"]
    if "EngineVersion" in input and input["EngineVersion"] != cluster["EngineVersion"]:
        cluster.waiting["version"] = cluster.pending["EngineVersion"] = input["EngineVersion"]
    if "NewDBClusterIdentifier" in input:
        cluster.becoming = cluster.waiting["name"] = cluster.pending["DBClusterIdentifier"] = input["NewDBClusterIdentifier"].lower()


def step(ctx, cluster, status, end):
    pace, line = ctx.world.pace, cluster.line
    if not line.busy and pace.polls("lag", cluster.name):
        line.add("", pace.polls("lag", cluster.name))
    line.add(status, pace.polls(status, cluster.name), end=end)


def apply_waiting(ctx, cluster):
    waiting, cluster.waiting = cluster.waiting, {}
    if "iam" in waiting:
        step(ctx, cluster, "modifying", lambda: _set(cluster, "IAMDatabaseAuthenticationEnabled", waiting["iam"]))
    if "version" in waiting:
        step(ctx, cluster, "upgrading", lambda: _set(cluster, "EngineVersion", waiting["version"]))
    if "password" in waiting:
        managed.change(ctx, cluster, waiting["password"], lambda end: step(ctx, cluster, "resetting-master-credentials", end))
    if "name" in waiting:
        _rename(ctx, cluster, waiting["name"])


def _set(cluster, attribute, given):
    cluster[attribute] = given
    cluster.pending.pop(attribute, None)


def _rename(ctx, cluster, name):
    """Members follow, and keep their own names."""
    old = cluster.name

    def renamed():
        cluster.place.event("db-cluster", cluster, f"Renamed cluster from {old} to {name}.", "configuration change")
        cluster.name, cluster.becoming = name, None
        cluster.pending.pop("DBClusterIdentifier", None)
        ctx.world.servers.hosts_changed(ctx.world)
        ctx.world.exposure.look(ctx.world, f"{old} became {name}")
    step(ctx, cluster, "renaming", renamed)
    if ctx.world.pace.polls("gap", old):
        cluster.line.add("renaming", ctx.world.pace.polls("gap", old), hidden=True)
