"""Tags by ARN."""
from . import rules
from .errors import Refusal, value
from .store import NOT_FOUND

KINDS = {"db": "instances", "cluster": "clusters", "snapshot": "snapshots", "cluster-snapshot": "cluster_snapshots"}


def _find(ctx, arn):
    parts = arn.split(":", 6)
    if len(parts) != 7 or parts[:3] != ["arn", ctx.place.partition, "rds"]:
        raise value(f"Invalid resource name: {arn}")
    if parts[3] != ctx.place.region or parts[4] != ctx.place.account:
        raise value(f"The specified resource name does not match an RDS resource in this region: {arn}")
    if parts[5] not in KINDS:
        ctx.unmodelled(f"tags of {parts[5]}")
    kind = KINDS[parts[5]]
    found = ctx.place.named(kind, arn)
    if found is None or found.line.hidden:
        code, text = NOT_FOUND[kind]
        raise Refusal(code, text.format(arn))
    return found


def add(ctx, input):
    found = _find(ctx, input["ResourceName"])
    merged = {**found.tags, **rules.tags(input["Tags"])}
    if len(merged) > rules.TAGS_AT_MOST:
        raise value(f"You can have at most {rules.TAGS_AT_MOST} tags")
    found.tags = merged
    return {}


def remove(ctx, input):
    found = _find(ctx, input["ResourceName"])
    found.tags = {k: v for k, v in found.tags.items() if k not in input["TagKeys"]}
    return {}


def list_(ctx, input):
    return {"TagList": rules.tag_list(_find(ctx, input["ResourceName"]).tags)}
