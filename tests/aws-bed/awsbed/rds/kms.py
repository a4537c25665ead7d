"""Keys: KMS's own (moto keeps them), and the default key of RDS, which nobody can share."""
from .errors import Refusal


def default_key(place):
    return f"arn:{place.partition}:kms:{place.region}:{place.account}:key/00000000-0000-4000-8000-{place.account}"


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


def shown(ctx, text):
    """What DescribeKey says where moto does not know: of a default key, and of one in another account. None: ask moto."""
    place = ctx.place
    if text in ("alias/aws/rds", default_key(place)):
        return {"KeyId": default_key(place).split("/")[1], "Arn": default_key(place), "AWSAccountId": place.account,
                "Enabled": True, "KeyState": "Enabled", "KeyManager": "AWS"}
    parts = text.split(":")
    if len(parts) < 6 or parts[4] == place.account:
        return None
    key = ctx.world.moto("kms", parts[4], place.region).keys.get(parts[5].removeprefix("key/"))
    if key is None or place.account not in key.policy:
        raise Refusal("AccessDeniedException", f"The account {place.account} is not authorized to perform kms:DescribeKey on {text}")
    return {"KeyId": key.id, "Arn": key.arn, "AWSAccountId": parts[4], "Enabled": key.enabled, "KeyManager": "CUSTOMER",
            "KeyState": "Enabled" if key.enabled else "Disabled"}


def readable(ctx, arn):
    """Refuses what nobody can decrypt: a key that is disabled, or gone, since."""
    if arn:
        usable(ctx, arn)
