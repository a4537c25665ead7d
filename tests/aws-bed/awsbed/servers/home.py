"""The folder of a bed with real servers: authority, templates, the names of endpoints."""
import glob
import os
import tempfile
import threading

from . import processes
from .authority import Authority
from .mariadb import MariaDb
from .postgres import Postgres
from .real import RealServers


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
        """The data folder of an empty server, made once."""
        with self.lock:
            if kind not in self.templates:
                made = (MariaDb if kind == "mariadb" else Postgres)(os.path.join(self.folder, "t-" + kind), self.authority, "nobody")
                made.install()
                self.templates[kind] = made.data
            return self.templates[kind]

    def write_hosts(self, names):
        """In one step, so that no reader sees half of it."""
        with open(self.hosts + ".new", "w", encoding="utf-8") as file:
            file.write("127.0.0.1 localhost\n" + "".join(f"127.0.0.1 {name}\n" for name in sorted(set(names))))
        os.chmod(self.hosts + ".new", 0o644)
        os.replace(self.hosts + ".new", self.hosts)

    def close(self):
        processes.remove(self.folder)
