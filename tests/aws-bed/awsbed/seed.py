"""Plants a world from a JSON document (README.md describes it)."""
from datetime import datetime, timedelta, timezone

from .rds import catalogue, groups, kms, managed, rules, snapshots
from .rds.cluster import Cluster
from .rds.instance import Instance
from .rds.network import SubnetGroup
from .rds.resource import new_id
from .rds.world import Context
from .seed_services import disable_keys, plant_services

KNOWN = {"account", "region", "accounts", "security_groups", "subnet_groups", "parameter_groups", "cluster_parameter_groups",
         "option_groups", "instances", "clusters", "snapshots", "secrets", "buckets", "tables", "topics", "queues", "keys",
         "quotas", "users", "marker", "others", "functions", "hosts"}


def plant(bed, document):
    """Answers the ids and ARNs that were made, by name."""
    made = {"security_groups": {}, "subnet_groups": {}, "topics": {}, "queues": {}, "keys": {}, "secrets": {}, "ids": {}, "arns": {}}
    places = [document] + [{"account": a, **d} for a, d in document.get("accounts", {}).items()]
    for each in places:
        unknown = set(each) - KNOWN
        if unknown:
            raise ValueError(f"a world has no {sorted(unknown)}")
        each.setdefault("account", bed.account)
        each.setdefault("region", document.get("region", "us-east-1"))
        plant_services(bed, each, made)
        with bed.world.lock:
            _databases(bed, each, made)
        disable_keys(bed, each, made)
    key = bed.credentials.main()
    bed.seeded = made
    return {**made, "credentials": {"access_key_id": key.id, "secret_access_key": key.secret}}


def _databases(bed, document, made):
    place = bed.world.store(document["account"], document["region"])
    place.quotas.update(document.get("quotas", {}))
    place.parameter_groups.update({g["name"].lower(): g["family"] for g in document.get("parameter_groups", [])})
    place.cluster_parameter_groups.update({g["name"].lower(): g["family"] for g in document.get("cluster_parameter_groups", [])})
    place.cluster_parameters.update({g["name"].lower(): g.get("parameters", {}) for g in document.get("cluster_parameter_groups", [])})
    place.option_groups.update({g["name"].lower(): (g["engine"], g["major"]) for g in document.get("option_groups", [])})
    place.others.update(document.get("others", {}))
    for group in document.get("subnet_groups", []):
        vpc, subnets = made["subnet_groups"][group["name"]]
        place.subnet_groups[group["name"].lower()] = SubnetGroup(place, group["name"].lower(), vpc, subnets)
    if "marker" in document:
        bed.servers.marker = document["marker"]
    ctx = Context(bed.world, place)
    waiting = []
    for each in document.get("clusters", []):
        waiting.append(_cluster(ctx, each, made))
    for each in document.get("instances", []):
        waiting.append(_instance(ctx, each, made))
    for future in waiting:
        future.result()
    for each in document.get("snapshots", []):
        _snapshot(ctx, each, made)
    bed.servers.hosts_changed(bed.world)
    bed.world.exposure.look(bed.world, "it was so from the beginning")


def _common(ctx, each):
    version = catalogue.version_of(each["engine"], each.get("version"))
    encrypted = each.get("encrypted", bool(each.get("kms")))
    return {"Engine": each["engine"], "EngineVersion": version, "MasterUsername": each.get("master_user", "admin"),
            "BackupRetentionPeriod": each.get("retention", 7), "StorageEncrypted": encrypted,
            "KmsKeyId": (kms.usable(ctx, each["kms"]) if each.get("kms") else kms.default_key(ctx.place)) if encrypted else None,
            "DeletionProtection": each.get("deletion_protection", False), "Port": each.get("port"),
            "IAMDatabaseAuthenticationEnabled": each.get("iam_auth", False), "CopyTagsToSnapshot": each.get("copy_tags", False),
            "PreferredBackupWindow": "03:00-03:30", "PreferredMaintenanceWindow": "sun:05:00-sun:05:30"}


def _begun(ctx, each):
    return datetime.fromisoformat(each["created"].replace("Z", "+00:00")) if each.get("created") else \
        datetime.now(timezone.utc) - timedelta(days=each.get("age_days", 30))


def _groups(each, made):
    return [made["security_groups"].get(name, name) for name in each.get("security_groups", [])]


