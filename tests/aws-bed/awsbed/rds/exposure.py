"""Whom databases were open to: every time users could reach one, and whether its data was unmasked then."""
CLOSED = ("creating", "stopped", "deleting", "failed", "incompatible-restore", "incompatible-network")


class Exposure:
    def __init__(self):
        self.log, self.seen = [], {}

    def reachable(self, world, instance):
        """By users: one of its groups lets them in, or is being removed and does."""
        owner = instance.cluster or instance
        return instance.served and instance.status not in CLOSED and \
            any(world.network.lets_users_in(instance.place, g) for g, _ in owner.groups)

    def look(self, world, why):
        for store in world.stores.values():
            for instance in store.instances:
                self._look_at(world, instance, why)

    def _look_at(self, world, instance, why):
        if not self.reachable(world, instance):
            self.seen.pop(instance.id, None)
            return
        unmasked = world.servers.unmasked(instance)
        if self.seen.get(instance.id) != unmasked or instance.id not in self.seen:
            self.seen[instance.id] = unmasked
            self.log.append({"account": instance.place.account, "region": instance.place.region, "name": instance.name,
                             "id": instance.id, "unmasked": unmasked, "why": why})

    def public(self, world, snapshot):
        self.log.append({"account": snapshot.place.account, "region": snapshot.place.region, "name": snapshot.name,
                         "id": snapshot.id, "unmasked": world.servers.unmasked(snapshot), "why": "shared with everybody"})

    def violations(self):
        return [entry for entry in self.log if entry["unmasked"]]
