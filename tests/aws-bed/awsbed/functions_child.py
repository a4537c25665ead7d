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


def _ask(what, body):
    request = urllib.request.Request(f"{os.environ['BED_ENDPOINT']}/_bed/{what}", data=json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


def credentials(config):
    """In the place of ministack.core.lambda_runtime.execution_credentials."""
    key = _ask("role", {"role": config["Role"]})
    return {"AWS_ACCESS_KEY_ID": key["id"], "AWS_SECRET_ACCESS_KEY": key["secret"], "AWS_SESSION_TOKEN": key["token"]}


def end_with_parent():
    LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def spawn(command, **more):
    """In the place of subprocess.Popen: no function is longer there than we are, however we end."""
    return SPAWNER.submit(subprocess.Popen, command, preexec_fn=end_with_parent, **more).result()


def of_bed(kind):
    """Handlers of a resource of CloudFormation that the bed makes (stack_resources.py)."""
    from ministack.core.responses import get_account_id, get_region

    def body(**more):
        return {"type": kind, "account": get_account_id(), "region": get_region(), **more}

    def create(logical_id, properties, stack_name):
        made = _ask("resource", body(properties=properties, name=f"{stack_name}-{logical_id}"))
        return made["id"], made["attributes"]

    def delete(physical_id, properties):
        _ask("resource/drop", body(properties=properties, id=physical_id))
    return {"create": create, "delete": delete}


def main():
    end_with_parent()
    from ministack import app
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc
    lambda_runtime.execution_credentials = lambda_svc.execution_credentials = credentials
    lambda_runtime.subprocess = types.SimpleNamespace(**{**vars(subprocess), "Popen": spawn})
    from ministack.services.cloudformation import provisioners
    for kind in os.environ["BED_KINDS"].split():
        provisioners._RESOURCE_HANDLERS[kind] = of_bed(kind)
    app.main()


if __name__ == "__main__":
    main()
