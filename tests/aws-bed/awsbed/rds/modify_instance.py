"""ModifyDBInstance (API reference; RDS user guide: Overview.DBInstance.Modifying, USER_RenameInstance)."""
from . import catalogue, groups, managed, rules
from .birth import first_backup
from .errors import Refusal, combination, value

# Of a member, these are the cluster's (API reference: "doesn't apply to Amazon Aurora").
CLUSTERS_OWN = ("VpcSecurityGroupIds", "MasterUserPassword", "BackupRetentionPeriod", "PreferredBackupWindow", "DeletionProtection",
                "EnableIAMDatabaseAuthentication", "MultiAZ", "AllocatedStorage", "StorageType", "Iops", "OptionGroupName",
                "DBSubnetGroupName", "DBPortNumber", "MaxAllocatedStorage", "EngineVersion", "ManageMasterUserPassword")
# Applied as soon as possible, whatever ApplyImmediately says; parameter -> attribute.
SOON = {"DeletionProtection": "DeletionProtection", "CopyTagsToSnapshot": "CopyTagsToSnapshot",
        "PreferredBackupWindow": "PreferredBackupWindow", "PreferredMaintenanceWindow": "PreferredMaintenanceWindow",
        "AutoMinorVersionUpgrade": "AutoMinorVersionUpgrade", "PromotionTier": "PromotionTier",
        "PubliclyAccessible": "PubliclyAccessible", "MaxAllocatedStorage": "MaxAllocatedStorage",
        "MonitoringInterval": "MonitoringInterval", "MonitoringRoleArn": "MonitoringRoleArn",
        "EnablePerformanceInsights": "PerformanceInsightsEnabled"}
# Wait for the maintenance window without ApplyImmediately; parameter -> (attribute, name among pending values, status).
WINDOW = {"DBInstanceClass": ("DBInstanceClass", "DBInstanceClass", "modifying"),
          "AllocatedStorage": ("AllocatedStorage", "AllocatedStorage", "modifying"),
          "StorageType": ("StorageType", "StorageType", "modifying"), "Iops": ("Iops", "Iops", "modifying"),
          "MultiAZ": ("MultiAZ", "MultiAZ", "modifying"), "EngineVersion": ("EngineVersion", "EngineVersion", "upgrading"),
          "CACertificateIdentifier": ("CACertificateIdentifier", "CACertificateIdentifier", "modifying"),
          "BackupRetentionPeriod": ("BackupRetentionPeriod", "BackupRetentionPeriod", "modifying"),
          "EnableIAMDatabaseAuthentication": ("IAMDatabaseAuthenticationEnabled", "IAMDatabaseAuthenticationEnabled",
                                              "configuring-iam-database-auth")}
READ = set(SOON) | set(WINDOW) | {"DBInstanceIdentifier", "NewDBInstanceIdentifier", "ApplyImmediately", "MasterUserPassword",
                                  "VpcSecurityGroupIds", "DBParameterGroupName", "OptionGroupName", "ManageMasterUserPassword",
                                  "RotateMasterUserPassword", "CloudwatchLogsExportConfiguration", "AllowMajorVersionUpgrade",
                                  "MasterUserSecretKmsKeyId"}
MODIFIABLE = ("available", "storage-optimization", "storage-full", "incompatible-credentials", "incompatible-option-group")


def modify(ctx, input):
    ctx.only(input, READ)
    instance = ctx.place.need("instances", input["DBInstanceIdentifier"])
    if instance.status not in MODIFIABLE or instance.line.busy:
        raise Refusal("InvalidDBInstanceState", f"Database instance is not in available state: {instance.name} is in status "
                      f"{instance.status}.")
    _check(ctx, instance, input)
    now = input.get("ApplyImmediately", False)
    _soon(ctx, instance, input)
    _groups(ctx, instance, input)
    managed.change(ctx, instance, input, lambda end: step(ctx, instance, "resetting-master-credentials", end))
    _window(ctx, instance, input, now)
    _rename(ctx, instance, input, now)
    if now and instance.waiting:
        apply_waiting(ctx, instance)
    if ctx.terminal and ctx.terminal != managed.NOT_RESET:
        step(ctx, instance, "modifying", lambda: end_badly(ctx, instance))
    return {"DBInstance": instance.describe(instance.status)}


