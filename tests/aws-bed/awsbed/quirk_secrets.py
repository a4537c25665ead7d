"""Versions of secrets as Secrets Manager keeps them (API reference: PutSecretValue, UpdateSecretVersionStage).

moto lets a promoted secret answer its old value, two versions be current, and a token be used for two values; so the bed
moves labels itself, in moto's secrets.
"""
import json
import re
import time
import uuid

from .wire import errors
from .wire.request import Answer

NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]{1,512}$")


class Wrong(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


def answer(bed, call, account):
    """An answer instead of moto's, or None."""
    work = {"PutSecretValue": _put, "UpdateSecretVersionStage": _move, "UpdateSecret": _update, "CreateSecret": _create}.get(call.name)
    if not work:
        return None
    secrets = bed.upstream.backend("secretsmanager", account, call.region).secrets
    try:
        output = work(secrets, call.input)
    except Wrong as reason:
        return errors.answer("secretsmanager", reason.code, reason.message)
    return output and Answer(200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(output).encode())


def rotate(bed, call, account):
    """Takes down how a secret is to be rotated; the bed runs no function (API reference, RotateSecret)."""
    input = call.input
    try:
        secret = _live(bed.upstream.backend("secretsmanager", account, call.region).secrets, input)
        function = input.get("RotationLambdaARN") or secret.rotation_lambda_arn
        if not function:
            raise Wrong("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret.")
        if function not in bed.functions:
            raise Wrong("AccessDeniedException", "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function "
                        "policy grants access to the principal secretsmanager.amazonaws.com.")
        if _holder(secret, "AWSPENDING") not in (None, _holder(secret, "AWSCURRENT")):
            raise Wrong("InvalidRequestException", "A previous rotation isn't complete. That rotation will be reattempted.")
        if input.get("RotateImmediately", True):
            raise Wrong("InvalidRequestException", "the bed runs no rotation function")
    except Wrong as reason:
        return errors.answer("secretsmanager", reason.code, reason.message)
    secret.rotation_requested = secret.rotation_enabled = True
    secret.rotation_lambda_arn = function
    secret.auto_rotate_after_days = input.get("RotationRules", {}).get("AutomaticallyAfterDays", 0)
    return Answer(200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps({"ARN": secret.arn, "Name": secret.name}).encode())


def _create(secrets, input):
    if not NAME.match(input["Name"]):
        raise Wrong("ValidationException", "Invalid name. Must be a valid name containing alphanumeric characters, or any of the "
                    "following: -/_+=.@!")


def _live(secrets, input):
    found = secrets.get(input["SecretId"])
    if found is None:
        raise Wrong("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    if found.is_deleted():
        raise Wrong("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
    return found


def _put(secrets, input):
    secret = _live(secrets, input)
    token = input.get("ClientRequestToken") or str(uuid.uuid4())
    value = {"secret_string": input.get("SecretString"), "secret_binary": input.get("SecretBinary")}
    value = {k: v for k, v in value.items() if v is not None}
    if len(value) != 1:
        raise Wrong("InvalidParameterException", "You must provide either SecretString or SecretBinary.")
    old = secret.versions.get(token)
    if old and any(old.get(k) != v for k, v in value.items()):
        raise Wrong("ResourceExistsException", f"You can't use ClientRequestToken {token} because that value is already in use for a "
                    f"version of secret {secret.arn}.")
    if not old:
        secret.versions[token] = {**value, "createdate": int(time.time()), "version_id": token, "version_stages": []}
        first = len(secret.versions) == 1
        for label in dict.fromkeys((["AWSCURRENT"] if first else []) + input.get("VersionStages", ["AWSCURRENT"])):
            _attach(secret, label, token)
    return {"ARN": secret.arn, "Name": secret.name, "VersionId": token, "VersionStages": secret.versions[token]["version_stages"]}


def _update(secrets, input):
    """A new value by UpdateSecret is current at once."""
    secret = _live(secrets, input)
    if "SecretString" not in input and "SecretBinary" not in input:
        return None
    made = _put(secrets, {k: v for k, v in input.items() if k in ("SecretId", "SecretString", "SecretBinary", "ClientRequestToken")})
    if input.get("Description"):
        secret.description = input["Description"]
    return {k: made[k] for k in ("ARN", "Name", "VersionId")}


def _holder(secret, label):
    return next((v for v, each in secret.versions.items() if label in each["version_stages"]), None)


def _detach(secret, label):
    holder = _holder(secret, label)
    if holder:
        secret.versions[holder]["version_stages"].remove(label)
    return holder


def _attach(secret, label, version):
    """A label is at one version alone; where AWSCURRENT was becomes AWSPREVIOUS."""
    before = _detach(secret, label)
    secret.versions[version]["version_stages"].append(label)
    if label == "AWSCURRENT":
        secret.set_default_version_id(version)
        if before and before != version:
            _detach(secret, "AWSPREVIOUS")
            secret.versions[before]["version_stages"].append("AWSPREVIOUS")
            if "AWSPREVIOUS" in secret.versions[version]["version_stages"]:
                secret.versions[version]["version_stages"].remove("AWSPREVIOUS")


def _move(secrets, input):
    secret, label = _live(secrets, input), input["VersionStage"]
    origin, target, holder = input.get("RemoveFromVersionId"), input.get("MoveToVersionId"), _holder(secret, label)
    if target and target not in secret.versions:
        raise Wrong("ResourceNotFoundException", f"Secrets Manager can't find the specified secret version: {target}")
    if origin and origin != holder:
        raise Wrong("InvalidParameterException", f"The parameter RemoveFromVersionId is wrong: label {label} is not attached to it.")
    if holder and not origin and target != holder:
        raise Wrong("InvalidParameterException", f"The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently "
                    f"attached to version {holder}, so you must explicitly reference that version in RemoveFromVersionId.")
    if label == "AWSCURRENT" and not target:
        raise Wrong("InvalidParameterException", "You can only move staging label AWSCURRENT to a different secret version. It can't be "
                    "completely removed.")
    if target:
        _attach(secret, label, target)
    else:
        _detach(secret, label)
    return {"ARN": secret.arn, "Name": secret.name}
