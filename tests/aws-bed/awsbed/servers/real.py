"""Real servers behind the endpoints: one for each instance that stands alone, one for each cluster."""
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

from ..rds.catalogue import engine
from . import processes
from .mariadb import MariaDb
from .none import NoServers, done
from .postgres import Postgres

KINDS = {"mariadb": MariaDb, "postgres": Postgres}


class RealServers(NoServers):
    """Copies and starts are made by a pool; each id has its work done in order."""
    real = True

    def __init__(self, home):
        super().__init__()
        self.home = home
        self.folder = home.new_folder()
        self.servers, self.images = {}, {}  # images: id -> (kind, data folder) that no server has
        self.pool, self.lock = ThreadPoolExecutor(4), threading.Lock()
        self.last = {}

    def _later(self, ids, work):
        """Does work after all that was begun before for these ids."""
        with self.lock:
            before = [self.last[i] for i in ids if i in self.last]
            turn = threading.Event()

            def run():
                for each in before:
                    each.wait()
                try:
                    return work()
                finally:
                    turn.set()
            for each in ids:
                self.last[each] = turn
        return self.pool.submit(run)

    def _new(self, id, kind, master):
        server = KINDS[kind](os.path.join(self.folder, id.lower()[:12]), self.home.authority, master)
        self.servers[id] = server
        return server

    def address(self, host):
        return "127.0.0.1" if self.home.addresses == "ip" else host

    def port(self, id):
        server = self.servers.get(id)
        return server.port if server else None

    def seed(self, resource, password, sql, unmasked):
        self.raw[resource.id] = unmasked
        return self._made(resource, password, sql)

    def create(self, instance, password):
        self.raw[instance.id] = False
        return self._made(instance, password, "")

    def _made(self, resource, password, sql):
        kind, id = engine(resource.engine).kind, resource.id
        if kind not in KINDS or id in self.asleep:
            return done()
        server = self._new(id, kind, resource["MasterUsername"])
        schema = resource["DatabaseName"] if resource.arn_kind == "cluster" else resource["DBName"]

        def work():
            processes.copy(self.home.template(kind), server.data, server.user)
            server.start()
            server.make_master(password, schema)
            if sql:
                server.script(sql, password, schema)
            if resource.status == "stopped":
                server.stop()
        return self._later([id], work)

    def restore(self, source_id, resource):
        self.raw[resource.id] = self._asked(source_id)
        kind, id = engine(resource.engine).kind, resource.id
        if kind not in KINDS:
            return done()
        server = self._new(id, kind, resource["MasterUsername"])

        def work():
            self._copy(source_id, server.data, server.user)
            server.start()
        return self._later([source_id, id], work)

    def _copy(self, source_id, target, user):
        if source_id in self.images:
            processes.copy(self.images[source_id][1], target, user)
        else:
            self.servers[source_id].copy_data(target)

    def snapshot(self, owner, snapshot):
        self.raw[snapshot.id] = self._asked(owner.id)
        if owner.id not in self.servers and owner.id not in self.images:
            return done()
        target = os.path.join(self.folder, snapshot.id.lower()[:14])
        kind = self.servers[owner.id].kind if owner.id in self.servers else self.images[owner.id][0]

        def work():
            self._copy(owner.id, target, processes.account(kind))
            self.images[snapshot.id] = (kind, target)
        return self._later([owner.id, snapshot.id], work)

    def alias(self, snapshot, owner):
        """An automated snapshot: its data is copied when somebody asks for it, from what the database holds then."""
        self.raw[snapshot.id] = self._asked(owner.id)
        server = self.servers.get(owner.id)
        if server:
            self.servers[snapshot.id] = server

    def join(self, cluster):
        return done() if cluster.id not in self.servers else self._later([cluster.id], lambda: None)

    def keep(self, instance):
        super().keep(instance)
        self.stop(instance)

    def drop(self, id):
        if id in self.kept:
            return super().drop(id)
        super().drop(id)
        server, image = self.servers.pop(id, None), self.images.pop(id, None)
        if image:
            shutil.rmtree(image[1], ignore_errors=True)
        if server and server not in self.servers.values():
            self._later([id], server.remove)
        return None

    def stop(self, resource):
        server = self.servers.get(resource.data_id)
        if server:
            self._later([resource.data_id], server.stop).result()

    def start(self, resource):
        server = self.servers.get(resource.data_id)
        return self._later([resource.data_id], server.start) if server else done()

    def restart_later(self, resource):
        server = self.servers.get(resource.data_id)
        if not server or resource.arn_kind == "db" and resource.cluster:
            return None
        begun = []

        def ready():
            if not begun:
                begun.append(self._later([resource.data_id], lambda: (server.stop(), server.start())))
            return begun[0].done()
        return ready

    def set_password(self, resource, password):
        super().set_password(resource, password)
        server = self.servers.get(resource.data_id)
        if server and server.running:
            self._later([resource.data_id], lambda: server.set_password(password)).result()

    def hosts_changed(self, world):
        """Writes the names that are to be found now, and gives each server a certificate for its own."""
        names = {}
        for store in world.stores.values():
            for instance in store.instances:
                if instance.served:
                    names.setdefault(instance.data_id, []).append(instance.host)
            for cluster in store.clusters:
                if cluster.served:
                    names.setdefault(cluster.id, []).extend([cluster.host(), cluster.host("cluster-ro")])
        self.home.write_hosts([host for hosts in names.values() for host in hosts])
        for id, hosts in names.items():
            server = self.servers.get(id)
            if server:
                known = ["127.0.0.1"] if self.home.addresses == "ip" else sorted(hosts)
                if known != server.hosts:
                    self._later([id], lambda s=server, k=known: s.name(k)).result()

    def unmasked(self, resource):
        return self._asked(getattr(resource, "data_id", resource.id))

    def _asked(self, id):
        """Asks the server, where a marker says how; else what was known when somebody could ask last."""
        server = self.servers.get(id)
        question = server and server.running and (self.marker or {}).get(server.kind)
        if question:
            try:
                self.raw[id] = int(server.admin(question["sql"], question.get("schema")).split()[-1]) > 0
            except (RuntimeError, ValueError, IndexError):
                pass  # it is starting, or has no such table
        return self.raw.get(id)

    def close(self):
        self.pool.shutdown(wait=True, cancel_futures=True)
        for server in set(self.servers.values()):
            server.remove()
        shutil.rmtree(self.folder, ignore_errors=True)
