"""Taking, copying, sharing and deleting snapshots (RDS user guide: USER_CopySnapshot, USER_ShareSnapshot)."""
from . import birth, kms, restore_cluster, restore_instance, rules, sharing
from .errors import Refusal, combination, value
from .resource import new_id
from .snapshot import TAKEN, Snapshot

CLUSTER_TAKEN = ("Engine", "EngineVersion", "MasterUsername", "AllocatedStorage", "IAMDatabaseAuthenticationEnabled", "StorageType",
                 "EngineMode")
STATE = {"snapshots": "InvalidDBSnapshotState", "cluster_snapshots": "InvalidDBClusterSnapshotStateFault"}


def blank(ctx, owner, name, store, type="manual", tags=None):
    """A snapshot of a database as it is, not yet on any list."""
    cluster = store == "cluster_snapshots"
    taken = {n: owner[n] for n in (CLUSTER_TAKEN if cluster else TAKEN)}
    taken.update({"KmsKeyId": owner["KmsKeyId"] if owner["StorageEncrypted"] else None, "Port": owner.port,
                  "VpcId": owner.subnet_group.vpc})
    found = Snapshot(owner.place, name, new_id("snap"), "cluster" if cluster else "instance", owner.name, taken, tags or {},
                     ctx.world.now(), type)
    found.of_id = owner.id
    found.settings = {"carried": (restore_cluster if cluster else restore_instance).carried_of(owner), "created": owner.created,
                      "database_tags": dict(owner.tags)}
    if cluster:
        found.settings["carried"]["Port"] = owner.port
    return found


def take(ctx, owner, name, store, tags=None):
    name = rules.identifier(name, "the snapshot's identifier", 63 if store == "cluster_snapshots" else 255)
    place = ctx.place
    place.free(store, name)
    quota = "ManualClusterSnapshots" if store == "cluster_snapshots" else "ManualSnapshots"
    if sum(s.type == "manual" for s in getattr(place, store)) >= place.quotas[quota]:
        raise Refusal("SnapshotQuotaExceeded", "Cannot create more than the quota of manual snapshots")
    snapshot = blank(ctx, owner, name, store, tags={**(owner.tags if owner["CopyTagsToSnapshot"] else {}), **(tags or {})})
    getattr(place, store).append(snapshot)
    data = ctx.world.servers.snapshot(owner, snapshot)
    snapshot.line.add("creating", ctx.world.pace.polls("creating", name), ready=data.done)
    return snapshot


def automated(ctx, owner):
    """What a first backup leaves behind."""
    store = "snapshots" if owner.arn_kind == "db" else "cluster_snapshots"
    stamp = ctx.world.now().strftime("%Y-%m-%d-%H-%M")
    snapshot = blank(ctx, owner, f"rds:{owner.name}-{stamp}", store, "automated", dict(owner.tags) if owner["CopyTagsToSnapshot"] else {})
    snapshot.line.rest = "available"
    snapshot.unmasked = ctx.world.servers.unmasked(owner)
    ctx.world.servers.alias(snapshot, owner)
    getattr(owner.place, store).append(snapshot)


def create_instance_snapshot(ctx, input):
    owner = ctx.place.need("instances", input["DBInstanceIdentifier"])
    if owner.cluster:
        raise combination("The instance is a member of a DB cluster: use CreateDBClusterSnapshot.")
    if owner.status not in ("available", "storage-optimization"):
        raise Refusal("InvalidDBInstanceState", f"Cannot create a snapshot because the database instance {owner.name} is not "
                      "currently in the available state.")
    snapshot = take(ctx, owner, input["DBSnapshotIdentifier"], "snapshots", rules.tags(input.get("Tags")))
    owner.line.add("backing-up", ctx.world.pace.polls("backing-up", owner.name))
    return {"DBSnapshot": snapshot.describe("creating")}


def create_cluster_snapshot(ctx, input):
    owner = ctx.place.need("clusters", input["DBClusterIdentifier"])
    if owner.status != "available" or owner.restorable() is None:
        raise Refusal("InvalidDBClusterStateFault", f"DB cluster {owner.name} is in status {owner.status}.")
    snapshot = take(ctx, owner, input["DBClusterSnapshotIdentifier"], "cluster_snapshots", rules.tags(input.get("Tags")))
    return {"DBClusterSnapshot": snapshot.describe("creating")}


