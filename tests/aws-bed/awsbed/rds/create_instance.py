"""CreateDBInstance (members of clusters, and instances that stand alone), CreateDBInstanceReadReplica."""
from . import birth, catalogue, groups, rules
from .errors import Refusal, combination, value
from .instance import Instance
from .resource import new_id

# What belongs to the cluster, as the refusals of RDS name it.
CLUSTERS_OWN = {"MasterUserPassword": "master user password", "MasterUsername": "master user name", "Port": "database endpoint port",
                "VpcSecurityGroupIds": "vpc security group", "BackupRetentionPeriod": "backup retention period",
                "PreferredBackupWindow": "backup window", "DBName": "database name", "DeletionProtection": "deletion protection",
                "AllocatedStorage": "storage", "EnableIAMDatabaseAuthentication": "IAM database authentication",
                "MultiAZ": "Multi-AZ", "StorageEncrypted": "encryption", "KmsKeyId": "KMS key", "StorageType": "storage type"}
COMMON = {"DBInstanceIdentifier", "DBInstanceClass", "Engine", "EngineVersion", "DBParameterGroupName", "PubliclyAccessible",
          "PromotionTier", "MonitoringInterval", "MonitoringRoleArn", "EnablePerformanceInsights", "AutoMinorVersionUpgrade",
          "AvailabilityZone", "Tags", "CACertificateIdentifier", "PreferredMaintenanceWindow", "DBSubnetGroupName",
          "CopyTagsToSnapshot", "EnableCloudwatchLogsExports", "LicenseModel", "NetworkType", "PerformanceInsightsRetentionPeriod",
          "PerformanceInsightsKMSKeyId"}
MEMBER = COMMON | {"DBClusterIdentifier"} | set(CLUSTERS_OWN)
ALONE = COMMON | {"MasterUserPassword", "MasterUsername", "Port", "VpcSecurityGroupIds", "BackupRetentionPeriod", "DBName",
                  "DeletionProtection", "AllocatedStorage", "EnableIAMDatabaseAuthentication", "MultiAZ", "StorageEncrypted",
                  "KmsKeyId", "StorageType", "OptionGroupName", "PreferredBackupWindow"}
REPLICA = {"DBInstanceIdentifier", "SourceDBInstanceIdentifier", "DBInstanceClass", "AvailabilityZone", "Port", "MultiAZ",
           "AutoMinorVersionUpgrade", "Iops", "OptionGroupName", "DBParameterGroupName", "PubliclyAccessible", "Tags",
           "DBSubnetGroupName", "VpcSecurityGroupIds", "StorageType", "CopyTagsToSnapshot", "MonitoringInterval",
           "MonitoringRoleArn", "EnableIAMDatabaseAuthentication", "EnablePerformanceInsights", "DeletionProtection",
           "EnableCloudwatchLogsExports", "MaxAllocatedStorage", "CACertificateIdentifier", "AllocatedStorage"}


def create(ctx, input):
    return _member(ctx, input) if input.get("DBClusterIdentifier") else _alone(ctx, input)


def _member(ctx, input):
    ctx.only(input, MEMBER)
    place = ctx.place
    name = rules.identifier(input["DBInstanceIdentifier"], "DBInstanceIdentifier")
    cluster = place.need("clusters", input["DBClusterIdentifier"])
    for parameter, words in CLUSTERS_OWN.items():
        if parameter in input:
            raise combination(f"The requested DB Instance will be a member of a DB Cluster. Set {words} for the DB Cluster.")
    if input["Engine"] != cluster.engine:
        raise combination(f"The engine name requested for your DB instance ({input['Engine']}) doesn't match the engine name of "
                          f"your DB cluster ({cluster.engine}).")
    if input.get("EngineVersion", cluster["EngineVersion"]) != cluster["EngineVersion"]:
        raise combination("The engine version that you requested for your DB instance doesn't match that of your DB cluster.")
    if cluster.status != "available":
        raise Refusal("InvalidDBClusterStateFault", f"DB cluster {cluster.name} is in status {cluster.status}; it must be available")
    if cluster.multi_az:
        raise Refusal("InvalidDBClusterStateFault", "You can't add instances to a Multi-AZ DB cluster.")
    catalogue.check_class(input["DBInstanceClass"], cluster.engine)
    if input["DBInstanceClass"] == "db.serverless" and not cluster["ServerlessV2ScalingConfiguration"]:
        raise Refusal("InvalidDBClusterStateFault", "Set the Serverless v2 scaling configuration on the parent DB cluster before "
                      "creating a Serverless v2 DB instance.")
    _monitoring(input)
    birth.check_quota(place)
    place.free("instances", name)
    instance = Instance(place, name, new_id("db"), _member_settings(input, cluster), rules.tags(input.get("Tags")), ctx.world.now())
    instance.cluster, instance.writer = cluster, not cluster.members
    instance.subnet_group = cluster.subnet_group
    instance.parameter_group = (groups.parameter_group(place, input.get("DBParameterGroupName"), cluster.engine,
                                                       cluster["EngineVersion"]), "in-sync")
    place.instances.append(instance)
    birth.begin(ctx, instance, ctx.world.servers.join(cluster), "DB instance created.")
    return {"DBInstance": instance.describe("creating")}


