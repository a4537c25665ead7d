"""Snapshots of this account, and those that others share with it (by ARN only)."""
from .errors import Refusal
from .store import NOT_FOUND

AT_MOST = 20  # accounts a snapshot may be shared with (USER_ShareSnapshot)


def find(ctx, kind, text):
    """(snapshot, does it belong to another account)."""
    place = ctx.place
    if text.lower().startswith("arn:") and f":{place.account}:" not in text:
        parts = text.split(":")
        owner = ctx.world.stores.get((parts[4], parts[3])) if len(parts) > 6 else None
        found = owner and owner.named(kind, text)
        if found and place.region != parts[3]:
            raise Refusal("InvalidParameterValue", f"{text} is in another Region.")
        if found and (place.account in found.shared_with or "all" in found.shared_with):
            return found, True
        code, message = NOT_FOUND[kind]
        raise Refusal(code, message.format(text))
    return place.need(kind, text), False


def visible(ctx, kind, include_shared, include_public):
    """(snapshot, the type that is shown)."""
    found = [(s, s.type) for s in getattr(ctx.place, kind)]
    for store in ctx.world.stores.values():
        if store.account == ctx.place.account or store.region != ctx.place.region:
            continue
        for each in getattr(store, kind):
            if include_shared and ctx.place.account in each.shared_with:
                found.append((each, "shared"))
            elif include_public and "all" in each.shared_with:
                found.append((each, "public"))
    return found
