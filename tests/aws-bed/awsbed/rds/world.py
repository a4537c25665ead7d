"""All accounts and Regions, their clock and pace, and what they stand on. One lock for all of it."""
import threading
from datetime import datetime, timedelta, timezone

from . import groups, snapshots
from .actions import ACTIONS
from .errors import Refusal
from .exposure import Exposure
from .network import Network
from .pace import Pace
from .store import Store


class Unmodelled(Exception):
    """The bed does not know how RDS would answer: a fault of the bed or of the request, never passed over."""


class World:
    """`moto(service, account, region)` gives moto's backend; it must outlive the world, as must `servers`."""

    def __init__(self, moto, servers):
        self.moto, self.servers = moto, servers
        self.lock = threading.RLock()
        self.offset = timedelta()
        self.stores, self.pace, self.exposure = {}, Pace(), Exposure()
        self.network = Network(lambda account, region: moto("ec2", account, region))
        self.known_secrets = set()
        self.connections = {}  # by id of an instance: how many CloudWatch counts
        self.page = 100  # rows that a page has at most

    def now(self):
        return datetime.now(timezone.utc) + self.offset

    def store(self, account, region):
        if (account, region) not in self.stores:
            self.stores[account, region] = Store(self, account, region)
        return self.stores[account, region]

    def call(self, account, region, name, input, terminal=None):
        """The output of an operation; Refusal or Unmodelled."""
        if name not in ACTIONS:
            raise Unmodelled(f"the bed does not model {name}")
        with self.lock:
            return ACTIONS[name](Context(self, self.store(account, region), terminal), input) or {}


class Context:
    """One call: where it is made, and in which status what it makes is to end."""

    def __init__(self, world, place, terminal=None):
        self.world, self.place, self.terminal = world, place, terminal

    def unmodelled(self, what):
        raise Unmodelled(f"the bed does not model {what}")

    def only(self, input, known):
        unknown = set(input) - known
        if unknown:
            self.unmodelled(f"the parameters {', '.join(sorted(unknown))}")

    def automated_snapshot(self, owner):
        snapshots.automated(self, owner)

    def locate(self, instance, input):
        """Gives an instance its subnet group, security, parameter and option groups."""
        network, place = self.world.network, self.place
        instance.subnet_group = network.subnet_group(place, input.get("DBSubnetGroupName"))
        instance.groups = [[g, "active"] for g in
                           network.security_groups(place, input.get("VpcSecurityGroupIds"), instance.subnet_group)]
        instance.parameter_group = (groups.parameter_group(place, input.get("DBParameterGroupName"), instance.engine,
                                                           instance["EngineVersion"]), "in-sync")
        instance.option_group = groups.option_group(place, input.get("OptionGroupName"), instance.engine, instance["EngineVersion"])


__all__ = ["Context", "Refusal", "Unmodelled", "World"]
