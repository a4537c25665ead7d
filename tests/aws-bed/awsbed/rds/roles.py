"""IAM roles of databases, and the Data API of Aurora."""
from .errors import Refusal


def _instance(ctx, input):
    found = ctx.place.need("instances", input["DBInstanceIdentifier"])
    if found.status != "available":
        raise Refusal("InvalidDBInstanceState", f"Instance {found.name} is in status {found.status}; it must be available.")
    return found


def add_to_instance(ctx, input):
    found = _instance(ctx, input)
    roles = found["AssociatedRoles"] or []
    if any(r["RoleArn"] == input["RoleArn"] and r["FeatureName"] == input["FeatureName"] for r in roles):
        raise Refusal("DBInstanceRoleAlreadyExists", f"The role {input['RoleArn']} is associated already.")
    found["AssociatedRoles"] = roles + [{"RoleArn": input["RoleArn"], "FeatureName": input["FeatureName"], "Status": "ACTIVE"}]
    return {}


def remove_from_instance(ctx, input):
    found = _instance(ctx, input)
    roles = found["AssociatedRoles"] or []
    kept = [r for r in roles if (r["RoleArn"], r["FeatureName"]) != (input["RoleArn"], input["FeatureName"])]
    if kept == roles:
        raise Refusal("DBInstanceRoleNotFound", f"The role {input['RoleArn']} is not associated.")
    found["AssociatedRoles"] = kept
    return {}


def _cluster(ctx, input):
    found = ctx.place.need("clusters", input["DBClusterIdentifier"])
    if found.status != "available":
        raise Refusal("InvalidDBClusterStateFault", f"DB cluster {found.name} is in status {found.status}; it must be available.")
    return found


def add_to_cluster(ctx, input):
    found = _cluster(ctx, input)
    if any(r["RoleArn"] == input["RoleArn"] and r.get("FeatureName") == input.get("FeatureName") for r in found.roles):
        raise Refusal("DBClusterRoleAlreadyExists", f"The role {input['RoleArn']} is associated already.")
    found.roles.append({"RoleArn": input["RoleArn"], "Status": "ACTIVE", **({"FeatureName": input["FeatureName"]}
                                                                            if input.get("FeatureName") else {})})


def remove_from_cluster(ctx, input):
    found = _cluster(ctx, input)
    kept = [r for r in found.roles if (r["RoleArn"], r.get("FeatureName")) != (input["RoleArn"], input.get("FeatureName"))]
    if len(kept) == len(found.roles):
        raise Refusal("DBClusterRoleNotFound", f"The role {input['RoleArn']} is not associated.")
    found.roles = kept


def http_endpoint(enabled):
    def change(ctx, input):
        found = next((c for c in ctx.place.clusters if c.arn == input["ResourceArn"]), None)
        if found is None:
            raise Refusal("ResourceNotFoundFault", f"The specified resource {input['ResourceArn']} does not exist.")
        if found.status != "available":
            raise Refusal("InvalidResourceStateFault", f"DB cluster {found.name} is in status {found.status}.")
        found["HttpEndpointEnabled"] = enabled
        return {"ResourceArn": found.arn, "HttpEndpointEnabled": enabled}
    return change
