"""One server behind an endpoint: its folder, its process, its port. What differs by engine is in mariadb.py, postgres.py."""
import os
import signal

from . import processes


class Server:
    """`folder` holds `data`, certificates and the socket. Not thread-safe: each has one user at a time."""
    kind = ""

    def __init__(self, folder, authority, master):
        self.folder, self.authority, self.master = folder, authority, master
        self.user = processes.account(self.kind)
        self.port, self.process, self.hosts = processes.free_port(), None, []
        os.makedirs(folder, exist_ok=True)

    @property
    def data(self):
        return os.path.join(self.folder, "data")

    @property
    def log(self):
        return os.path.join(self.folder, "log")

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def name(self, hosts):
        """The names that it is reached by; its certificate says them."""
        if hosts and hosts != self.hosts:
            self.hosts = hosts
            self.certify()
            if self.running:
                self.reload()

    def certify(self):
        certificate, key = self.authority.issue(self.hosts or ["localhost"])
        for name, pem in (("server.pem", certificate), ("server.key", key)):
            path = os.path.join(self.folder, name)
            with open(path, "wb", opener=lambda p, f: os.open(p, f, 0o600)) as file:
                file.write(pem)
            processes.own(path, self.user)

    def start(self):
        if self.running:
            return
        if not os.path.exists(os.path.join(self.folder, "server.pem")):
            self.certify()
        processes.own(self.folder, self.user)
        for _ in range(5):
            self.process = processes.start(self.command(), self.user, self.log)
            processes.wait_until(lambda: self._answers() or not self.running, f"the start of {self.kind} in {self.folder}")
            if self.running:
                return
            with open(self.log, encoding="utf-8", errors="replace") as file:
                said = file.read()[-2000:]
            if "in use" not in said:
                break
            self.port = processes.free_port()
        raise RuntimeError(f"{self.kind} did not start: {said}")

    def _answers(self):
        if not os.path.exists(self.socket_file()):  # cheaper than a client
            return False
        try:
            self.admin("SELECT 1")
            return True
        except RuntimeError:
            return False

    def stop(self):
        if self.process is None:
            return
        if self.running:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(60)
            except Exception:  # it hangs, and its data is of no more use
                self.process.kill()
                self.process.wait()
        self.process = None

    stop_signal = signal.SIGTERM

    def remove(self):
        if self.running:
            self.process.kill()
            self.process.wait()
        processes.remove(self.folder)
