"""Step Functions, Lambda and what goes with them: ministack, a process of its own, beside moto (--with-functions).

Functions made there run as processes of this host, and find the bed as AWS_ENDPOINT_URL. moto stays what it was for all
other services; objects that are put into S3 are in both, for code and templates are read from there.
"""
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile

from . import interpreter
from .iam import Policies
from .servers import processes
from .stack_resources import KINDS, MACHINE
from .upstream import DROPPED, PATIENCE
from .wire.request import Answer

SERVED = {"states", "lambda", "cloudformation", "iam", "logs", "events", "scheduler", "monitoring", "sqs"}
OURS = {("iam", "SimulatePrincipalPolicy"), ("monitoring", "GetMetricStatistics")}
CHANGES_S3 = ("CreateBucket", "PutObject", "CopyObject", "DeleteObject", "DeleteObjects", "DeleteBucket")
START = 60  # seconds
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Functions:
    """`python` has what requirements-functions.txt says; `facts` are in the environment of every function; waits and the
    intervals of retries last `scale` times as long. `executed_by` "moto": Step Functions are moto's."""

    def __init__(self, python, account, facts, scale, executed_by):
        self.python, self.account, self.facts, self.scale = python, account, facts, scale
        self.beside = SERVED - {"states"} if executed_by == "moto" else SERVED
        if executed_by == "moto":
            interpreter.use(self, scale)
        self.folder = tempfile.mkdtemp(prefix="dbr-functions-")
        self.log = os.path.join(self.folder, "log")
        for _ in range(5):  # the port may be taken by another one meanwhile
            self.port = processes.free_port()
            self.process = self._start()
            if self._is_up():
                return
        with open(self.log, encoding="utf-8", errors="replace") as file:
            raise RuntimeError(f"ministack did not start: {file.read()[-2000:]}")

    def _start(self):
        environment = {"PATH": os.environ["PATH"], "HOME": self.folder, "TMPDIR": self.folder, "STATE_DIR": os.path.join(self.folder, "state"),
                       "PYTHONPATH": HERE, "PYTHONPYCACHEPREFIX": os.path.join(os.path.dirname(os.path.dirname(self.python)), "pycache"),
                       "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port),
                       "MINISTACK_ACCOUNT_ID": self.account, "SFN_WAIT_SCALE": str(self.scale), "LOG_LEVEL": "WARNING", "IOT_MTLS_ENABLED": "0",
                       "BED_ENDPOINT": self.facts["AWS_ENDPOINT_URL"], "BED_KINDS": " ".join(self._kinds()), **self.facts}
        command = [self.python, "-m", "awsbed.functions_child"]
        with open(self.log, "ab") as out:
            return processes.spawn(command, env=environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def _kinds(self):
        """Resources of stacks that the bed makes."""
        return [kind for kind in KINDS if kind != MACHINE or "states" not in self.beside]

    def _is_up(self):
        def up():
            if self.process.poll() is not None:
                return True
            try:
                return self._own("GET", "/_ministack/ready").status == 200
            except OSError:
                return False
        processes.wait_until(up, "the start of ministack", START)
        return self.process.poll() is None

    def _own(self, method, path):
        return self._send(method, path, {}, b"")

    def _send(self, method, target, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request(method, target, body=body, headers=headers)
        reply = connection.getresponse()
        answer = Answer(reply.status, {k: v for k, v in reply.getheaders() if k.lower() not in DROPPED}, reply.read())
        connection.close()
        return answer

    def serves(self, call):
        return call.service in self.beside and (call.service, call.name) not in OURS

    def forward(self, request, account):
        """Its answer to a request, from an account: it takes twelve digits in the place of a key for one."""
        left_out = ("connection", "expect", "transfer-encoding", "x-amz-security-token", "host")
        headers = {k: v for k, v in request.headers.items() if k not in left_out}
        headers["authorization"] = re.sub(r"Credential=[^/]+", f"Credential={account}", headers["authorization"])
        headers["content-length"] = str(len(request.body))
        return self._send(request.method, request.target, headers, request.body)

    def reset(self):
        if self._own("POST", "/_ministack/reset").status != 200:
            raise RuntimeError("ministack does not forget")

    def client(self, service, account, region):
        """A client of ministack itself, past the front."""
        import boto3
        from botocore.config import Config
        return boto3.client(service, region_name=region, endpoint_url=f"http://127.0.0.1:{self.port}", aws_access_key_id=account,
                            aws_secret_access_key="bed", config=Config(retries={"max_attempts": 0}, read_timeout=PATIENCE, s3={"addressing_style": "path"}))

    def policies(self, arn):
        """Those of a role; None of one that nobody has made."""
        account, name = arn.split(":")[4], arn.rpartition("/")[2]
        iam = self.client("iam", account, "us-east-1")
        try:
            iam.get_role(RoleName=name)
        except iam.exceptions.NoSuchEntityException:
            return None
        documents = [iam.get_role_policy(RoleName=name, PolicyName=p)["PolicyDocument"] for p in iam.list_role_policies(RoleName=name)["PolicyNames"]]
        for each in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            version = iam.get_policy(PolicyArn=each["PolicyArn"])["Policy"]["DefaultVersionId"]
            documents.append(iam.get_policy_version(PolicyArn=each["PolicyArn"], VersionId=version)["PolicyVersion"]["Document"])
        return Policies([json.loads(d) if isinstance(d, str) else d for d in documents])

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