def _copy(ctx, input, store, source_name, target_name):
    place = ctx.place
    if input.get("SourceRegion") or input.get("PreSignedUrl"):
        ctx.unmodelled("a copy between Regions")
    longest = 63 if store == "cluster_snapshots" else 255
    name = rules.identifier(input[target_name], target_name, longest)
    source, foreign = sharing.find(ctx, store, input[source_name])
    if source.status != "available":
        raise Refusal(STATE[store], f"The snapshot {source.name} is in status {source.status}.")
    if foreign and not input[source_name].startswith("arn:"):
        raise value("A shared snapshot is named by its ARN.")
    place.free(store, name)
    if input.get("KmsKeyId"):
        key = kms.usable(ctx, input["KmsKeyId"])
    elif foreign and source.encrypted:  # USER_CopySnapshot: a copy of a shared encrypted one needs a key of one's own
        raise Refusal("KMSKeyNotAccessibleFault", "A copy of an encrypted snapshot that is shared needs KmsKeyId.")
    else:
        key = source["KmsKeyId"]
    if source["KmsKeyId"] != kms.default_key(source.place):
        kms.readable(ctx, source["KmsKeyId"])
    if foreign and source.encrypted and source["KmsKeyId"] == kms.default_key(source.place):
        raise Refusal("KMSKeyNotAccessibleFault", "The source snapshot is encrypted with the default key of its account.")
    tags = rules.tags(input.get("Tags")) or (dict(source.tags) if input.get("CopyTags") and not foreign else {})
    copy = Snapshot(place, name, new_id("snap"), "cluster" if source.cluster_kind else "instance", source.of,
                    {**source.attributes, "KmsKeyId": key}, tags, ctx.world.now())
    copy.of_id, copy.settings = source.of_id, {**source.settings, "carried": {**source.settings["carried"], "KmsKeyId": key,
                                                                              "StorageEncrypted": bool(key)}}
    copy.original_time, copy.source_arn = source.original_time, source.arn
    getattr(place, store).append(copy)
    data = ctx.world.servers.snapshot(source, copy)
    copy.line.add("creating", ctx.world.pace.polls("copying", name), ready=data.done)
    return copy.describe("creating")


def copy_instance_snapshot(ctx, input):
    ctx.only(input, {"SourceDBSnapshotIdentifier", "TargetDBSnapshotIdentifier", "KmsKeyId", "Tags", "CopyTags", "OptionGroupName",
                     "SourceRegion", "PreSignedUrl"})
    return {"DBSnapshot": _copy(ctx, input, "snapshots", "SourceDBSnapshotIdentifier", "TargetDBSnapshotIdentifier")}


def copy_cluster_snapshot(ctx, input):
    ctx.only(input, {"SourceDBClusterSnapshotIdentifier", "TargetDBClusterSnapshotIdentifier", "KmsKeyId", "Tags", "CopyTags",
                     "SourceRegion", "PreSignedUrl"})
    return {"DBClusterSnapshot": _copy(ctx, input, "cluster_snapshots", "SourceDBClusterSnapshotIdentifier",
                                       "TargetDBClusterSnapshotIdentifier")}


def _share(ctx, input, store, name):
    snapshot = ctx.place.need(store, name)
    if input["AttributeName"] != "restore":
        raise value(f"Invalid attribute: {input['AttributeName']}")
    add, remove = input.get("ValuesToAdd", []), input.get("ValuesToRemove", [])
    if snapshot.type != "manual":
        raise Refusal(STATE[store], "Automated snapshots can't be shared: copy it to a manual one.")
    if snapshot.status != "available":
        raise Refusal(STATE[store], f"The snapshot is in status {snapshot.status}.")
    if add and snapshot.encrypted and snapshot["KmsKeyId"] == kms.default_key(ctx.place):
        raise Refusal(STATE[store], "A snapshot that is encrypted with the default key can't be shared.")
    if "all" in add and snapshot.encrypted:
        raise Refusal(STATE[store], "An encrypted snapshot can't be made public.")
    for each in add:
        if each != "all" and not (each.isdigit() and len(each) == 12):
            raise value(f"{each} is no account.")
    shared = [a for a in dict.fromkeys(snapshot.shared_with + add) if a not in remove]
    if len(shared) > sharing.AT_MOST:
        raise Refusal("SharedSnapshotQuotaExceeded", f"A snapshot can be shared with at most {sharing.AT_MOST} accounts.")
    snapshot.shared_with = shared
    if "all" in add:
        ctx.world.exposure.public(ctx.world, snapshot)
    return snapshot


def _attributes(snapshot, kind):
    return {f"{kind}Identifier": snapshot.name,
            f"{kind}Attributes": [{"AttributeName": "restore", "AttributeValues": list(snapshot.shared_with)}]}


def share_instance_snapshot(ctx, input):
    return {"DBSnapshotAttributesResult": _attributes(_share(ctx, input, "snapshots", input["DBSnapshotIdentifier"]), "DBSnapshot")}


def share_cluster_snapshot(ctx, input):
    found = _share(ctx, input, "cluster_snapshots", input["DBClusterSnapshotIdentifier"])
    return {"DBClusterSnapshotAttributesResult": _attributes(found, "DBClusterSnapshot")}


def instance_snapshot_attributes(ctx, input):
    return {"DBSnapshotAttributesResult": _attributes(ctx.place.need("snapshots", input["DBSnapshotIdentifier"]), "DBSnapshot")}


def cluster_snapshot_attributes(ctx, input):
    found = ctx.place.need("cluster_snapshots", input["DBClusterSnapshotIdentifier"])
    return {"DBClusterSnapshotAttributesResult": _attributes(found, "DBClusterSnapshot")}


def _delete(ctx, store, name):
    snapshot = ctx.place.need(store, name)
    if snapshot.type != "manual":
        raise Refusal(STATE[store], "Automated snapshots are deleted with their database.")
    if snapshot.status not in ("available", "failed") and snapshot.status not in birth.FAILED:
        raise Refusal(STATE[store], f"The snapshot {snapshot.name} is in status {snapshot.status}.")
    snapshot.gone()
    return snapshot.describe("deleted")


def delete_instance_snapshot(ctx, input):
    return {"DBSnapshot": _delete(ctx, "snapshots", input["DBSnapshotIdentifier"])}


def delete_cluster_snapshot(ctx, input):
    return {"DBClusterSnapshot": _delete(ctx, "cluster_snapshots", input["DBClusterSnapshotIdentifier"])}
