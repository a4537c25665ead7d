"""A DB cluster of Aurora, or a Multi-AZ DB cluster (engines mysql and postgres)."""
from datetime import timedelta

from . import catalogue
from .instance import STEP
from .resource import Resource
from .rules import tag_list

OWN = ("Engine", "EngineVersion", "MasterUsername", "DatabaseName", "BackupRetentionPeriod", "PreferredBackupWindow",
       "PreferredMaintenanceWindow", "StorageEncrypted", "KmsKeyId", "DeletionProtection", "CopyTagsToSnapshot",
       "IAMDatabaseAuthenticationEnabled", "EnabledCloudwatchLogsExports", "BacktrackWindow", "HttpEndpointEnabled",
       "ServerlessV2ScalingConfiguration", "StorageType", "EngineMode", "NetworkType", "MasterUserSecret",
       "CrossAccountClone", "AllocatedStorage", "Iops", "DBClusterInstanceClass", "PubliclyAccessible",
       "AutoMinorVersionUpgrade", "EngineLifecycleSupport", "CloneGroupId", "MonitoringInterval")


class Cluster(Resource):
    arn_kind, event_kind, store_kind = "cluster", "db-cluster", "clusters"

    def __init__(self, place, name, resource_id, attributes, tags, now):
        super().__init__(place, name, resource_id, attributes, tags, now)
        self.groups, self.subnet_group, self.parameter_group = [], None, None
        self.port = self.attributes.pop("Port", None)
        self.roles = []
        self.first_backup = None
        self.member_groups = {}  # instance id -> status of the cluster's parameter group in it
        self.served = False

    @property
    def engine(self):
        return self["Engine"]

    @property
    def data_id(self):
        return self.id

    @property
    def members(self):
        return self.place.members(self)

    @property
    def multi_az(self):
        return not catalogue.engine(self.engine).aurora

    def host(self, kind="cluster"):
        return f"{self.name}.{kind}-{self.place.hash}.{self.place.region}.{self.place.world.servers.domain}"

    def restorable(self):
        """None until a restore is complete (Aurora user guide, Aurora.Managing.Backups)."""
        if self.first_backup is None or self.status == "creating":
            return None
        now = self.place.world.now() - STEP
        latest = now - timedelta(minutes=now.minute % 5, seconds=now.second, microseconds=now.microsecond)
        earliest = max(self.first_backup, now - timedelta(days=self["BackupRetentionPeriod"] or 1))
        return (earliest, max(latest, earliest))

    def describe(self, status):
        shown = {name: self[name] for name in OWN if self[name] is not None}
        restorable = None if status == "creating" else self.restorable()
        world = self.place.world
        shown.update({
            "DBClusterIdentifier": self.name, "Status": status, "DbClusterResourceId": self.id, "DBClusterArn": self.arn,
            "Endpoint": world.servers.address(self.host()), "ReaderEndpoint": world.servers.address(self.host("cluster-ro")),
            "Port": world.servers.port(self.id) or self.port or catalogue.engine(self.engine).port,
            "MultiAZ": len(self.members) > 1, "DBSubnetGroup": self.subnet_group and self.subnet_group.name,
            "DBClusterParameterGroup": self.parameter_group,
            "VpcSecurityGroups": [{"VpcSecurityGroupId": g, "Status": s} for g, s in self.groups],
            "DBClusterMembers": [{"DBInstanceIdentifier": m.name, "IsClusterWriter": m.writer,
                                  "DBClusterParameterGroupStatus": self.member_groups.get(m.id, "in-sync"),
                                  "PromotionTier": m["PromotionTier"] if m["PromotionTier"] is not None else 1}
                                 for m in self.members if m.line.status != "deleting"],
            "AssociatedRoles": [dict(r) for r in self.roles], "TagList": tag_list(self.tags),
            "ClusterCreateTime": self.created, "AvailabilityZones": [self.place.region + z for z in "abc"],
            "EarliestRestorableTime": restorable and restorable[0], "LatestRestorableTime": restorable and restorable[1],
            "PendingModifiedValues": dict(self.pending) or None, "HostedZoneId": "Z1BEDBEDBEDBED",
            "ReadReplicaIdentifiers": [], "DomainMemberships": [], "ActivityStreamStatus": "stopped",
            "CustomEndpoints": [],
        })
        return shown

    def gone(self):
        self.place.event(self.event_kind, self, "DB cluster deleted.", "deletion")
        self.place.drop("clusters", self)
        self.place.world.servers.drop(self.id)