def _monitoring(input):
    if input.get("MonitoringInterval") and not input.get("MonitoringRoleArn"):
        raise combination("A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.")
    if input.get("MonitoringInterval", 0) not in (0, 1, 5, 10, 15, 30, 60):
        raise value("MonitoringInterval must be one of 0, 1, 5, 10, 15, 30, 60")


def _member_settings(input, cluster):
    public = input.get("PubliclyAccessible")
    if public is None:  # API reference, CreateDBInstance: true in the group `default`
        public = cluster.subnet_group.name == "default"
    tier = input.get("PromotionTier", 1)
    if not 0 <= tier <= 15:
        raise value("PromotionTier must be from 0 to 15")
    return {"DBInstanceClass": input["DBInstanceClass"], "Engine": cluster.engine, "EngineVersion": cluster["EngineVersion"],
            "PubliclyAccessible": public, "PromotionTier": tier, "AllocatedStorage": 1, "StorageType": "aurora", "MultiAZ": False,
            "AutoMinorVersionUpgrade": input.get("AutoMinorVersionUpgrade", True), "DeletionProtection": False,
            "MonitoringInterval": input.get("MonitoringInterval", 0), "MonitoringRoleArn": input.get("MonitoringRoleArn"),
            "PerformanceInsightsEnabled": input.get("EnablePerformanceInsights", False),
            "PerformanceInsightsRetentionPeriod": input.get("PerformanceInsightsRetentionPeriod"),
            "PerformanceInsightsKMSKeyId": input.get("PerformanceInsightsKMSKeyId"),
            "AvailabilityZone": input.get("AvailabilityZone", cluster.place.region + "a"),
            "CACertificateIdentifier": input.get("CACertificateIdentifier", "rds-ca-rsa2048-g1")}


def _alone(ctx, input):
    ctx.only(input, ALONE)
    place = ctx.place
    name = rules.identifier(input["DBInstanceIdentifier"], "DBInstanceIdentifier")
    engine = catalogue.engine(input["Engine"])
    if engine.aurora:
        raise combination("An instance of Aurora must be a member of a DB cluster: DBClusterIdentifier is missing.")
    for parameter in ("MasterUsername", "MasterUserPassword", "AllocatedStorage"):
        if parameter not in input:
            raise Refusal("InvalidParameterValue", f"The parameter {parameter} must be provided and must not be blank.")
    rules.password(input["MasterUserPassword"], engine.name)
    catalogue.check_class(input["DBInstanceClass"], engine.name)
    birth.check_quota(place, input["AllocatedStorage"])
    place.free("instances", name)
    settings = {k: v for k, v in input.items() if k in ("DBInstanceClass", "Engine", "MasterUsername", "DBName", "AllocatedStorage",
                "LicenseModel", "MultiAZ", "StorageType", "DeletionProtection", "CopyTagsToSnapshot", "PreferredBackupWindow")}
    settings.update({"EngineVersion": catalogue.version_of(engine.name, input.get("EngineVersion")),
                     "BackupRetentionPeriod": input.get("BackupRetentionPeriod", 1), "StorageType": input.get("StorageType", "gp3"),
                     "StorageEncrypted": input.get("StorageEncrypted", False), "Port": rules.port(input.get("Port")),
                     "PubliclyAccessible": input.get("PubliclyAccessible", False), "MultiAZ": input.get("MultiAZ", False),
                     "DeletionProtection": input.get("DeletionProtection", False),
                     "IAMDatabaseAuthenticationEnabled": input.get("EnableIAMDatabaseAuthentication", False)})
    instance = Instance(place, name, new_id("db"), settings, rules.tags(input.get("Tags")), ctx.world.now())
    ctx.locate(instance, input)
    place.instances.append(instance)
    birth.begin(ctx, instance, ctx.world.servers.create(instance, input["MasterUserPassword"]), "DB instance created.")
    return {"DBInstance": instance.describe("creating")}


