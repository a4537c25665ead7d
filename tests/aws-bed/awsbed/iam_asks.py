"""What a call must be allowed to do: actions, ARNs and condition keys, as the Service Authorization Reference has them."""
from urllib.parse import unquote

from .iam import Ask
from .rds import catalogue, kms
from .rds.errors import Refusal
from .rds.store import partition_of
from .rds.world import Context

# Services that policies call otherwise than signatures do.
PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}
KINDS = {"db": "instances", "cluster": "clusters", "snapshot": "snapshots", "cluster-snapshot": "cluster_snapshots"}
OWN_GROUPS = (("og", "OptionGroupName"), ("subgrp", "DBSubnetGroupName"))
OF_INSTANCES, OF_CLUSTERS = (("pg", "DBParameterGroupName"), *OWN_GROUPS), (("cluster-pg", "DBClusterParameterGroupName"), *OWN_GROUPS)

# Of RDS: what an operation is checked on, the new thing first; groups that are not said are the default ones.
MAKES = {
    "CreateDBInstance": ((("db", "DBInstanceIdentifier"), ("cluster", "DBClusterIdentifier")), OF_INSTANCES),
    "CreateDBInstanceReadReplica": ((("db", "DBInstanceIdentifier"), ("db", "SourceDBInstanceIdentifier")), OF_INSTANCES),
    "RestoreDBInstanceToPointInTime": ((("db", "TargetDBInstanceIdentifier"), ("db", "SourceDBInstanceIdentifier")), OF_INSTANCES),
    "RestoreDBInstanceFromDBSnapshot": ((("db", "DBInstanceIdentifier"), ("snapshot", "DBSnapshotIdentifier")), OF_INSTANCES),
    "RestoreDBClusterToPointInTime": ((("cluster", "DBClusterIdentifier"), ("cluster", "SourceDBClusterIdentifier")), OF_CLUSTERS),
    "RestoreDBClusterFromSnapshot": ((("cluster", "DBClusterIdentifier"), ("cluster-snapshot", "SnapshotIdentifier")), OF_CLUSTERS),
    "CopyDBSnapshot": ((("snapshot", "TargetDBSnapshotIdentifier"), ("snapshot", "SourceDBSnapshotIdentifier")), ()),
    "CopyDBClusterSnapshot": ((("cluster-snapshot", "TargetDBClusterSnapshotIdentifier"),
                               ("cluster-snapshot", "SourceDBClusterSnapshotIdentifier")), ()),
    "CreateDBSnapshot": ((("snapshot", "DBSnapshotIdentifier"), ("db", "DBInstanceIdentifier")), ()),
    "CreateDBClusterSnapshot": ((("cluster-snapshot", "DBClusterSnapshotIdentifier"), ("cluster", "DBClusterIdentifier")), ()),
}
SINGLE = {"db": "DBInstanceIdentifier", "cluster": "DBClusterIdentifier", "snapshot": "DBSnapshotIdentifier",
          "cluster-snapshot": "DBClusterSnapshotIdentifier", "pg": "DBParameterGroupName", "cluster-pg": "DBClusterParameterGroupName",
          "subgrp": "DBSubnetGroupName", "og": "OptionGroupName"}
CHANGES = {
    "db": ("ModifyDBInstance", "DeleteDBInstance", "StartDBInstance", "StopDBInstance", "RebootDBInstance", "PromoteReadReplica",
           "AddRoleToDBInstance", "RemoveRoleFromDBInstance", "DescribeDBInstances", "DescribeDBInstanceAutomatedBackups"),
    "cluster": ("ModifyDBCluster", "DeleteDBCluster", "StartDBCluster", "StopDBCluster", "AddRoleToDBCluster", "RemoveRoleFromDBCluster",
                "DescribeDBClusters"),
    "snapshot": ("DeleteDBSnapshot", "ModifyDBSnapshotAttribute", "DescribeDBSnapshotAttributes", "DescribeDBSnapshots"),
    "cluster-snapshot": ("DeleteDBClusterSnapshot", "ModifyDBClusterSnapshotAttribute", "DescribeDBClusterSnapshotAttributes",
                         "DescribeDBClusterSnapshots"),
    "pg": ("DescribeDBParameterGroups",), "cluster-pg": ("DescribeDBClusterParameterGroups", "DescribeDBClusterParameters"),
    "subgrp": ("DescribeDBSubnetGroups",), "og": ("DescribeOptionGroups",),
}
KIND_OF = {operation: kind for kind, operations in CHANGES.items() for operation in operations}
ROLES = {"MonitoringRoleArn": "monitoring.rds.amazonaws.com", "DomainIAMRoleName": "rds.amazonaws.com", "RoleArn": "rds.amazonaws.com"}
S3_ACTIONS = {"ListObjectsV2": "ListBucket", "ListObjects": "ListBucket", "HeadBucket": "ListBucket", "HeadObject": "GetObject",
              "ListBuckets": "ListAllMyBuckets"}


