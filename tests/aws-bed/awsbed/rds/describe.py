"""Describing instances, clusters and snapshots: each that is shown moves on along its time line."""
import base64

from . import sharing
from .errors import Refusal, value
from .store import NOT_FOUND

FILTERS = {"instances": ("db-cluster-id", "db-instance-id", "dbi-resource-id", "engine"),
           "clusters": ("db-cluster-id", "db-cluster-resource-id", "engine", "clone-group-id"),
           "snapshots": ("db-instance-id", "db-snapshot-id", "dbi-resource-id", "snapshot-type", "engine"),
           "cluster_snapshots": ("db-cluster-id", "db-cluster-snapshot-id", "snapshot-type", "engine")}


def page(ctx, input, rows):
    """(rows, marker): 20 to 100 a page, or as few as the test says."""
    most = input.get("MaxRecords", 100)
    if not 20 <= most <= 100:
        raise value(f"Invalid value {most} for MaxRecords. Must be between 20 and 100")
    most = min(most, ctx.world.page)
    try:
        start = int(base64.b64decode(input["Marker"])) if input.get("Marker") else 0
    except ValueError:
        raise value("Invalid marker")
    rest = len(rows) > start + most
    return rows[start:start + most], base64.b64encode(str(start + most).encode()).decode() if rest else None


def _filters(input, kind):
    found = {}
    for each in input.get("Filters", []):
        if each["Name"] not in FILTERS[kind]:
            raise value(f"Unrecognized filter name: {each['Name']}")
        found[each["Name"]] = [v.lower() for v in each["Values"]]
    return found


def _kept(resource, found):
    """Does a resource fit the filters? Names may be ARNs."""
    cluster = getattr(resource, "cluster", None)
    has = {"engine": {resource["Engine"]}, "dbi-resource-id": {resource.id.lower(), (getattr(resource, "of_id", None) or "").lower()},
           "db-cluster-resource-id": {resource.id.lower()}, "clone-group-id": {resource["CloneGroupId"]},
           "db-instance-id": {resource.name, resource.arn.lower()}, "db-snapshot-id": {resource.name, resource.arn.lower()},
           "db-cluster-snapshot-id": {resource.name, resource.arn.lower()}, "snapshot-type": {getattr(resource, "type", None)},
           "db-cluster-id": {cluster.name, cluster.arn.lower()} if cluster else
           {resource.name, resource.arn.lower()} if resource.arn_kind == "cluster" else set()}
    if hasattr(resource, "of"):
        has["db-instance-id"] = has["db-cluster-id"] = {resource.of}
    return all(has[name] & set(values) for name, values in found.items())


def _named(ctx, kind, text):
    found = ctx.place.named(kind, text)
    if found is None:
        code, message = NOT_FOUND[kind]
        raise Refusal(code, message.format(text))
    return found


def _list(ctx, input, kind, parameter, answer):
    filters = _filters(input, kind)
    text = input.get(parameter)
    rows = [_named(ctx, kind, text)] if text else sorted(getattr(ctx.place, kind), key=lambda r: r.name)
    shown = []
    rows, marker = page(ctx, input, [r for r in rows if _kept(r, filters)])
    for row in rows:
        status = row.line.look()
        still = row in getattr(ctx.place, kind) and (not text or text.lower() in (row.name, row.arn.lower()))
        if status is not None and still and _kept(row, filters):
            shown.append(row.describe(status))
        elif text:
            code, message = NOT_FOUND[kind]
            raise Refusal(code, message.format(text))
    return {answer: shown, "Marker": marker}


def instances(ctx, input):
    return _list(ctx, input, "instances", "DBInstanceIdentifier", "DBInstances")


def clusters(ctx, input):
    return _list(ctx, input, "clusters", "DBClusterIdentifier", "DBClusters")


def _snapshots(ctx, input, kind, own, of, answer):
    """Shared ones only if asked for, or by ARN."""
    text, wanted = input.get(own), input.get("SnapshotType")
    if wanted and wanted not in ("automated", "manual", "shared", "public", "awsbackup"):
        raise value(f"Invalid snapshot type: {wanted}")
    filters = _filters(input, kind)
    found = sharing.visible(ctx, kind, input.get("IncludeShared") or wanted == "shared" or bool(text),
                            input.get("IncludePublic") or wanted == "public" or bool(text))
    if text:
        found = [(s, t) for s, t in found if text.lower() == s.arn.lower() or (s.place is ctx.place and text.lower() == s.name)]
    if input.get(of):
        found = [(s, t) for s, t in found if s.of == input[of].lower()]
    if input.get("DbiResourceId"):
        found = [(s, t) for s, t in found if s.of_id == input["DbiResourceId"]]
    found = [(s, t) for s, t in found if (not wanted or t == wanted) and _kept(s, filters)]
    if text and not found:
        code, message = NOT_FOUND[kind]
        raise Refusal(code, message.format(text))
    rows, marker = page(ctx, input, sorted(found, key=lambda row: row[0].arn))
    return {answer: [s.describe(s.line.look(), t) for s, t in rows], "Marker": marker}


def snapshots(ctx, input):
    return _snapshots(ctx, input, "snapshots", "DBSnapshotIdentifier", "DBInstanceIdentifier", "DBSnapshots")


def cluster_snapshots(ctx, input):
    return _snapshots(ctx, input, "cluster_snapshots", "DBClusterSnapshotIdentifier", "DBClusterIdentifier", "DBClusterSnapshots")