def read_replica(ctx, input):
    ctx.only(input, REPLICA)
    place = ctx.place
    name = rules.identifier(input["DBInstanceIdentifier"], "DBInstanceIdentifier")
    if not input.get("SourceDBInstanceIdentifier"):
        raise Refusal("MissingParameter", "SourceDBInstanceIdentifier is missing")
    source = place.need("instances", input["SourceDBInstanceIdentifier"])
    if source.cluster:
        raise Refusal("InvalidDBClusterStateFault", "The source is a member of a DB cluster.")
    if source.status not in ("available", "storage-optimization"):
        raise Refusal("InvalidDBInstanceState", f"The source {source.name} is in status {source.status}; it must be available.")
    if not source["BackupRetentionPeriod"]:
        raise Refusal("InvalidDBInstanceState", f"Automated backups are not enabled for this database instance: {source.name}.")
    if source["MasterUserSecret"]:  # rds-secrets-manager: limitations
        raise combination("A read replica can't be made of a DB instance whose master password RDS manages.")
    most = place.quotas["ReadReplicasPerMaster"]
    if len(source.replicas) >= most:
        raise value(f"A DB instance has at most {most} read replicas.")
    birth.check_quota(place, source["AllocatedStorage"])
    place.free("instances", name)
    _monitoring(input)
    if input.get("DBSubnetGroupName"):
        wanted = ctx.world.network.subnet_group(place, input["DBSubnetGroupName"])
        if wanted.vpc != source.subnet_group.vpc:
            raise Refusal("DBSubnetGroupNotAllowedFault", "The subnet group must be in the VPC of the source.")
    replica = Instance(place, name, new_id("db"), _replica_settings(input, source), rules.tags(input.get("Tags")), ctx.world.now())
    ctx.locate(replica, {"DBSubnetGroupName": source.subnet_group.name, "DBParameterGroupName": source.parameter_group[0],
                         "OptionGroupName": source.option_group, **input})
    replica.replica_of = source
    place.instances.append(replica)
    birth.begin(ctx, replica, ctx.world.servers.replicate(source, replica), "DB instance created.")
    return {"DBInstance": replica.describe("creating")}


def _replica_settings(input, source):
    found = {n: source[n] for n in ("DBInstanceClass", "Engine", "EngineVersion", "MasterUsername", "DBName", "AllocatedStorage",
                                    "LicenseModel", "StorageEncrypted", "KmsKeyId", "AutoMinorVersionUpgrade")}
    catalogue.check_class(input.get("DBInstanceClass", found["DBInstanceClass"]), source.engine)
    found.update({"DBInstanceClass": input.get("DBInstanceClass", found["DBInstanceClass"]), "BackupRetentionPeriod": 0,
                  "StorageType": input.get("StorageType", "gp3"), "MultiAZ": input.get("MultiAZ", False),
                  "PubliclyAccessible": input.get("PubliclyAccessible", source.subnet_group.name == "default"),
                  "CopyTagsToSnapshot": input.get("CopyTagsToSnapshot", False),
                  "DeletionProtection": input.get("DeletionProtection", False), "Port": rules.port(input.get("Port")) or source.port,
                  "IAMDatabaseAuthenticationEnabled": input.get("EnableIAMDatabaseAuthentication", False),
                  "MonitoringInterval": input.get("MonitoringInterval", 0), "MonitoringRoleArn": input.get("MonitoringRoleArn"),
                  "PerformanceInsightsEnabled": input.get("EnablePerformanceInsights", False),
                  "AvailabilityZone": input.get("AvailabilityZone", source.place.region + "b")})
    return found
