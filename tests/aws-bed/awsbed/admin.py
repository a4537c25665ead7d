"""What tests say to the bed, as JSON under /_bed/ (README.md lists it)."""
import json
import traceback
from datetime import timedelta

from . import endstate, seed, stack_resources
from .credentials import Key
from .iam import Policies
from .rds import modify_cluster, modify_instance
from .rds.world import Context
from .wire.request import Answer


def _pace(bed, body):
    bed.world.pace.set(body)


def _page(bed, body):
    bed.world.page = body["most"]


def _fault(bed, body):
    for rule in body if isinstance(body, list) else [body]:
        bed.faults.script(rule)


def _time(bed, body):
    bed.world.offset += timedelta(seconds=body["advance_seconds"])
    return {"now": bed.world.now().isoformat()}


def _maintenance(bed, body):
    """The maintenance window of every database: what waits is applied."""
    for store in bed.world.stores.values():
        for each in store.instances:
            if each.waiting:
                modify_instance.apply_waiting(Context(bed.world, store), each)
        for each in store.clusters:
            if each.waiting:
                modify_cluster.apply_waiting(Context(bed.world, store), each)


def _masked(bed, body):
    for store in bed.world.stores.values():
        for each in store.instances + store.clusters:
            if each.name == body["name"]:
                bed.servers.masked(each.data_id)


def _status(bed, body):
    """Puts a database into a status until another one is put; or a replica's replication."""
    store = bed.world.store(body.get("account", bed.account), body["region"])
    found = store.named(body.get("kind", "instances"), body["name"])
    if "status" in body:
        found.line.clear()
        found.line.rest = body["status"]
    if "replication" in body:
        found.replication = body["replication"]


def _key(bed, body):
    policies = Policies(body["policies"]) if "policies" in body else None
    bed.credentials.add(Key(body["id"], body["secret"], body.get("account", bed.account), body.get("token", ""), policies=policies,
                            role=body.get("role", Key.role)))


def _permissions(bed, body):
    """What the keys with policies asked for."""
    return {key.id: {"role": key.role, **key.policies.shown()} for key in bed.credentials.keys.values() if key.policies}


def _role(bed, body):
    """For a function that is about to start: credentials of its role."""
    key = bed.credentials.of_role(body["role"], bed.functions_beside.policies(body["role"]))
    return {"id": key.id, "secret": key.secret, "token": key.token}


def _expire(bed, body):
    bed.credentials.expire(body.get("account"))


def _pending_faults(bed, body):
    return {"unused": bed.faults.unused()}


def _manner(bed, body):
    bed.hosts.manner = body


POSTS = {"seed": seed.plant, "commands": _manner, "pace": _pace, "page": _page, "fault": _fault,
         "faults": lambda bed, body: bed.faults.seeded(body), "commands/release": lambda bed, body: bed.hosts.release(),
         "faults/clear": lambda bed, body: bed.faults.clear(body.get("account")), "reset": lambda bed, body: bed.reset(), "time": _time,
         "maintenance": _maintenance, "masked": _masked, "status": _status, "key": _key, "role": _role, "expire": _expire,
         "simulation": lambda bed, body: bed.simulation.set(body), "resource": stack_resources.make, "resource/drop": stack_resources.drop}
GETS = {"state": lambda bed, body: endstate.document(bed), "faults": _pending_faults,
        "violations": lambda bed, body: {"violations": bed.journal.violations},
        "journal": lambda bed, body: {"calls": bed.journal.calls}, "permissions": _permissions,
        "exposure": lambda bed, body: {"log": bed.world.exposure.log, "unmasked": bed.world.exposure.violations()},
        "time": lambda bed, body: {"now": bed.world.now().isoformat()}}


def answer(bed, request):
    name = request.path.removeprefix("/_bed/").rstrip("/")
    action = (POSTS if request.method == "POST" else GETS).get(name)
    if action is None:
        return _json(404, {"error": f"{request.method} /_bed/{name}: no such thing"})
    try:
        body = json.loads(request.body) if request.body else {}
        if name in ("seed", "reset", "commands/release"):  # these take the lock of the world themselves, or replace it
            return _json(200, action(bed, body) or {})
        with bed.world.lock:
            return _json(200, action(bed, body) or {})
    except Exception as reason:  # whatever is wrong with a test's document is told to the test
        if not isinstance(reason, ValueError):
            traceback.print_exc()
        return _json(400, {"error": f"{type(reason).__name__}: {reason}"})


def _json(status, body):
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(body, indent=1, default=str).encode() + b"\n")
