"""A DB instance: alone, a replica, or a member of a cluster."""
from datetime import timedelta

from . import catalogue
from .resource import Resource
from .rules import tag_list

OWN = ("DBInstanceClass", "Engine", "EngineVersion", "MasterUsername", "DBName", "AllocatedStorage", "StorageType", "Iops",
       "StorageThroughput", "MaxAllocatedStorage", "PreferredBackupWindow", "PreferredMaintenanceWindow",
       "BackupRetentionPeriod", "MultiAZ", "PubliclyAccessible", "AutoMinorVersionUpgrade", "LicenseModel",
       "StorageEncrypted", "KmsKeyId", "DeletionProtection", "IAMDatabaseAuthenticationEnabled", "CopyTagsToSnapshot",
       "MonitoringInterval", "MonitoringRoleArn", "PerformanceInsightsEnabled", "EnabledCloudwatchLogsExports",
       "PromotionTier", "AvailabilityZone", "NetworkType", "CACertificateIdentifier", "EngineLifecycleSupport",
       "MasterUserSecret", "AssociatedRoles", "DedicatedLogVolume", "CustomerOwnedIpEnabled")
# Of a member, these are its cluster's.
OF_CLUSTER = ("Engine", "EngineVersion", "MasterUsername", "DatabaseName", "BackupRetentionPeriod", "PreferredBackupWindow",
              "StorageEncrypted", "KmsKeyId", "IAMDatabaseAuthenticationEnabled", "CopyTagsToSnapshot")
SHOWN_NAMES = {"DatabaseName": "DBName"}
STEP = timedelta(minutes=5)  # of LatestRestorableTime (RDS user guide, USER_PIT)


class Instance(Resource):
    arn_kind, event_kind, store_kind = "db", "db-instance", "instances"

    def __init__(self, place, name, resource_id, attributes, tags, now):
        super().__init__(place, name, resource_id, attributes, tags, now)
        self.cluster, self.writer = None, False
        self.groups = []            # [id, status]
        self.subnet_group = None
        self.parameter_group = (None, "in-sync")
        self.option_group = None
        self.port = self.attributes.pop("Port", None)
        self.replica_of, self.replication = None, "replicating"
        self.first_backup = None    # since when points in time can be restored
        self.served = False         # it has had an endpoint

    @property
    def engine(self):
        return self["Engine"]

    @property
    def data_id(self):
        """Whose data it serves: its own, or its cluster's."""
        return self.cluster.id if self.cluster else self.id

    @property
    def replicas(self):
        return [i for i in self.place.instances if i.replica_of is self]

    @property
    def host(self):
        return f"{self.name}.{self.place.hash}.{self.place.region}.{self.place.world.servers.domain}"

    def restorable(self):
        """(earliest, latest), or None: without backups, as a member, or before the first backup."""
        if self.cluster or not self["BackupRetentionPeriod"] or self.first_backup is None:
            return None
        now = self.place.world.now() - STEP
        latest = now - timedelta(minutes=now.minute % 5, seconds=now.second, microseconds=now.microsecond)
        earliest = max(self.first_backup, now - timedelta(days=self["BackupRetentionPeriod"]))
        return (earliest, max(latest, earliest))

    def describe(self, status):
        shown = {name: self[name] for name in OWN if self[name] is not None}
        if self.cluster:
            shown.update({SHOWN_NAMES.get(n, n): self.cluster[n] for n in OF_CLUSTER if self.cluster[n] is not None})
            shown["DBClusterIdentifier"] = self.cluster.name
        groups = self.cluster.groups if self.cluster else self.groups
        restorable = self.restorable()
        name, applied = self.parameter_group
        shown.update({
            "DBInstanceIdentifier": self.name, "DBInstanceStatus": status, "DbiResourceId": self.id, "DBInstanceArn": self.arn,
            "VpcSecurityGroups": [{"VpcSecurityGroupId": g, "Status": s} for g, s in groups],
            "DBSecurityGroups": [],
            "DBParameterGroups": [{"DBParameterGroupName": name, "ParameterApplyStatus": applied}],
            "DBSubnetGroup": self.subnet_group and self.subnet_group.describe(),
            "PendingModifiedValues": dict(self.pending), "TagList": tag_list(self.tags),
            "InstanceCreateTime": None if status == "creating" else self.created,
            "LatestRestorableTime": restorable and restorable[1],
            "DbInstancePort": 0, "DomainMemberships": [],
            "OptionGroupMemberships": [{"OptionGroupName": self.option_group, "Status": "in-sync"}] if self.option_group else [],
            "ReadReplicaSourceDBInstanceIdentifier": self.replica_of and self.replica_of.name,
            "ReadReplicaDBInstanceIdentifiers": [r.name for r in self.replicas],
            "ReadReplicaDBClusterIdentifiers": [],
            "StatusInfos": self._replication(status), "ActivityStreamStatus": "stopped",
        })
        if self.served:
            shown["Endpoint"] = {"Address": self.place.world.servers.address(self.host), "Port": self.shown_port(),
                                 "HostedZoneId": "Z1BEDBEDBEDBED"}
        return shown

    def _replication(self, status):
        if not self.replica_of:
            return []
        state = self.replication if status == "available" else "stopped"
        return [{"StatusType": "read replication", "Status": state, "Normal": state == "replicating"}]

    def shown_port(self):
        real = self.place.world.servers.port(self.data_id)
        asked = self.cluster.port if self.cluster else self.port
        return real or asked or catalogue.engine(self.engine).port

    def gone(self):
        self.place.event(self.event_kind, self, "DB instance deleted.", "deletion")
        self.place.drop("instances", self)
        if not self.cluster:
            self.place.world.servers.drop(self.id)
        elif self.writer:
            heir = next((m for m in self.place.members(self.cluster) if m.line.rest == "available"), None)
            if heir:
                heir.writer = True
        for replica in self.replicas:  # USER_DeleteInstance: replicas in the Region are promoted
            replica.replica_of = None
