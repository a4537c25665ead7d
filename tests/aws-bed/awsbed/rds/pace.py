"""How long everything takes, in Describes: fixed numbers, ranges drawn from a seed, other ones for a name. 2.0 is two seconds."""
import fnmatch
import random

DEFAULTS = {
    "lag": 1,       # what was accepted does not show yet
    "hidden": 1,    # a new resource is not found yet
    "gap": 1,       # while its name changes, a database is found under none
    "groups": 1,    # security groups are being added and removed
    "secret": 1,    # a managed secret is being created
    "creating": 2, "backing-up": 1, "modifying": 1, "renaming": 1, "rebooting": 1, "deleting": 2, "stopping": 1,
    "starting": 1, "resetting-master-credentials": 1, "copying": 1, "configuring-log-exports": 1,
    "configuring-iam-database-auth": 1, "upgrading": 1, "promoting": 1, "storage-optimization": 0, "failing-over": 1,
}


class Pace:
    def __init__(self):
        self.base, self.names, self.random = dict(DEFAULTS), [], random.Random(0)

    def set(self, document):
        """{"seed": 1, "polls": {"creating": [1, 5]}, "for": {"orders-*": {"creating": 9}}}; unknown names are refused."""
        for table in [document.get("polls", {}), *document.get("for", {}).values()]:
            unknown = set(table) - set(DEFAULTS)
            if unknown:
                raise ValueError(f"no such pace: {sorted(unknown)}")
        if "seed" in document:
            self.random = random.Random(document["seed"])
        self.base.update(document.get("polls", {}))
        self.names = [*document.get("for", {}).items(), *self.names]

    def polls(self, what, name=""):
        value = next((table[what] for pattern, table in self.names
                      if fnmatch.fnmatch(name, pattern) and what in table), self.base.get(what, 1))
        return value if isinstance(value, (int, float)) else self.random.randint(*value)