def _check(ctx, instance, input):
    if instance.cluster:
        for parameter in CLUSTERS_OWN:
            if parameter in input:
                raise combination(f"{parameter} isn't applicable to a member of a DB cluster. Modify the DB cluster instead.")
    if "DBInstanceClass" in input:
        catalogue.check_class(input["DBInstanceClass"], instance.engine)
    if "MasterUserPassword" in input:
        rules.password(input["MasterUserPassword"], instance.engine)
        if instance.replica_of:
            raise Refusal("InvalidDBInstanceState", "A read replica has its source's master password.")
    retention = input.get("BackupRetentionPeriod")
    if retention is not None and not 0 <= retention <= 35:
        raise value("Invalid backup retention period. Must be between 0 and 35")
    if retention == 0 and instance.replicas:
        raise Refusal("InvalidDBInstanceState", "Backups can't be turned off: the instance has read replicas.")
    size = input.get("AllocatedStorage")
    if size is not None and size < instance["AllocatedStorage"]:
        raise combination("Storage can't be made smaller.")
    if "EngineVersion" in input and catalogue.major(instance.engine, input["EngineVersion"]) != \
            catalogue.major(instance.engine, instance["EngineVersion"]) and not input.get("AllowMajorVersionUpgrade"):
        raise combination("The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.")
    if input.get("MonitoringInterval") and not (input.get("MonitoringRoleArn") or instance["MonitoringRoleArn"]):
        raise combination("A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.")
    if "NewDBInstanceIdentifier" in input:
        name = rules.identifier(input["NewDBInstanceIdentifier"], "NewDBInstanceIdentifier")
        ctx.place.free("instances", name, but=None if name == instance.name else instance)
    if "DBParameterGroupName" in input:
        groups.parameter_group(ctx.place, input["DBParameterGroupName"], instance.engine, instance["EngineVersion"])
    if "OptionGroupName" in input:
        groups.option_group(ctx.place, input["OptionGroupName"], instance.engine, instance["EngineVersion"])
    if "VpcSecurityGroupIds" in input:
        ctx.world.network.security_groups(ctx.place, input["VpcSecurityGroupIds"], instance.subnet_group)
    catalogue.check_logs(input.get("CloudwatchLogsExportConfiguration", {}).get("EnableLogTypes", []), instance.engine)
    managed.check(instance, input, input.get("ApplyImmediately", False), "DB instance")


def _soon(ctx, instance, input):
    for parameter, attribute in SOON.items():
        if parameter in input:
            instance[attribute] = input[parameter]
    if "PubliclyAccessible" in input:
        ctx.world.exposure.look(ctx.world, f"{instance.name} is {'' if input['PubliclyAccessible'] else 'not '}public")
    logs = input.get("CloudwatchLogsExportConfiguration")
    if logs:
        names = catalogue.exported_logs(instance, logs)
        step(ctx, instance, "configuring-log-exports", lambda: instance.attributes.update(EnabledCloudwatchLogsExports=names))
    if "DBParameterGroupName" in input:
        name = input["DBParameterGroupName"].lower()
        instance.parameter_group = (name, "applying")
        step(ctx, instance, "modifying", lambda: setattr(instance, "parameter_group", (name, "pending-reboot")))


def step(ctx, instance, status, end=None):
    """A change that shows late: first nothing, then a status of its own."""
    pace, line = ctx.world.pace, instance.line
    if not line.busy and pace.polls("lag", instance.name):
        line.add("", pace.polls("lag", instance.name))
    line.add(status, pace.polls(status, instance.name) if status else 0, end=end)


def end_badly(ctx, resource):
    """In the status that the test has scripted."""
    resource.line.rest = ctx.terminal
    resource.place.event(resource.event_kind, resource, f"DB {resource.name} is in status {ctx.terminal}.", "failure")


