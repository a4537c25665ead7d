"""Programs that the bed runs: as the account of their kind, and never longer than the bed."""
import os
import pwd
import random
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

# PR_SET_PDEATHSIG tells of the end of a thread: all servers are started by one that lives as long as the bed.
_SPAWNER = ThreadPoolExecutor(1, thread_name_prefix="spawner")
_CLAIMS = []  # sockets whose names are ports
# mariadbd is in /usr/sbin, which is not in the path of an ordinary user of Debian.
os.environ["PATH"] = os.environ.get("PATH", os.defpath) + ":/usr/local/sbin:/usr/sbin:/sbin"


def account(kind):
    """The user that servers of a kind run as: only root needs another one."""
    if os.geteuid() != 0:
        return None
    for name in ("dbrefresh", "mysql" if kind == "mariadb" else "postgres"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise RuntimeError("root needs the user dbrefresh, mysql or postgres for its servers: tools/setup makes one")


def as_account(user, command):
    """Killed when who starts it ends, however that ends."""
    other = [] if user is None else [f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"]
    return ["setpriv", *other, "--pdeathsig", "KILL", *command]


def run(command, user=None, **more):
    """Its standard output; RuntimeError with what it said if it fails."""
    done = subprocess.run(as_account(user, command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          cwd="/", **more)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stdout[-2000:]}")
    return done.stdout


def start(command, user, log):
    with open(log, "ab") as out:
        return spawn(as_account(user, command), stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/")


def spawn(command, **more):
    """A process that may ask the kernel to end with who started it."""
    return _SPAWNER.submit(subprocess.Popen, command, **more).result()


def free_port():
    """Below those that the kernel gives to connections; whoever starts a server tries again with another one. Claimed
    for as long as we live, as the program's own are (src/os/port.h)."""
    while True:
        port = random.randint(15000, 32000)
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with socket.socket() as found:
            try:
                claim.bind(f"\0dbrefresh/port/{port}")
                found.bind(("127.0.0.1", port))
                _CLAIMS.append(claim)
                return port
            except OSError:
                claim.close()


def copy(source, target, user):
    """A folder with all that is in it."""
    run(["cp", "-a", "--reflink=auto", source, target])
    own(target, user)


def own(path, user):
    if user is not None:
        run(["chown", "-R", f"{user}:", path])


def wait_until(condition, what, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} took longer than {seconds} s")
        time.sleep(0.05)


def remove(path):
    shutil.rmtree(path, ignore_errors=True)
