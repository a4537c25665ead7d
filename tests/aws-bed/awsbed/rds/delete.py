"""DeleteDBInstance, DeleteDBCluster (API reference; RDS user guide USER_DeleteInstance, Aurora user guide USER_DeleteCluster)."""
from . import backups, managed, rules, snapshots
from .birth import FAILED
from .errors import Refusal, combination


def _final(input, parameter="FinalDBSnapshotIdentifier"):
    """The name of the final snapshot, or None; exactly one of the two parameters must be there."""
    skip, name = input.get("SkipFinalSnapshot", False), input.get(parameter)
    if skip and name:
        raise combination("FinalDBSnapshotIdentifier can not be specified when deleting with SkipFinalSnapshot.")
    if not skip and not name:
        raise combination("FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
    return rules.identifier(name, parameter, 255) if name else None


def instance(ctx, input):
    found = ctx.place.need("instances", input["DBInstanceIdentifier"])
    if found.status == "deleting":
        raise Refusal("InvalidDBInstanceState", f"Instance {found.name} is already being deleted.")
    if found["DeletionProtection"] and not found.cluster:
        raise combination("Cannot delete protected DB Instance, please disable deletion protection and try again.")
    if found.cluster:
        if input.get("FinalDBSnapshotIdentifier"):
            raise combination("FinalDBSnapshotIdentifier can not be specified for a member of a DB cluster.")
        if found.cluster.status == "stopped":
            raise Refusal("InvalidDBClusterStateFault", f"DB cluster {found.cluster.name} is stopped: start it first.")
        final = None
    elif found.replica_of:
        if not input.get("SkipFinalSnapshot") or input.get("FinalDBSnapshotIdentifier"):
            raise combination("A read replica is deleted with SkipFinalSnapshot, without a final snapshot.")
        final = None
    else:
        final = _final(input)
        if final and found.status in FAILED | {"creating"}:
            raise Refusal("InvalidDBInstanceState", f"No final snapshot can be made in status {found.status}.")
    _backups(ctx, found, input)
    if final:
        snapshots.take(ctx, found, final, "snapshots")
    _go(ctx, found)
    return {"DBInstance": found.describe("deleting")}


def _backups(ctx, found, input):
    if input.get("DeleteAutomatedBackups", True) is False and not found.cluster and found["BackupRetentionPeriod"]:
        backups.retain(ctx, found)
    else:
        for each in [s for s in ctx.place.snapshots if s.type == "automated" and s.of_id == found.id]:
            ctx.place.drop("snapshots", each)


def _go(ctx, found):
    found.line.clear()
    found.becoming = None
    found.line.add("deleting", max(1, ctx.world.pace.polls("deleting", found.name)), end=lambda: _gone(ctx, found))


def _gone(ctx, found):
    managed.forget(ctx, found)
    found.gone()
    ctx.world.servers.hosts_changed(ctx.world)
    ctx.world.exposure.look(ctx.world, f"{found.name} was deleted")


def cluster(ctx, input):
    found = ctx.place.need("clusters", input["DBClusterIdentifier"])
    if found.status == "deleting":
        raise Refusal("InvalidDBClusterStateFault", f"Cluster {found.name} is already being deleted.")
    if found["DeletionProtection"]:
        raise combination("Cannot delete protected Cluster, please disable deletion protection and try again.")
    if found.status in ("stopped", "stopping", "starting"):
        raise Refusal("InvalidDBClusterStateFault", f"DB cluster {found.name} is in status {found.status}: it must be running.")
    if any(m.status != "deleting" for m in found.members):
        raise Refusal("InvalidDBClusterStateFault", "Cluster cannot be deleted, it still contains DB instances in non-deleting state.")
    final = _final(input)
    if final:
        snapshots.take(ctx, found, final, "cluster_snapshots")
    if input.get("DeleteAutomatedBackups", True):
        for each in [s for s in ctx.place.cluster_snapshots if s.type == "automated" and s.of_id == found.id]:
            ctx.place.drop("cluster_snapshots", each)
    _go(ctx, found)
    found.line.phases[0].ready = lambda: not found.members  # it goes after them
    return {"DBCluster": found.describe("deleting")}
