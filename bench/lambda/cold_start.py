#!/usr/bin/env python3
"""How long the function of AWS Lambda takes from the start of its process to its first answer, and the most memory that
it had by then, against handler.py: `bench/lambda/cold_start.py ZIP [RUNS]`.

Both ask the test bed for AWS who they are before they ask for an event. Ours runs as in Lambda, from the zip, in a root
with nothing else. Medians of RUNS (20) in alternation, after one of each that is not counted.
"""
import contextlib
import http.server
import json
import os
import pathlib
import queue
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

SOURCES = pathlib.Path(__file__).resolve().parents[2]
BED = SOURCES / "tools" / "aws-bed"
VENV, PINS = SOURCES / "tools" / "venv", SOURCES / "tests" / "aws-bed" / "requirements.txt"
# What is measured, its unit, and the aim: what it may be of what boto3 takes. Most of our memory are pages of the package's
# files, which the kernel may drop; what no file has is said besides.
MEASURED = {"cold start": ("ms", "at most 0.10"), "memory": ("MiB", "at most 0.20"), "memory that no file has": ("MiB", "none")}


class Runtime(http.server.BaseHTTPRequestHandler):
    """One event for each process, and no other while it lives."""
    protocol_version = "HTTP/1.1"
    answered = queue.Queue()
    given = threading.Event()

    def do_GET(self):
        if self.given.is_set():
            self.rfile.read(1)  # it is ended meanwhile
            self.close_connection = True
            return
        self.given.set()
        self.reply(200, b'{"state": "none", "run": {"run": "r", "members": {}}}')

    def do_POST(self):
        now = time.monotonic()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(202, b"{}")
        self.answered.put((now, self.path, body))

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Lambda-Runtime-Aws-Request-Id", "1")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 60_000))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A process was ended while it was asking."""


def run(command, environment):
    """What is MEASURED, until the answer."""
    Runtime.given.clear()
    begun = time.monotonic()
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        at, path, body = Runtime.answered.get(timeout=60)
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        process.kill()
    if "/init/error" in path:
        sys.exit(f"{command[-1]} cannot begin: {body.decode()}")
    mebibytes = {name: int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) / 1024 for name in ("VmHWM", "RssAnon")}
    return dict(zip(MEASURED, [(at - begun) * 1000, *mebibytes.values()]))


@contextlib.contextmanager
def bed():
    with subprocess.Popen([BED, "--backends", "none"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield json.loads(process.stdout.readline())
        process.stdin.close()


def main():
    package, runs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20
    python = subprocess.run([VENV, PINS], capture_output=True, text=True, check=True).stdout.strip()
    server = Server(("127.0.0.1", 0), Runtime)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with bed() as facts, tempfile.TemporaryDirectory() as root:
        task = pathlib.Path(root, "var/task")
        zipfile.ZipFile(package).extractall(task)
        for program in (task / "bootstrap", *task.glob("lib/ld-*")):
            program.chmod(0o755)
        environment = {"PATH": os.environ["PATH"], "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % server.server_port, "LAMBDA_TASK_ROOT": "/var/task",
                       "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1", "AWS_ENDPOINT_URL": facts["endpoint"],
                       "AWS_ACCESS_KEY_ID": facts["access_key_id"], "AWS_SECRET_ACCESS_KEY": facts["secret_access_key"]}
        as_root = [] if os.getuid() == 0 else ["unshare", "-r"]
        programs = {"ours": [*as_root, "chroot", root, "/var/task/bootstrap"],
                    "boto3": [python, SOURCES / "bench/lambda/handler.py"]}
        taken = {name: [] for name in programs}
        for turn in range(runs + 1):
            for name, command in programs.items():
                result = run(command, environment)
                if turn:
                    taken[name].append(result)
    for what, (unit, aim) in MEASURED.items():
        ours, boto3 = (statistics.median(each[what] for each in taken[name]) for name in programs)
        print(f"{what}: {ours:.1f} {unit}, with boto3 {boto3:.1f} {unit}: a ratio of {ours / boto3:.3f} (aim: {aim})")


if __name__ == "__main__":
    main()
