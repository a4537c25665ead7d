"""How a new database comes to be: hidden, creating, backing up, available; or a terminal status."""
from .errors import Refusal
from .instance import Instance

FAILED = {"incompatible-restore", "incompatible-network", "incompatible-parameters", "incompatible-create", "failed",
          "restore-failed", "insufficient-capacity", "restore-error", "storage-full", "incompatible-option-group",
          "inaccessible-encryption-credentials", "cloning-failed", "migration-failed", "incompatible-credentials"}


def begin(ctx, resource, data, how):
    """`data` is a future of the server behind it. `ctx.terminal`: the status that it ends in instead."""
    pace, line, name = ctx.world.pace, resource.line, resource.name
    creating = "creating"
    line.rest = ctx.terminal or "available"
    if pace.polls("hidden", name):
        line.add(creating, pace.polls("hidden", name), hidden=True)
    line.add(creating, pace.polls("creating", name), end=lambda: _made(ctx, resource, how), ready=data.done)
    if ctx.terminal:
        return
    if isinstance(resource, Instance) and not resource.cluster and resource["BackupRetentionPeriod"]:
        line.add("backing-up", pace.polls("backing-up", name), end=lambda: first_backup(ctx, resource))
    elif not isinstance(resource, Instance):
        line.add("backing-up", pace.polls("backing-up", name), end=lambda: first_backup(ctx, resource))


def _made(ctx, resource, how):
    if ctx.terminal:
        resource.place.event(resource.event_kind, resource, f"DB {resource.name} is in status {ctx.terminal}.", "failure")
        return
    resource.served = True
    _activate(resource)
    resource.place.event(resource.event_kind, resource, how, "restoration" if how.startswith("Restored") else "creation")
    ctx.world.servers.hosts_changed(ctx.world)
    ctx.world.exposure.look(ctx.world, f"{resource.name} was made")


def _activate(resource):
    """A cluster's managed secret becomes active with its first instance."""
    cluster = getattr(resource, "cluster", None)
    if cluster and cluster["MasterUserSecret"] and not cluster.line.busy:
        cluster["MasterUserSecret"] = {**cluster["MasterUserSecret"], "SecretStatus": "active"}


def first_backup(ctx, resource):
    resource.first_backup = ctx.world.now()
    ctx.automated_snapshot(resource)
    resource.place.event(resource.event_kind, resource, "Finished DB instance backup.", "backup")


def check_quota(place, more_gib=0):
    if len(place.instances) >= place.quotas["DBInstances"]:
        raise Refusal("InstanceQuotaExceeded", "DB Instance quota exceeded")
    used = sum(i["AllocatedStorage"] or 0 for i in place.instances if not i.cluster)
    if used + more_gib > place.quotas["AllocatedStorage"]:
        raise Refusal("StorageQuotaExceeded", "The request would exceed the storage quota")
