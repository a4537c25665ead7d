"""ministack as a child of the bed: run by the Python of requirements-functions.txt, not by that of the bed.

A function's process acts as its role. What it finds as AWS_ACCESS_KEY_ID is a key of the bed, which the bed is asked for
by the role's ARN; ministack's own would be the number of the account.
"""
import ctypes
import json
import os
import signal
import subprocess
import types
import urllib.request
from concurrent.futures import ThreadPoolExecutor

LIBC = ctypes.CDLL(None)
# PR_SET_PDEATHSIG tells of the end of a thread: all functions are started by one that lives as long as we do.
SPAWNER = ThreadPoolExecutor(1, thread_name_prefix="spawner")


def _ask(role):
    request = urllib.request.Request(os.environ["BED_ENDPOINT"] + "/_bed/role", data=json.dumps({"role": role}).encode())
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


def credentials(config):
    """In the place of ministack.core.lambda_runtime.execution_credentials."""
    key = _ask(config["Role"])
    return {"AWS_ACCESS_KEY_ID": key["id"], "AWS_SECRET_ACCESS_KEY": key["secret"], "AWS_SESSION_TOKEN": key["token"]}


def end_with_parent():
    LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def spawn(command, **more):
    """In the place of subprocess.Popen: no function is longer there than we are, however we end."""
    return SPAWNER.submit(subprocess.Popen, command, preexec_fn=end_with_parent, **more).result()


def main():
    end_with_parent()
    from ministack import app
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc
    lambda_runtime.execution_credentials = lambda_svc.execution_credentials = credentials
    lambda_runtime.subprocess = types.SimpleNamespace(**{**vars(subprocess), "Popen": spawn})
    app.main()


if __name__ == "__main__":
    main()
