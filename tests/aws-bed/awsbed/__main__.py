"""Starts the bed: prints one JSON line, and ends with its standard input, its parent, or SIGTERM."""
import argparse
import json
import os
import signal
import stat
import sys
import threading
import time

from . import forks
from .bed import Bed
from .front import Front
from .functions import Functions
from .servers.none import NoServers
from .upstream import Upstream, load


def _stdin_ends():
    """Waits for the end of standard input, where there is somebody who could end it."""
    mode = os.fstat(0).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(0)):
        return False
    while os.read(0, 4096):
        pass
    return True


def _until_orphaned():
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.2)


def _watch(end, until_alone):
    def stdin():
        if _stdin_ends():
            end.set()
    threading.Thread(target=stdin, daemon=True).start()

    def alone():
        until_alone()
        end.set()
    threading.Thread(target=alone, daemon=True).start()


def run(arguments, until_alone):
    """A bed, until nobody needs it any more."""
    parser = argparse.ArgumentParser(prog="aws-bed", allow_abbrev=False)
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0: any that is free")
    parser.add_argument("--account", default="123456789012")
    parser.add_argument("--backends", choices=("none", "real"), default="none", help="real: MariaDB and PostgreSQL servers")
    parser.add_argument("--addresses", choices=("names", "ip"), default="names", help="what endpoints of real servers say")
    parser.add_argument("--functions", metavar="PYTHON", help="with Step Functions and Lambda: a Python that has ministack")
    parser.add_argument("--interpreter", choices=("ministack", "moto"), default="ministack", help="whose Step Functions")
    parser.add_argument("--wait-scale", type=float, default=1.0, help="how much of a wait of Step Functions is waited")
    parser.add_argument("--seed", help="a world to plant, a JSON file")
    options = parser.parse_args(arguments)
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    _watch(end, until_alone)
    home = None
    if options.backends == "real":
        from .servers.home import Home
        home = Home(options.addresses)
    bed = Bed(options.account, Upstream(), home.servers if home else NoServers)
    front = Front(bed, options.port)
    threading.Thread(target=front.serve_forever, daemon=True).start()
    key = bed.credentials.main()
    facts = home.facts() if home else {}
    bed.host_facts = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{front.server_address[1]}",
                      **{name: facts[fact] for name, fact in (("DBREFRESH_RDS_CA", "ca"), ("LD_PRELOAD", "preload"),
                                                              ("NSS_WRAPPER_HOSTS", "hosts")) if facts.get(fact)}}
    if options.functions:
        bed.functions_beside = Functions(options.functions, options.account, bed.host_facts, options.wait_scale, options.interpreter)
    line = {"endpoint": bed.host_facts["AWS_ENDPOINT_URL"], "account": options.account, "pid": os.getpid(),
            "access_key_id": key.id, "secret_access_key": key.secret, "backends": options.backends,
            **facts}
    if options.seed:
        from .seed import plant
        with open(options.seed, encoding="utf-8") as file:
            line["world"] = plant(bed, json.load(file))
    print(json.dumps(line), flush=True)
    end.wait()
    front.shutdown()
    bed.hosts.close()
    if bed.functions_beside:
        bed.functions_beside.close()
    bed.servers.close()
    if home:
        home.close()
    sys.stdout.flush()
    os._exit(0)  # moto's threads are no daemons


def main():
    if sys.argv[1:2] == ["--forks"]:
        load()
        forks.serve(int(sys.argv[2]), run)
    else:
        run(sys.argv[1:], _until_orphaned)


if __name__ == "__main__":
    main()
