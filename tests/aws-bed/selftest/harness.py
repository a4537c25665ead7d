"""A bed for all tests of a module, clients of it, and words to say what is expected of it."""
import atexit
import json
import os
import subprocess
import unittest
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION, ACCOUNT, OTHER = "eu-central-1", "123456789012", "222233334444"
TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "tools", "aws-bed")


class RunningBed:
    """A process of the bed; ends with close()."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([TOOL, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the bed did not start")
        self.facts = json.loads(line)
        self.key = (self.facts["access_key_id"], self.facts["secret_access_key"], None)

    def close(self):
        if self.process.poll() is not None:
            return
        self.process.stdin.close()
        self.process.wait(120)
        self.process.stdout.close()

    def post(self, name, document=None):
        return self._http(name, json.dumps(document or {}).encode())

    def get(self, name):
        return self._http(name, None)

    def _http(self, name, body):
        try:
            with urllib.request.urlopen(f"{self.facts['endpoint']}/_bed/{name}", data=body, timeout=300) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def client(self, service, region=REGION, key=None, attempts=1, **more):
        access, secret, token = key or self.key
        return boto3.client(service, region_name=region, endpoint_url=self.facts["endpoint"], aws_access_key_id=access,
                            aws_secret_access_key=secret, aws_session_token=token,
                            config=Config(retries={"total_max_attempts": attempts}, s3={"addressing_style": "path"},
                                          parameter_validation=False, **more))

    def account(self, account):
        """Credentials of another account, got as anybody gets them."""
        got = self.client("sts").assume_role(RoleArn=f"arn:aws:iam::{account}:role/tests", RoleSessionName="tests")["Credentials"]
        return got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"]


class BedTest(unittest.TestCase):
    """A world for each test; afterwards nothing may have been sent that botocore's models do not have."""
    arguments = ()
    world = {}

    beds = {}  # by arguments: one serves all tests of a process

    @property
    def bed(self):
        if self.arguments not in self.beds:
            self.beds[self.arguments] = RunningBed(*self.arguments)
            atexit.register(self.beds[self.arguments].close)
        return self.beds[self.arguments]

    def setUp(self):
        self.bed.post("reset")
        self.made = self.bed.post("seed", {"region": REGION, **self.world})
        self.rds = self.bed.client("rds")
        self.expect_violations = False

    def tearDown(self):
        found = self.bed.get("violations")["violations"]
        if not self.expect_violations:
            self.assertEqual([], found)

    def refused(self, code, call, **input):
        """The message of a refusal with this code."""
        with self.assertRaises(ClientError) as caught:
            call(**input)
        self.assertEqual(code, caught.exception.response["Error"]["Code"], caught.exception)
        return caught.exception.response["Error"]["Message"]

    def instance(self, name, rds=None):
        return (rds or self.rds).describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    def cluster(self, name):
        return self.rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]

    def status(self, name, kind="instance"):
        """What one Describe shows; None if it finds nothing."""
        try:
            return self.instance(name)["DBInstanceStatus"] if kind == "instance" else self.cluster(name)["Status"]
        except ClientError as error:
            self.assertIn(error.response["Error"]["Code"], ("DBInstanceNotFound", "DBClusterNotFoundFault"))
            return None

    def statuses(self, name, until, kind="instance", most=60):
        """All that Describes show one after another, once each, up to `until`."""
        seen = []
        for _ in range(most):
            now = self.status(name, kind)
            if not seen or seen[-1] != now:
                seen.append(now)
            if now == until:
                return seen
        self.fail(f"{name} did not become {until}: {seen}")

    def settle(self, name, kind="instance", until="available"):
        """Until it is `available`, with nothing pending, three times in a row."""
        calm = 0
        for _ in range(80):
            try:
                found = self.instance(name) if kind == "instance" else self.cluster(name)
            except ClientError:
                calm = 0
                continue
            status = found["DBInstanceStatus" if kind == "instance" else "Status"]
            groups = all(g["Status"] == "active" for g in found["VpcSecurityGroups"])
            calm = calm + 1 if status == until and not found.get("PendingModifiedValues") and groups else 0
            if calm == 3:
                return found
        self.fail(f"{name} did not settle: {found}")
