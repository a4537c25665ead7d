"""What moto lets pass and AWS does not, in the services beside RDS."""
import json

from . import quirk_secrets
from .rds import kms, managed, modify_cluster, modify_instance
from .rds.errors import Refusal
from .rds.world import Context
from .wire import errors
from .wire.request import Answer


def refuse(bed, call, account):
    """An answer instead of moto's, or None."""
    if call.service == "secretsmanager" and call.name == "RotateSecret":
        return _rotate(bed, call, account)
    if call.service == "secretsmanager" and call.name == "DeleteSecret" and _managed(bed, call, account):
        return errors.answer("secretsmanager", "InvalidRequestException", "You can't delete a secret that RDS manages.")
    if call.service == "secretsmanager":
        return quirk_secrets.answer(bed, call, account)
    if call.service == "kms" and call.name == "DescribeKey":
        return _key(bed, call, account)
    if call.service == "iam" and call.name == "SimulatePrincipalPolicy":
        return bed.simulation.answer(call, bed.world.page, bed.credentials)
    if call.service == "sns" and call.name == "Publish":
        return _publish(call.input)
    return None


def _publish(input):
    """API reference, Publish: a subject is ASCII of fewer than 100 characters without line breaks; no message is empty."""
    subject = input.get("Subject")
    if subject is not None and (not 0 < len(subject) < 100 or not subject.isascii() or not subject.isprintable() or subject[0] == " "):
        return errors.answer("sns", "InvalidParameter", "Invalid parameter: Subject", 400)
    if not input["Message"]:
        return errors.answer("sns", "InvalidParameter", "Invalid parameter: Empty message", 400)
    return None


def _key(bed, call, account):
    """A key of another account is shown to whom its policy names, and the default one of RDS to its own account alone."""
    try:
        shown = kms.shown(Context(bed.world, bed.world.store(account, call.region)), call.input["KeyId"])
    except Refusal as reason:
        return errors.answer("kms", reason.code, reason.message)
    return shown and _json({"KeyMetadata": shown})


def _json(body):
    return Answer(200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode())


def _managed(bed, call, account):
    """The database whose managed secret is meant, or None."""
    store = bed.world.store(account, call.region)
    for database in store.instances + store.clusters:
        secret = database["MasterUserSecret"]
        if secret and call.input.get("SecretId") in (secret["SecretArn"], secret["SecretArn"].split(":secret:")[1][:-7]):
            return database
    return None


def _rotate(bed, call, account):
    """Without a rotation function there is no rotation (API reference); RDS rotates what it manages itself."""
    database = _managed(bed, call, account)
    if database is None:
        return quirk_secrets.rotate(bed, call, account)
    ctx = Context(bed.world, database.place)
    step = (modify_cluster if database.arn_kind == "cluster" else modify_instance).step
    if database.line.busy:
        return errors.answer("secretsmanager", "InvalidRequestException", "A previous rotation isn't complete.")
    try:
        managed.change(ctx, database, {"RotateMasterUserPassword": True},
                       lambda end: step(ctx, database, "resetting-master-credentials", end))
    except Refusal as reason:
        return errors.answer("secretsmanager", "InvalidRequestException", reason.message)
    return _json({"ARN": database["MasterUserSecret"]["SecretArn"], "Name": call.input["SecretId"]})
