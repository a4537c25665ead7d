"""What a plan asks for: groups, quotas, versions, classes, events; and kinds of things that are only described."""
from datetime import timedelta

from . import catalogue
from .describe import page
from .errors import Refusal, value


def subnet_groups(ctx, input):
    ctx.world.network.subnet_group(ctx.place, None) if ctx.world.network.default_vpc(ctx.place) else None
    name = input.get("DBSubnetGroupName")
    rows = [ctx.world.network.subnet_group(ctx.place, name)] if name else list(ctx.place.subnet_groups.values())
    rows, marker = page(ctx, input, rows)
    return {"DBSubnetGroups": [g.describe() for g in rows], "Marker": marker}


def _families():
    return sorted({catalogue.family(e.name, v) for e in catalogue.ENGINES.values() for v in e.versions})


def _with_defaults(table):
    return {f"default.{family}": family for family in _families()} | table


def _parameter_groups(ctx, input, name, table, kind, code):
    rows = _with_defaults(table)
    if input.get(name):
        if input[name].lower() not in rows:
            raise Refusal(code, f"{kind} not found: {input[name]}")
        rows = {input[name].lower(): rows[input[name].lower()]}
    arn = "pg" if kind == "DBParameterGroup" else "cluster-pg"
    found = [{f"{kind}Name": n, "DBParameterGroupFamily": f, "Description": n, f"{kind}Arn": ctx.place.arn(arn, n)}
             for n, f in sorted(rows.items())]
    found, marker = page(ctx, input, found)
    return {f"{kind}s": found, "Marker": marker}


def parameter_groups(ctx, input):
    return _parameter_groups(ctx, input, "DBParameterGroupName", ctx.place.parameter_groups, "DBParameterGroup",
                             "DBParameterGroupNotFound")


def cluster_parameter_groups(ctx, input):
    return _parameter_groups(ctx, input, "DBClusterParameterGroupName", ctx.place.cluster_parameter_groups,
                             "DBClusterParameterGroup", "DBClusterParameterGroupNotFound")


def cluster_parameters(ctx, input):
    """Only binlog_format, of Aurora MySQL's: OFF unless a seeded group says otherwise."""
    name = input["DBClusterParameterGroupName"].lower()
    families = _with_defaults(ctx.place.cluster_parameter_groups)
    if name not in families:
        raise Refusal("DBParameterGroupNotFound", f"DBClusterParameterGroup not found: {name}")
    said = ctx.place.cluster_parameters.get(name, {})
    found = [{"ParameterName": "binlog_format", "ParameterValue": said.get("binlog_format", "OFF"),
              "Source": "user" if "binlog_format" in said else "engine-default", "IsModifiable": True,
              "ApplyType": "static", "DataType": "string"}] if "mysql" in families[name] else []
    return {"Parameters": [p for p in found if input.get("Source", p["Source"]) == p["Source"]]}


def option_groups(ctx, input):
    rows = [{"OptionGroupName": n, "OptionGroupDescription": n, "EngineName": e, "MajorEngineVersion": m, "Options": [],
             "OptionGroupArn": ctx.place.arn("og", n)} for n, (e, m) in sorted(ctx.place.option_groups.items())]
    for engine in catalogue.ENGINES.values():
        if not engine.aurora:
            for major in sorted({catalogue.major(engine.name, v) for v in engine.versions}):
                name = f"default:{engine.name}-{major.replace('.', '-')}"
                rows.append({"OptionGroupName": name, "OptionGroupDescription": name, "EngineName": engine.name,
                             "MajorEngineVersion": major, "Options": [], "OptionGroupArn": ctx.place.arn("og", name)})
    wanted = input.get("OptionGroupName")
    rows = [r for r in rows if (not wanted or r["OptionGroupName"] == wanted.lower()) and
            input.get("EngineName", r["EngineName"]) == r["EngineName"]]
    if wanted and not rows:
        raise Refusal("OptionGroupNotFoundFault", f"Specified OptionGroupName: {wanted} not found.")
    rows, marker = page(ctx, input, rows)
    return {"OptionGroupsList": rows, "Marker": marker}