def _groups(ctx, instance, input):
    if "VpcSecurityGroupIds" not in input:
        return
    change_groups(ctx, instance, input["VpcSecurityGroupIds"], instance.subnet_group)


def change_groups(ctx, owner, ids, subnet_group):
    """The old ones are being removed and the new ones being added for a while; until then both may let in."""
    ids = ctx.world.network.security_groups(ctx.place, ids, subnet_group)
    kept = [[g, "active" if g in ids else "removing"] for g, s in owner.groups if s != "removing"]
    owner.groups = kept + [[g, "adding"] for g in ids if g not in [k for k, _ in kept]]
    ctx.world.exposure.look(ctx.world, f"{owner.name} has other security groups")

    def end():
        owner.groups = [[g, "active"] for g in ids]
        ctx.world.exposure.look(ctx.world, f"{owner.name} has other security groups")
    owner.line.add("", max(1, ctx.world.pace.polls("groups", owner.name)), end=end)


def _window(ctx, instance, input, now):
    changes = {p: input[p] for p in WINDOW if p in input and input[p] != instance[WINDOW[p][0]]}
    if changes.get("BackupRetentionPeriod") and instance["BackupRetentionPeriod"]:  # from one number of days to another
        instance["BackupRetentionPeriod"] = changes.pop("BackupRetentionPeriod")
    if "OptionGroupName" in input and input["OptionGroupName"] != instance.option_group:
        changes["OptionGroupName"] = input["OptionGroupName"]
    for parameter, given in changes.items():
        instance.waiting[parameter] = given
        if parameter in WINDOW:
            instance.pending[WINDOW[parameter][1]] = given


def _rename(ctx, instance, input, now):
    if "NewDBInstanceIdentifier" in input:
        instance.becoming = input["NewDBInstanceIdentifier"].lower()
        instance.waiting["NewDBInstanceIdentifier"] = instance.becoming
        instance.pending["DBInstanceIdentifier"] = instance.becoming


def apply_waiting(ctx, instance):
    """What waited for ApplyImmediately or for the maintenance window. A rename comes last: it reboots."""
    waiting, instance.waiting = instance.waiting, {}
    for parameter, given in waiting.items():
        if parameter in WINDOW:
            step(ctx, instance, WINDOW[parameter][2], lambda p=parameter, g=given: _applied(ctx, instance, p, g))
        elif parameter == "OptionGroupName":
            step(ctx, instance, "modifying", lambda g=given: setattr(instance, "option_group", g))
    if "NewDBInstanceIdentifier" in waiting:
        rename(ctx, instance, waiting["NewDBInstanceIdentifier"])


def _applied(ctx, instance, parameter, given):
    attribute, pending, _ = WINDOW[parameter]
    instance[attribute] = given
    instance.pending.pop(pending, None)
    if parameter == "BackupRetentionPeriod":
        instance.first_backup = None
        if given:
            instance.line.add("backing-up", ctx.world.pace.polls("backing-up", instance.name),
                              end=lambda: first_backup(ctx, instance))


def rename(ctx, instance, name):
    """Nothing shows; renaming, under the old name; found under none; rebooting, under the new one."""
    pace, old = ctx.world.pace, instance.name

    def renamed():
        instance.place.event("db-instance", instance, f"Renamed instance from {old} to {name}.", "configuration change")
        instance.name, instance.becoming = name, None
        instance.pending.pop("DBInstanceIdentifier", None)
        ctx.world.servers.hosts_changed(ctx.world)
        ctx.world.exposure.look(ctx.world, f"{old} became {name}")
    step(ctx, instance, "renaming", renamed)
    if pace.polls("gap", old):
        instance.line.add("rebooting", pace.polls("gap", old), hidden=True)
    instance.line.add("rebooting", pace.polls("rebooting", old), ready=ctx.world.servers.restart_later(instance),
                      end=lambda: rebooted(ctx, instance))


def rebooted(ctx, instance):
    name, status = instance.parameter_group
    instance.parameter_group = (name, "in-sync")
    instance.place.event("db-instance", instance, "DB instance restarted.", "availability")
    if instance.cluster:
        instance.cluster.member_groups[instance.id] = "in-sync"
