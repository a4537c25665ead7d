"""What all resources of RDS have: an identity that stays, a name that moves, tags, a time line, pending values."""
import secrets
import string
from datetime import datetime

from .timeline import TimeLine

LETTERS = string.ascii_uppercase + "234567"


def new_id(prefix):
    return f"{prefix}-" + "".join(secrets.choice(LETTERS) for _ in range(26))


class Resource:
    """`attributes` are shown as they are; `pending` as PendingModifiedValues. `place` is the store that it is in."""
    arn_kind = ""

    def __init__(self, place, name, resource_id, attributes, tags, now: datetime):
        self.place, self.name, self.id = place, name, resource_id
        self.attributes, self.tags, self.created = dict(attributes), dict(tags), now
        self.line, self.pending = TimeLine(), {}
        self.becoming = None  # the name that it is about to have
        self.source = None    # id of what it was restored from
        self.waiting = {}     # changes that wait for the maintenance window: parameter -> value

    @property
    def arn(self):
        return self.place.arn(self.arn_kind, self.name)

    @property
    def status(self):
        return self.line.status

    def __getitem__(self, name):
        return self.attributes.get(name)

    def __setitem__(self, name, value):
        self.attributes[name] = value
