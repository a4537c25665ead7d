"""The folder of a bed with real servers: authority, templates, the names of endpoints."""
import fcntl
import glob
import hashlib
import os
import tempfile
import threading

from . import processes
from .authority import Authority
from .real import KINDS, RealServers


class Home:
    """`addresses`: "names" (resolved by the hosts file, with libnss-wrapper) or "ip" (127.0.0.1 for every endpoint)."""

    def __init__(self, addresses="names"):
        self.addresses = addresses
        self.folder = tempfile.mkdtemp(prefix="dbr-bed-")
        os.chmod(self.folder, 0o711)  # servers run as other users
        self.authority = Authority(self.folder)
        self.hosts, self.count, self.templates, self.lock = os.path.join(self.folder, "hosts"), 0, {}, threading.Lock()
        self.write_hosts([])

    def facts(self):
        preload = glob.glob("/usr/lib/*/libnss_wrapper.so*")
        return {"ca": self.authority.path, "hosts": self.hosts, "preload": preload[0] if preload else None,
                "addresses": self.addresses, "folder": self.folder}

    def servers(self):
        return RealServers(self)

    def new_folder(self):
        self.count += 1
        folder = os.path.join(self.folder, f"w{self.count}")
        os.mkdir(folder, 0o711)
        return folder

    def template(self, kind):
        """The data folder of an empty server, made once for all beds: in ~/.cache/dbrefresh, by what it is made of."""
        with self.lock:
            if kind not in self.templates:
                self.templates[kind] = self._cached(KINDS[kind], kind)
            return self.templates[kind]

    def _cached(self, server, kind):
        cache = os.path.expanduser("~/.cache/dbrefresh")
        os.makedirs(cache, exist_ok=True)
        user = processes.account(kind)
        made_of = f"{server.OWN}{user}{processes.run(server.VERSION)}"
        folder = os.path.join(cache, f"bed-{kind}-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}")
        with open(folder + ".lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.exists(folder):
                made = server(os.path.join(self.folder, "t-" + kind), self.authority, "nobody")
                made.install()
                processes.copy(made.data, folder + ".new", user)
                os.rename(folder + ".new", folder)
        return folder

    def write_hosts(self, names):
        """In one step, so that no reader sees half of it."""
        with open(self.hosts + ".new", "w", encoding="utf-8") as file:
            file.write("127.0.0.1 localhost\n" + "".join(f"127.0.0.1 {name}\n" for name in sorted(set(names))))
        os.chmod(self.hosts + ".new", 0o644)
        os.replace(self.hosts + ".new", self.hosts)

    def close(self):
        processes.remove(self.folder)
