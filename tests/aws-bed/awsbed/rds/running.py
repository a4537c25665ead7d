"""Stopping, starting, rebooting, promoting (RDS user guide: USER_StopInstance, USER_RebootInstance; Aurora user guide:
aurora-cluster-stop-start)."""
from .birth import first_backup
from .errors import Refusal, combination
from .modify_instance import rebooted, step


def stop_instance(ctx, input):
    found = ctx.place.need("instances", input["DBInstanceIdentifier"])
    if found.cluster:
        raise Refusal("InvalidDBClusterStateFault", f"{found.name} is a member of a DB cluster: stop the DB cluster.")
    if found.status != "available" or found.line.busy:
        raise Refusal("InvalidDBInstanceState", f"Instance {found.name} is not in available state.")
    if found.replicas or found.replica_of:
        raise Refusal("InvalidDBInstanceState", "An instance that has or is a read replica can't be stopped.")
    if found["MultiAZ"] and found.engine.startswith("sqlserver"):
        raise Refusal("InvalidDBInstanceState", "A Multi-AZ instance of SQL Server can't be stopped.")
    step(ctx, found, "stopping", lambda: _stopped(ctx, found))
    return {"DBInstance": found.describe(found.status)}


def _stopped(ctx, found):
    found.line.rest = "stopped"
    ctx.world.servers.stop(found)
    found.place.event(found.event_kind, found, "DB instance stopped.", "notification")
    ctx.world.exposure.look(ctx.world, f"{found.name} was stopped")


def start_instance(ctx, input):
    found = ctx.place.need("instances", input["DBInstanceIdentifier"])
    if found.cluster:
        raise Refusal("InvalidDBClusterStateFault", f"{found.name} is a member of a DB cluster: start the DB cluster.")
    if found.status != "stopped":
        raise Refusal("InvalidDBInstanceState", f"Instance {found.name} is not stopped.")
    _start(ctx, found)
    return {"DBInstance": found.describe("starting")}


def _start(ctx, found):
    done = ctx.world.servers.start(found)
    found.line.add("starting", max(1, ctx.world.pace.polls("starting", found.name)), ready=done.done, end=lambda: _started(ctx, found))


def _started(ctx, found):
    found.line.rest = "available"
    ctx.world.exposure.look(ctx.world, f"{found.name} was started")


def stop_cluster(ctx, input):
    found = ctx.place.need("clusters", input["DBClusterIdentifier"])
    if found.multi_az:
        raise Refusal("InvalidDBClusterStateFault", "A Multi-AZ DB cluster can't be stopped.")
    if found.status != "available" or found.line.busy or any(m.status != "available" or m.line.busy for m in found.members):
        raise Refusal("InvalidDBClusterStateFault", f"DbCluster {found.name} or a member of it is not in available state.")
    pace = ctx.world.pace
    for member in found.members:
        member.line.add("stopping", pace.polls("stopping", member.name), end=lambda m=member: setattr(m.line, "rest", "stopped"))
    found.line.add("stopping", pace.polls("stopping", found.name), end=lambda: _stopped(ctx, found))
    return {"DBCluster": found.describe("stopping")}


def start_cluster(ctx, input):
    found = ctx.place.need("clusters", input["DBClusterIdentifier"])
    if found.status != "stopped":
        raise Refusal("InvalidDBClusterStateFault", f"DbCluster {found.name} is not in stopped state.")
    for member in found.members:
        member.line.clear()
        member.line.rest = "stopped"
        member.line.add("starting", ctx.world.pace.polls("starting", member.name),
                        end=lambda m=member: setattr(m.line, "rest", "available"))
    _start(ctx, found)
    return {"DBCluster": found.describe("starting")}


def reboot_instance(ctx, input):
    found = ctx.place.need("instances", input["DBInstanceIdentifier"])
    if found.status != "available" or found.line.busy:
        raise Refusal("InvalidDBInstanceState", f"Instance {found.name} is not in available state.")
    if input.get("ForceFailover") and not found["MultiAZ"]:
        raise combination("ForceFailover can't be specified: the instance is not Multi-AZ.")
    step(ctx, found, "rebooting", lambda: rebooted(ctx, found))
    found.line.phases[-1].ready = ctx.world.servers.restart_later(found)
    return {"DBInstance": found.describe("rebooting")}


def promote(ctx, input):
    found = ctx.place.need("instances", input["DBInstanceIdentifier"])
    if not found.replica_of or found.status != "available":
        raise Refusal("InvalidDBInstanceState", f"DB instance {found.name} is not a read replica that is available.")
    retention = input.get("BackupRetentionPeriod", 1)

    def end():
        found.replica_of = None
        found["BackupRetentionPeriod"] = retention
        ctx.world.servers.promote(found)
        if retention:
            first_backup(ctx, found)
    step(ctx, found, "modifying", end)
    return {"DBInstance": found.describe(found.status)}