def _instance(ctx, each, made):
    name = rules.identifier(each["name"], "name")
    ctx.place.free("instances", name)
    settings = {**_common(ctx, each), "DBInstanceClass": each.get("class", "db.t4g.medium"), "AllocatedStorage": each.get("storage", 20),
                "StorageType": "gp3", "DBName": each.get("db_name"), "MultiAZ": each.get("multi_az", False),
                "PubliclyAccessible": each.get("public", False), "AutoMinorVersionUpgrade": True, "MonitoringInterval": 0,
                "CACertificateIdentifier": "rds-ca-rsa2048-g1", "AvailabilityZone": ctx.place.region + "a"}
    found = Instance(ctx.place, name, new_id("db"), settings, each.get("tags", {}), _begun(ctx, each))
    ctx.locate(found, {"VpcSecurityGroupIds": _groups(each, made), "DBSubnetGroupName": each.get("subnet_group"),
                       "DBParameterGroupName": each.get("parameter_group"), "OptionGroupName": each.get("option_group")})
    found.first_backup = found.created if each.get("retention", 7) else None
    found.line.rest = each.get("status", "available")
    found.served = True
    if each.get("replica_of"):
        found.replica_of = ctx.place.need("instances", each["replica_of"])
    ctx.place.instances.append(found)
    return _planted(ctx, found, each, made)


def _planted(ctx, found, each, made):
    made["ids"][found.name], made["arns"][found.name] = found.id, found.arn
    if each.get("master_password"):
        ctx.world.known_secrets.add(each["master_password"])
    if each.get("managed"):
        managed.plant(ctx, found, each["master_password"])
    if "connections" in each:
        ctx.world.connections[found.id] = each["connections"]
    if not each.get("serving", True):
        ctx.world.servers.asleep.add(found.id)
    return ctx.world.servers.seed(found, each.get("master_password", "bed-password-1"), each.get("sql", ""), each.get("unmasked", False))


def _cluster(ctx, each, made):
    name = rules.identifier(each["name"], "name")
    ctx.place.free("clusters", name)
    settings = {**_common(ctx, each), "DatabaseName": each.get("db_name"), "EngineMode": "provisioned", "HttpEndpointEnabled": False,
                "BacktrackWindow": each.get("backtrack"), "AllocatedStorage": 1, "CrossAccountClone": False,
                "ServerlessV2ScalingConfiguration": each.get("scaling")}
    found = Cluster(ctx.place, name, new_id("cluster"), settings, each.get("tags", {}), _begun(ctx, each))
    network = ctx.world.network
    found.subnet_group = network.subnet_group(ctx.place, each.get("subnet_group"))
    found.groups = [[g, "active"] for g in network.security_groups(ctx.place, _groups(each, made), found.subnet_group)]
    found.parameter_group = groups.parameter_group(ctx.place, each.get("parameter_group"), found.engine, found["EngineVersion"], True)
    found.first_backup, found.served = found.created, True
    found.line.rest = each.get("status", "available")
    ctx.place.clusters.append(found)
    for number, member in enumerate(each.get("members", [])):
        _member(ctx, found, member if isinstance(member, dict) else {"name": member}, number == 0, made)
    return _planted(ctx, found, each, made)


def _member(ctx, cluster, each, writer, made):
    name = rules.identifier(each["name"], "name")
    ctx.place.free("instances", name)
    settings = {"Engine": cluster.engine, "EngineVersion": cluster["EngineVersion"], "DBInstanceClass": each.get("class", "db.r6g.large"),
                "PromotionTier": each.get("tier", 1), "AllocatedStorage": 1, "StorageType": "aurora", "MultiAZ": False,
                "PubliclyAccessible": False, "AutoMinorVersionUpgrade": True, "DeletionProtection": False, "MonitoringInterval": 0}
    member = Instance(ctx.place, name, new_id("db"), settings, each.get("tags", cluster.tags), cluster.created)
    member.cluster, member.writer, member.subnet_group, member.served = cluster, writer, cluster.subnet_group, True
    member.parameter_group = (groups.parameter_group(ctx.place, each.get("parameter_group"), cluster.engine, cluster["EngineVersion"]),
                              "in-sync")
    member.line.rest = cluster.line.rest
    if "connections" in each:
        ctx.world.connections[member.id] = each["connections"]
    ctx.place.instances.append(member)
    made["ids"][name], made["arns"][name] = member.id, member.arn


def _snapshot(ctx, each, made):
    cluster = ctx.place.named("clusters", each["of"])
    owner = cluster or ctx.place.need("instances", each["of"])
    store = "cluster_snapshots" if cluster else "snapshots"
    found = snapshots.blank(ctx, owner, each["name"].lower(), store, each.get("type", "manual"), each.get("tags", {}))
    if each.get("created"):
        found.created = found.original_time = _begun(ctx, each)
    found.shared_with = list(each.get("shared_with", []))
    found.line.rest = each.get("status", "available")
    getattr(ctx.place, store).append(found)
    ctx.world.servers.snapshot(owner, found).result()
    made["ids"][found.name], made["arns"][found.name] = found.id, found.arn
