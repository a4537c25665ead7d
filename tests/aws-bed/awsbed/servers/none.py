"""No servers: endpoints lead nowhere; whose data is unmasked is followed from copy to copy."""
from concurrent.futures import Future


def done():
    future = Future()
    future.set_result(None)
    return future


class NoServers:
    """The contract of what is behind endpoints. `id` is that of the instance, cluster or snapshot whose data it is."""
    domain = "rds.localhost"
    real = False

    def __init__(self):
        self.raw = {}          # id -> is its data unmasked
        self.kept = set()      # ids whose data outlives the database
        self.asleep = set()    # ids of databases that are planted without a server
        self.marker = None     # {"mariadb": {"schema", "sql"}, "postgres": …}: a count that is 0 where data is masked
        self.passwords = {}    # id -> password that RDS set

    def address(self, host):
        """What Endpoint.Address says for a host name."""
        return host

    def port(self, id):
        """The port that a server listens on; None where there is none."""
        return None

    def seed(self, resource, password, sql, unmasked):
        self.raw[resource.id] = unmasked
        return done()

    def create(self, instance, password):
        self.raw[instance.id] = False
        return done()

    def restore(self, source_id, resource):
        """A copy of a source's data, as a server of its own."""
        self.raw[resource.id] = self.raw.get(source_id)
        return done()

    def join(self, cluster):
        """Another instance of a cluster: the same data."""
        return done()

    def replicate(self, source, replica):
        return self.restore(source.id, replica)

    def promote(self, instance):
        pass

    def snapshot(self, owner, snapshot):
        self.raw[snapshot.id] = self.raw.get(owner.id)
        return done()

    def alias(self, snapshot, owner):
        self.raw[snapshot.id] = self.raw.get(owner.id)

    def keep(self, instance):
        self.kept.add(instance.id)

    def drop(self, id):
        if id in self.kept:
            self.kept.discard(id)
            return
        self.raw.pop(id, None)

    def stop(self, resource):
        pass

    def start(self, resource):
        return done()

    def restart_later(self, resource):
        """What to ask whether a restart, begun at the first question, is over; None for no wait."""
        return None

    def set_password(self, resource, password):
        self.passwords[resource.id] = password

    def hosts_changed(self, world):
        """The names of endpoints are others now."""

    def unmasked(self, resource):
        """True, False, or None where nobody knows."""
        return self.raw.get(getattr(resource, "data_id", resource.id))

    def masked(self, id):
        """Somebody says that data was masked, where there is no server that one could ask."""
        self.raw[id] = False

    def close(self):
        pass