def account_attributes(ctx, input):
    place = ctx.place
    used = {"DBInstances": len(place.instances), "DBClusters": len(place.clusters),
            "ManualSnapshots": sum(s.type == "manual" for s in place.snapshots),
            "ManualClusterSnapshots": sum(s.type == "manual" for s in place.cluster_snapshots),
            "AllocatedStorage": sum(i["AllocatedStorage"] or 0 for i in place.instances if not i.cluster),
            "ReadReplicasPerMaster": max([len(i.replicas) for i in place.instances], default=0)}
    return {"AccountQuotas": [{"AccountQuotaName": n, "Used": u, "Max": place.quotas[n]} for n, u in used.items()]}


def engine_versions(ctx, input):
    rows = []
    for engine in catalogue.ENGINES.values():
        for version in engine.versions:
            rows.append({"Engine": engine.name, "EngineVersion": version, "Status": "available",
                         "MajorEngineVersion": catalogue.major(engine.name, version),
                         "DBParameterGroupFamily": catalogue.family(engine.name, version), "SupportsReadReplica": not engine.aurora,
                         "ExportableLogTypes": list(engine.logs), "ValidUpgradeTarget": []})
    rows = [r for r in rows if input.get("Engine", r["Engine"]) == r["Engine"] and
            input.get("EngineVersion", r["EngineVersion"]) in (r["EngineVersion"], r["MajorEngineVersion"]) and
            (not input.get("DefaultOnly") or catalogue.engine(r["Engine"]).versions[-1] == r["EngineVersion"])]
    rows, marker = page(ctx, input, rows)
    return {"DBEngineVersions": rows, "Marker": marker}


def orderable(ctx, input):
    engine = catalogue.engine(input["Engine"])
    classes = [input["DBInstanceClass"]] if input.get("DBInstanceClass") else \
        [f"db.{f}.{s}" for f in ("t4g", "m6g", "r6g") for s in ("micro", "small", "medium", "large", "xlarge")] + ["db.serverless"]
    rows = []
    for name in classes:
        try:
            catalogue.check_class(name, engine.name)
        except Refusal:
            continue
        for version in engine.versions:
            if input.get("EngineVersion", version) == version:
                rows.append({"Engine": engine.name, "EngineVersion": version, "DBInstanceClass": name, "Vpc": True,
                             "MultiAZCapable": not engine.aurora, "StorageType": "aurora" if engine.aurora else "gp3",
                             "AvailabilityZones": [{"Name": ctx.place.region + z} for z in "abc"]})
    rows, marker = page(ctx, input, rows)
    return {"OrderableDBInstanceOptions": rows, "Marker": marker}


def events(ctx, input):
    """Those of the last hour, unless more is asked for; up to 14 days."""
    if input.get("SourceIdentifier") and not input.get("SourceType"):
        raise Refusal("InvalidParameterCombination", "SourceType must be given with SourceIdentifier.")
    if input.get("Duration") and not 0 < input["Duration"] <= 20160:
        raise value("Duration must be from 1 to 20160 minutes")
    since = input.get("StartTime") or ctx.world.now() - timedelta(minutes=input.get("Duration", 60))
    rows = [e for e in ctx.place.events if e["Date"] >= since and e["Date"] <= input.get("EndTime", e["Date"]) and
            input.get("SourceType", e["SourceType"]) == e["SourceType"] and
            input.get("SourceIdentifier", e["SourceIdentifier"]).lower() == e["SourceIdentifier"] and
            (not input.get("EventCategories") or set(input["EventCategories"]) & set(e["EventCategories"]))]
    rows, marker = page(ctx, input, rows)
    return {"Events": rows, "Marker": marker}


def certificates(ctx, input):
    return {"Certificates": [{"CertificateIdentifier": "rds-ca-rsa2048-g1", "CertificateType": "CA"}]}


def others(answer):
    """Rows that the test has planted, as they are; usually none."""
    return lambda ctx, input: {answer: ctx.place.others.get(answer, [])}
