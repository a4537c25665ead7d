"""A snapshot of an instance or of a cluster, and who may restore from it."""
from .resource import Resource
from .rules import tag_list

TAKEN = ("Engine", "EngineVersion", "MasterUsername", "AllocatedStorage", "StorageType", "Iops", "LicenseModel",
         "IAMDatabaseAuthenticationEnabled")


class Snapshot(Resource):
    """`settings` are what the database had when it was taken. `data_id` is where servers keep its data."""

    def __init__(self, place, name, resource_id, kind, of, attributes, tags, now, type="manual"):
        super().__init__(place, name, resource_id, attributes, tags, now)
        self.cluster_kind = kind == "cluster"
        self.arn_kind = "cluster-snapshot" if self.cluster_kind else "snapshot"
        self.event_kind = "db-cluster-snapshot" if self.cluster_kind else "db-snapshot"
        self.store_kind = "cluster_snapshots" if self.cluster_kind else "snapshots"
        self.of, self.of_id, self.type = of, None, type
        self.settings, self.shared_with = {}, []
        self.original_time, self.source_arn = now, None

    @property
    def data_id(self):
        return self.id

    @property
    def encrypted(self):
        return bool(self["KmsKeyId"])

    def describe(self, status, type=None):
        if self.cluster_kind:
            shown = {n: self[n] for n in ("Engine", "EngineVersion", "MasterUsername", "AllocatedStorage", "LicenseModel",
                                          "IAMDatabaseAuthenticationEnabled", "StorageType", "KmsKeyId", "Port", "EngineMode",
                                          "VpcId") if self[n] is not None}
            shown.update({"DBClusterSnapshotIdentifier": self.name, "DBClusterIdentifier": self.of,
                          "DBClusterSnapshotArn": self.arn, "StorageEncrypted": self.encrypted,
                          "DbClusterResourceId": self.of_id, "SourceDBClusterSnapshotArn": self.source_arn,
                          "ClusterCreateTime": self.settings.get("created")})
        else:
            shown = {n: self[n] for n in TAKEN + ("KmsKeyId", "Port", "VpcId", "OptionGroupName", "AvailabilityZone")
                     if self[n] is not None}
            shown.update({"DBSnapshotIdentifier": self.name, "DBInstanceIdentifier": self.of, "DBSnapshotArn": self.arn,
                          "Encrypted": self.encrypted, "DbiResourceId": self.of_id, "SourceDBSnapshotIdentifier": self.source_arn,
                          "OriginalSnapshotCreateTime": self.original_time,
                          "InstanceCreateTime": self.settings.get("created")})
        shown.update({"Status": status, "SnapshotType": type or self.type, "TagList": tag_list(self.tags),
                      "PercentProgress": 100 if status == "available" else 40,
                      "SnapshotCreateTime": None if status == "creating" else self.created})
        return shown

    def gone(self):
        self.place.event(self.event_kind, self, "Deleted manual snapshot" if self.type == "manual" else
                         "Deleted automated snapshot", "deletion")
        self.place.drop(self.store_kind, self)
        self.place.world.servers.drop(self.id)
