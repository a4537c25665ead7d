"""Master passwords: given, or managed by RDS in Secrets Manager (RDS user guide: rds-secrets-manager)."""
import json
import secrets
import string
import uuid

from . import kms
from .errors import Refusal, combination

NOT_RESET = "password-not-reset"  # scripted instead of a terminal status (RDS-EVENT-0067)


def check(database, input, now, what):
    manages = database["MasterUserSecret"] is not None
    given = "MasterUserPassword" in input
    wish = input.get("ManageMasterUserPassword")
    if given and (wish or manages and wish is None):
        raise combination("You can't specify MasterUserPassword for a " + what + " with ManageMasterUserPassword turned on.")
    if wish is False and manages and not given:
        raise combination("You must specify MasterUserPassword when you turn off ManageMasterUserPassword.")
    if input.get("RotateMasterUserPassword"):
        if not manages:
            raise combination("RotateMasterUserPassword is valid only if the master password is managed by RDS.")
        if not now:
            raise combination("You must specify ApplyImmediately when rotating the master user password.")
    if input.get("MasterUserSecretKmsKeyId") and not wish:
        raise combination("MasterUserSecretKmsKeyId is valid only together with ManageMasterUserPassword.")
    if wish and not manages and getattr(database, "replicas", None):
        raise combination("The password of a source of read replicas can't be managed by RDS.")


def change(ctx, database, input, step):
    """`step(end)` puts the change on the time line."""
    wish, manages = input.get("ManageMasterUserPassword"), database["MasterUserSecret"] is not None
    if input.get("RotateMasterUserPassword") or (wish and not manages):
        password = _made_up()
        if not manages:
            _begin(ctx, database, input, password)
        database["MasterUserSecret"] = {**database["MasterUserSecret"], "SecretStatus": "rotating" if manages else "creating"}
        step(lambda: _managed(ctx, database, password))
        return
    if "MasterUserPassword" in input:
        _given(ctx, database, input["MasterUserPassword"], step)
        if wish is False and manages:
            database.attributes.pop("MasterUserSecret")


def _given(ctx, database, password, step):
    database.pending["MasterUserPassword"] = "****"
    ctx.world.known_secrets.add(password)

    def end():
        database.pending.pop("MasterUserPassword", None)
        if ctx.terminal == NOT_RESET:
            database.place.event(database.event_kind, database, "Unable to reset your password. Error information: scripted", "failure")
            return
        ctx.world.servers.set_password(database, password)
        database.place.event(database.event_kind, database, "Reset master credentials.", "configuration change")
    step(end)


def _made_up():
    alphabet = string.ascii_letters + string.digits + "!#$%&()*+,-.:;<=>?[]^_{|}~"
    return "".join(secrets.choice(alphabet) for _ in range(28))


def _begin(ctx, database, input, password):
    place = ctx.place
    kind = "cluster" if database.arn_kind == "cluster" else "db"
    key = kms.usable(ctx, input["MasterUserSecretKmsKeyId"]) if input.get("MasterUserSecretKmsKeyId") else \
        f"arn:{place.partition}:kms:{place.region}:{place.account}:key/aws-secretsmanager"
    name = f"rds!{kind}-{uuid.uuid4()}"
    store = ctx.world.moto("secretsmanager", place.account, place.region)
    arn, _, _ = _created(store, name, json.dumps({"username": database["MasterUsername"], "password": password}))
    store.secrets[name].tags = [{"Key": "aws:secretsmanager:owningService", "Value": "rds"}]
    database["MasterUserSecret"] = {"SecretArn": arn, "SecretStatus": "creating", "KmsKeyId": key}


def plant(ctx, database, password):
    """A database of a world whose password RDS manages, and has set."""
    _begin(ctx, database, {}, password)
    database["MasterUserSecret"] = {**database["MasterUserSecret"], "SecretStatus": "active"}


def _created(store, name, text):
    made = store.create_secret(name=name, secret_string=text, secret_binary=None, description="managed by RDS", tags=[],
                               kms_key_id=None, client_request_token=None, replica_regions=[], force_overwrite=False)
    found = json.loads(made)
    return found["ARN"], found["Name"], found.get("VersionId")


def _managed(ctx, database, password):
    ctx.world.known_secrets.add(password)
    ctx.world.servers.set_password(database, password)
    secret = database["MasterUserSecret"]
    store = ctx.world.moto("secretsmanager", database.place.account, database.place.region)
    store.put_secret_value(secret_id=secret["SecretArn"], secret_binary=None, client_request_token=str(uuid.uuid4()),
                           secret_string=json.dumps({"username": database["MasterUsername"], "password": password}),
                           version_stages=["AWSCURRENT"])
    # A cluster's stays as it is while there is no instance (CloudFormation's handlers).
    active = database.arn_kind != "cluster" or database.members
    database["MasterUserSecret"] = {**secret, "SecretStatus": "active" if active else "creating"}


def forget(ctx, database):
    """RDS deletes the secret with the database."""
    secret = database["MasterUserSecret"]
    if secret:
        try:
            ctx.world.moto("secretsmanager", database.place.account, database.place.region).delete_secret(
                secret_id=secret["SecretArn"], recovery_window_in_days=None, force_delete_without_recovery=True)
        except Exception as reason:  # moto's own exceptions, of a secret that somebody deleted already
            raise Refusal("InternalFailure", f"secret {secret['SecretArn']}: {reason}", 500)
