"""Keys: KMS's own (moto keeps them), and the default key of RDS, which nobody can share."""
from .errors import Refusal


def default_key(place):
    return f"arn:aws:kms:{place.region}:{place.account}:key/00000000-0000-4000-8000-{place.account}"


def usable(ctx, text):
    """The ARN of a key that is named by id, ARN or alias, in this Region."""
    place = ctx.place
    if text in ("alias/aws/rds", default_key(place)):
        return default_key(place)
    account, name = place.account, text
    if text.startswith("arn:"):
        parts = text.split(":")
        if parts[3] != place.region:
            raise Refusal("KMSKeyNotAccessibleFault", f"The KMS key {text} is not in {place.region}.")
        account, name = parts[4], parts[5]
    keys = ctx.world.moto("kms", account, place.region)
    name = name.removeprefix("key/")
    if name.startswith("alias/"):
        name = keys.get_key_id_from_alias(name) if hasattr(keys, "get_key_id_from_alias") else None
    key = keys.keys.get(name) if name else None
    if key is None or not key.enabled or account != place.account and place.account not in key.policy:
        raise Refusal("KMSKeyNotAccessibleFault", f"The specified KMS key [{text}] does not exist, is not enabled or you do "
                      "not have permissions to access it.")
    return key.arn
