"""The resources of one account in one Region."""
import hashlib

from .errors import Refusal

NOT_FOUND = {"instances": ("DBInstanceNotFound", "DBInstance {} not found."),
             "clusters": ("DBClusterNotFoundFault", "DBCluster {} not found."),
             "snapshots": ("DBSnapshotNotFound", "DBSnapshot {} not found."),
             "cluster_snapshots": ("DBClusterSnapshotNotFoundFault", "DBClusterSnapshot {} not found.")}
EXISTS = {"instances": ("DBInstanceAlreadyExists", "DB instance already exists"),
          "clusters": ("DBClusterAlreadyExistsFault", "DB Cluster already exists"),
          "snapshots": ("DBSnapshotAlreadyExists", "Cannot create the snapshot because a snapshot with the identifier {} already exists."),
          "cluster_snapshots": ("DBClusterSnapshotAlreadyExistsFault",
                                "Cannot create the cluster snapshot because one with the identifier {} already exists.")}
QUOTAS = {"DBInstances": 40, "DBClusters": 40, "ManualSnapshots": 100, "ManualClusterSnapshots": 100,
          "AllocatedStorage": 100000, "ReadReplicasPerMaster": 15, "RetainedAutomatedBackups": 40}


def partition_of(region):
    """What ARNs of a Region begin with (Regions and partitions of botocore's endpoints)."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")


class Store:
    """Nothing here is unique but what taken() guards: a database that is being deleted keeps its name."""

    def __init__(self, world, account, region):
        self.world, self.account, self.region = world, account, region
        self.partition = partition_of(region)
        self.instances, self.clusters, self.snapshots, self.cluster_snapshots = [], [], [], []
        self.backups = []  # retained ones, and those of clusters
        self.parameter_groups, self.cluster_parameter_groups, self.option_groups = {}, {}, {}
        self.cluster_parameters = {}  # by group: what it sets
        self.subnet_groups, self.events = {}, []
        self.others = {}  # what is only described: the member of the answer -> its rows
        self.quotas = dict(QUOTAS)
        self.hash = hashlib.sha256(f"{account}/{region}".encode()).hexdigest()[:12]

    def arn(self, kind, name):
        return f"arn:{self.partition}:rds:{self.region}:{self.account}:{kind}:{name}"

    def named(self, kind, name):
        """By name or ARN, hidden or not; None."""
        text = name.lower()
        if text.startswith("arn:"):
            return next((r for r in getattr(self, kind) if r.arn.lower() == text), None)
        return next((r for r in getattr(self, kind) if r.name == text), None)

    def with_id(self, kind, resource_id):
        return next((r for r in getattr(self, kind) if r.id.lower() == resource_id.lower()), None)

    def need(self, kind, name):
        """By name or ARN, as a call that changes it finds it."""
        found = self.named(kind, name)
        if found is None or found.line.hidden:
            code, text = NOT_FOUND[kind]
            raise Refusal(code, text.format(name))
        return found

    def free(self, kind, name, but=None):
        """Refuses a name that something has, or is about to have."""
        for other in getattr(self, kind):
            if other is not but and name in (other.name, other.becoming):
                code, text = EXISTS[kind]
                raise Refusal(code, text.format(name))

    def drop(self, kind, resource):
        getattr(self, kind).remove(resource)

    def members(self, cluster):
        return [i for i in self.instances if i.cluster is cluster]

    def event(self, kind, resource, message, *categories):
        self.events.append({"SourceIdentifier": resource.name, "SourceType": kind, "Message": message,
                            "EventCategories": list(categories), "Date": self.world.now(), "SourceArn": resource.arn})
