"""The end state as one canonical JSON document: sorted, and without the values of secrets."""
import json
from datetime import datetime


def _plain(value):
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in sorted(value.items())}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _database(bed, row):
    world, shown = bed.world, row.describe(row.status)
    shown["Tags"] = dict(row.tags)
    shown.pop("TagList", None)
    shown["bed"] = {"unmasked": world.servers.unmasked(row), "hidden": row.line.hidden, "busy": row.line.busy, "source": row.source,
                    "waiting": sorted(row.waiting)}
    if row.arn_kind == "db":
        shown["bed"]["reachable_by_users"] = world.exposure.reachable(world, row)
    return shown


def _snapshot(bed, row):
    shown = row.describe(row.status)
    shown.pop("TagList", None)
    return {**shown, "Tags": dict(row.tags), "bed": {"unmasked": bed.world.servers.unmasked(row), "shared_with": row.shared_with}}


def _secrets(bed, account, region):
    client = bed.upstream.client("secretsmanager", account, region)
    found = {}
    for each in client.list_secrets()["SecretList"]:
        stages = {}
        for version, names in client.describe_secret(SecretId=each["ARN"]).get("VersionIdsToStages", {}).items():
            for name in names:
                stages[name] = {"version": version, **_keys(client, each["ARN"], version)}
        found[each["Name"]] = {"arn": each["ARN"], "stages": stages}
        if each.get("RotationEnabled"):
            found[each["Name"]]["rotation"] = {"function": each["RotationLambdaARN"], **each["RotationRules"]}
    return found


def _keys(client, arn, version):
    try:
        value = json.loads(client.get_secret_value(SecretId=arn, VersionId=version)["SecretString"])
    except ValueError:
        return {"keys": None}
    except client.exceptions.ResourceNotFoundException:
        return {"keys": None, "empty": True}
    if not isinstance(value, dict):
        return {"keys": None}
    return {"keys": sorted(value), "host": value.get("host"), "port": value.get("port"), "username": value.get("username")}


def _rows(bed):
    found = {}
    for account, region, table in bed.tables:
        items = bed.upstream.client("dynamodb", account, region).scan(TableName=table)["Items"]
        rows = [{k: next(iter(v.values())) for k, v in item.items()} for item in items]
        found[table] = sorted(rows, key=lambda row: json.dumps(row, sort_keys=True, default=str))
    return found


def _messages(bed):
    found = []
    for account, region, arn in bed.topics:
        topic = bed.upstream.backend("sns", account, region).topics[arn]
        sent = [entry for entry in topic.sent_notifications]
        found += [{"topic": arn, "message": m[1], "subject": m[2]} for m in sent]
    return found


def document(bed):
    """Everything that a test may want to know when all is over."""
    world = bed.world
    places = {}
    regions = set(world.stores) | {(a, r) for a, r, _ in bed.tables + bed.topics}
    for account, region in sorted(regions):
        store = world.store(account, region)
        places[f"{account}/{region}"] = {
            "instances": {r.name: _database(bed, r) for r in store.instances},
            "clusters": {r.name: _database(bed, r) for r in store.clusters},
            "snapshots": {r.name: _snapshot(bed, r) for r in store.snapshots},
            "cluster_snapshots": {r.name: _snapshot(bed, r) for r in store.cluster_snapshots},
            "retained_backups": [{"of": b.of, "id": b.of_id, "arn": b.arn, "unmasked": b.unmasked} for b in store.backups],
            "secrets": _secrets(bed, account, region)}
    return _plain({"places": places, "tables": _rows(bed), "messages": _messages(bed), "commands": bed.hosts.state(), "commands_again": bed.hosts.seconds,
                   "exposure": {"log": world.exposure.log, "unmasked": world.exposure.violations()},
                   "leaks": bed.journal.leaks(world.known_secrets), "violations": bed.journal.violations,
                   "faults_unused": bed.faults.unused(), "calls": len(bed.journal.calls)})