def _tags(keys, tags):
    return {f"{key}/{name}".lower(): text for key in keys for name, text in tags.items()}


class Asks:
    """Of one call. Holds the world's lock."""

    def __init__(self, bed, call, account):
        self.bed, self.call, self.account, self.region = bed, call, account, call.region
        self.partition, self.input = partition_of(call.region), call.input
        self.place = bed.world.store(account, call.region)
        self.service = PREFIXES.get(call.service, call.service)
        self.found = []

    def all(self):
        work = {"rds": self._rds, "secretsmanager": self._secret, "s3": self._s3, "dynamodb": self._table, "sns": self._topic,
                "kms": self._key, "ssm": self._ssm, "sts": self._sts, "iam": self._iam, "lambda": self._function,
                "states": self._machine}
        work.get(self.call.service, self._anything)()
        return self.found

    def ask(self, action, resource, shown=None, **context):
        action = action if ":" in action else f"{self.service}:{action}"
        self.found.append(Ask(action, resource, {k.lower(): v for k, v in context.get("keys", {}).items()}, shown or resource))

    def _arn(self, service, rest, account=None, region=None):
        return ":".join(["arn", self.partition, service, self.region if region is None else region,
                         self.account if account is None else account, rest])

    def _anything(self):
        self.ask(self.call.name, "*")

    # --- RDS ---

    def _of_rds(self, kind, name):
        """(ARN, its tags) of what a parameter names: a name or an ARN; * where it says nothing."""
        if name and name.startswith("arn:"):
            arn, kind = name, name.split(":")[5]
        else:
            arn = self._arn("rds", f"{kind}:{(name or '*').lower()}")
        row = self.place.named(KINDS[kind], arn) if kind in KINDS else None
        return arn, {**_tags(["aws:ResourceTag", f"rds:{kind}-tag"], row.tags)} if row else {}

    def _requested(self):
        tags = {t["Key"]: t.get("Value", "") for t in self.call.typed().get("Tags", [])}
        return {**_tags(["aws:RequestTag", "rds:req-tag"], tags), "aws:tagkeys": list(tags)} if tags else {}

    def _rds(self):
        name, input, requested = self.call.name, self.input, self._requested()
        on = []
        if name in MAKES:
            on, groups = MAKES[name]
            on = [(kind, self._said(kind, p)) for kind, p in on if self._said(kind, p)]
            source = [said for _, said in on[1:]]
            member = name == "CreateDBInstance" and input.get("DBClusterIdentifier")
            on += [(kind, input.get(p) or self._default(kind, source)) for kind, p in groups
                   if input.get(p) or not (member and kind == "subgrp")]
        elif name in KIND_OF:
            kind = KIND_OF[name]
            on = [(kind, input.get(SINGLE[kind]))]
            on += [(kind, input[p]) for kind, p in OF_INSTANCES[:2] + OF_CLUSTERS[:1] if not name.startswith("Describe") and input.get(p)]
        elif "ResourceName" in input:
            on = [("", input["ResourceName"])]
        elif "ResourceArn" in input:
            on = [("", input["ResourceArn"])]
        for number, (kind, said) in enumerate(on):
            arn, tags = self._of_rds(kind, said)
            self.ask(name, arn, keys={**tags, **requested})
            if number == 0 and requested and name in MAKES:
                self.ask("AddTagsToResource", arn, keys={**tags, **requested})
        if not on:
            self._anything()
        self._roles()
        self._grants()

    def _said(self, kind, parameter):
        """What names something: a source may be named by its resource id."""
        ids = {"SourceDBInstanceIdentifier": "SourceDbiResourceId", "SourceDBClusterIdentifier": "SourceDbClusterResourceId"}
        if id := self.input.get(ids.get(parameter)):
            row = self.place.with_id(KINDS[kind], id)
            return row.arn if row else id
        return self.input.get(parameter)

    def _default(self, kind, source):
        """The group that is used where none is said."""
        if kind == "subgrp":
            return "default"
        rows = [self.place.named(kind_, text) for kind_ in KINDS.values() for text in source]
        engine, version = next(((r["Engine"], r["EngineVersion"]) for r in rows if r), (self.input.get("Engine"), None))
        try:
            version = version or catalogue.version_of(engine, self.input.get("EngineVersion"))
            family, major = catalogue.family(engine, version), catalogue.major(engine, version)
        except (Refusal, KeyError, AttributeError):  # nothing of that engine: RDS refuses the call later
            return "default"
        return f"default:{engine}-{major.replace('.', '-')}" if kind == "og" else f"default.{family}"

    def _roles(self):
        for parameter, service in ROLES.items():
            if role := self.input.get(parameter):
                arn = role if role.startswith("arn:") else self._arn("iam", f"role/{role}", region="")
                self.ask("iam:PassRole", arn, keys={"iam:PassedToService": service})

    def _grants(self):
        """RDS user guide, "AWS KMS key management": who makes what a customer's key encrypts lets RDS use that key."""
        if self.call.name not in MAKES:
            return
        said = [self.input.get("KmsKeyId")]
        for of, parameter in MAKES[self.call.name][0][1:]:
            rows = [self.place.named(kind, self._said(of, parameter) or "") for kind in KINDS.values()]
            said += [r["KmsKeyId"] for r in rows if r and not said[0]]
        try:
            key = next((kms.usable(Context(self.bed.world, self.place), k) for k in said if k), None)
        except Refusal:
            return  # RDS says more of it
        if key and key != kms.default_key(self.place):
            context = {"kms:ViaService": f"rds.{self.region}.amazonaws.com", "kms:GrantIsForAWSResource": "true"}
            self.ask("kms:CreateGrant", key, keys=context)
            self.ask("kms:DescribeKey", key, keys=context)

    # --- the others ---

    def _secret(self):
        """Refusals name a secret as the request does; policies are held against its ARN, which ends in six characters.
        A secret that is not there has made-up ones."""
        name = self.input.get("SecretId") or self.input.get("Name")
        if not name:
            return self._anything()
        secrets = self.bed.upstream.backend("secretsmanager", self.account, self.region).secrets
        secret = None if self.call.name == "CreateSecret" else secrets.get(name)
        arn = secret.arn if secret else name if name.startswith("arn:") else self._arn("secretsmanager", f"secret:{name}-aB3dE6")
        tags = {t["Key"]: t.get("Value", "") for t in (secret.tags or [] if secret else [])}
        given = {t["Key"]: t.get("Value", "") for t in self.input.get("Tags", [])}
        keys = _tags(["aws:ResourceTag", "secretsmanager:ResourceTag"], tags)
        if given:
            keys.update({**_tags(["aws:RequestTag"], given), "aws:tagkeys": list(given)})
        self.ask(self.call.name, arn, name, keys=keys)
        if self.call.name == "CreateSecret" and given:
            self.ask("TagResource", arn, name, keys=keys)
        if function := self.input.get("RotationLambdaARN"):
            self.ask("lambda:InvokeFunction", function)

    def _s3(self):
        bucket, key = self.input.get("Bucket"), self.input.get("Key")
        action = S3_ACTIONS.get(self.call.name, self.call.name)
        if not bucket:
            return self.ask(action, "*")
        where = self._arn("s3", str(bucket) + (f"/{unquote(str(key))}" if key else ""), account="", region="")
        self.ask(action, where, f'"{where}"')

    def listing(self):
        """Of an object that is not there, S3 says so only to whom it would list the bucket (API reference, GetObject)."""
        where = self._arn("s3", str(self.input.get("Bucket")), account="", region="")
        return Ask("s3:ListBucket", where, {}, f'"{where}"')

    def _table(self):
        name = self.input.get("TableName")
        if not name:
            return self._anything()
        self.ask(self.call.name, name if name.startswith("arn:") else self._arn("dynamodb", f"table/{name}"))

    def _machine(self):
        self.ask(self.call.name, self.input.get("executionArn") or self.input.get("stateMachineArn") or "*")

    def _topic(self):
        self.ask(self.call.name, self.input.get("TopicArn") or self.input.get("TargetArn") or "*")

    def _key(self):
        name = self.input.get("KeyId")
        if not name:
            return self._anything()
        try:
            arn = kms.usable(Context(self.bed.world, self.place), name)
        except Refusal:
            arn = name if name.startswith("arn:") else self._arn("kms", name if name.startswith("alias/") else f"key/{name}")
        self.ask(self.call.name, arn)

    def _ssm(self):
        if self.call.name != "SendCommand":
            return self._anything()
        document = self.input["DocumentName"]
        self.ask("SendCommand", self._arn("ssm", f"document/{document}", account="" if document.startswith("AWS-") else None))
        for id in self.input.get("InstanceIds", []):
            host = next((h for h in self.bed.hosts.hosts if h["id"] == id), {})
            tags = {"Name": host["name"]} if host else {}
            self.ask("SendCommand", self._arn("ec2", f"instance/{id}"), keys=_tags(["ssm:resourceTag", "aws:ResourceTag"], tags))

    def _sts(self):
        if self.call.name != "GetCallerIdentity":  # nobody needs a permission for that
            self.ask(self.call.name, self.input.get("RoleArn", "*"))

    def _iam(self):
        self.ask(self.call.name, self.input.get("PolicySourceArn") or self.input.get("RoleName") and
                 self._arn("iam", f"role/{self.input['RoleName']}", region="") or "*")

    def _function(self):
        name = self.input.get("FunctionName")
        action = "InvokeFunction" if self.call.name == "Invoke" else self.call.name
        self.ask(action, "*" if not name else name if name.startswith("arn:") else self._arn("lambda", f"function:{name}"))
