"""The validator: what boto3 sends is clean, and whatever one changes in it is found."""
import copy
import json
import unittest
import urllib.error
import urllib.request
from urllib.parse import urlencode

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from awsbed.wire import validator
from awsbed.wire.request import Request

from .harness import REGION, BedTest

SCOPE = "AWS4-HMAC-SHA256 Credential=AK/20260101/eu-central-1/{}/aws4_request, SignedHeaders=host, Signature=" + "0" * 64
FORM = "application/x-www-form-urlencoded; charset=utf-8"
GOOD = [
    ("rds", {"Action": "ModifyDBInstance", "Version": "2014-10-31", "DBInstanceIdentifier": "a", "ApplyImmediately": "true",
             "VpcSecurityGroupIds.VpcSecurityGroupId.1": "sg-1", "BackupRetentionPeriod": "7"}),
    ("rds", {"Action": "RestoreDBInstanceToPointInTime", "Version": "2014-10-31", "TargetDBInstanceIdentifier": "b",
             "RestoreTime": "2026-01-01T00:00:00Z", "Tags.Tag.1.Key": "k", "Tags.Tag.1.Value": "v", "Tags.Tag.2.Key": "l"}),
    ("rds", {"Action": "DescribeDBInstances", "Version": "2014-10-31", "Filters.Filter.1.Name": "engine",
             "Filters.Filter.1.Values.Value.1": "mysql", "MaxRecords": "100"}),
    ("sns", {"Action": "Publish", "Version": "2010-03-31", "TopicArn": "arn:aws:sns:eu-central-1:1:t", "Message": "m", "Subject": "s"}),
    ("sts", {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": "arn:aws:iam::222233334444:role/r", "RoleSessionName": "session",
             "DurationSeconds": "900"}),
    ("ec2", {"Action": "DescribeSecurityGroups", "Version": "2016-11-15", "GroupId.1": "sg-1", "Filter.1.Name": "vpc-id",
             "Filter.1.Value.1": "vpc-1"}),
]
GOOD_JSON = [
    ("secretsmanager", "secretsmanager.PutSecretValue", "1.1", {"SecretId": "a", "SecretString": "b", "VersionStages": ["AWSPENDING"],
                                                               "ClientRequestToken": "x" * 32}),
    ("dynamodb", "DynamoDB_20120810.PutItem", "1.0", {"TableName": "led", "Item": {"run": {"S": "1"}, "n": {"N": "2"}},
                                                     "ConditionExpression": "attribute_not_exists(run)"}),
    ("ssm", "AmazonSSM.GetParameter", "1.1", {"Name": "a", "WithDecryption": True}),
    ("kms", "TrentService.DescribeKey", "1.1", {"KeyId": "alias/a"}),
]


def examined(service, body, **headers):
    return validator.examine(Request("POST", "/", {"authorization": SCOPE.format(service), "content-type": FORM, **headers}, body))


def form(service, pairs):
    return examined(service, urlencode(pairs).encode()).violations


def json_(service, target, version, input):
    return examined(service, json.dumps(input).encode(), **{"content-type": f"application/x-amz-json-{version}", "x-amz-target": target}).violations


class Offline(unittest.TestCase):
    def test_good_ones_are_clean(self):
        for service, pairs in GOOD:
            self.assertEqual([], form(service, pairs))
        for service, target, version, input in GOOD_JSON:
            self.assertEqual([], json_(service, target, version, input))

    def mutations(self, pairs):
        for key in pairs:
            rest = {k: v for k, v in pairs.items() if k != key}
            for other in (key + "x", key.swapcase(), key.lower(), key + ".1", "X" + key):
                if other != key:
                    yield f"{key} as {other}", {**rest, other: pairs[key]}
        yield "one more", {**pairs, "Surplus": "1"}
        for key, value in pairs.items():
            for bad in {"true": ("True", "1", "yes", ""), "7": ("seven", "7.5", "1e1", ""), "100": ("many", "1,0"), "900": ("soon", "5"),
                        "2026-01-01T00:00:00Z": ("2026-01-01", "yesterday", "1767225600")}.get(value, ()):
                yield f"{key}={bad}", {**pairs, key: bad}

    def test_mutations_of_forms_are_found(self):
        count = 0
        for service, pairs in GOOD:
            for what, changed in self.mutations(pairs):
                count += 1
                self.assertTrue(form(service, changed), f"{service} {pairs['Action']}: {what}")
        self.assertGreater(count, 180)

    def test_lists_are_numbered_from_1_without_holes(self):
        service, pairs = GOOD[0]
        changed = {k.replace(".1", ".2"): v for k, v in pairs.items()}
        self.assertTrue(form(service, changed))
        self.assertTrue(form(service, list(pairs.items()) + [("DBInstanceIdentifier", "b")]))

    def test_mutations_of_json_are_found(self):
        for service, target, version, input in GOOD_JSON:
            for key in input:
                changed = copy.deepcopy(input)
                changed[key[0].lower() + key[1:] + "x"] = changed.pop(key)
                self.assertTrue(json_(service, target, version, changed), key)
                for bad in (None, 1.5, {"x": 1}, [[1]], [{}]):
                    self.assertTrue(json_(service, target, version, {**input, key: bad}), f"{key}={bad}")
            self.assertTrue(json_(service, target + "x", version, input))
            self.assertTrue(json_(service, target, "2.0", input))
        self.assertTrue(json_("dynamodb", GOOD_JSON[1][1], "1.0", {"TableName": "led", "Item": {"run": {"S": "1", "N": "1"}}}))

    def test_required_ones(self):
        for service, pairs in GOOD:
            if pairs["Action"] in ("ModifyDBInstance", "RestoreDBInstanceToPointInTime", "Publish", "AssumeRole"):
                for key in ("DBInstanceIdentifier", "TargetDBInstanceIdentifier", "Message", "RoleArn", "RoleSessionName"):
                    if key in pairs:
                        self.assertTrue(form(service, {k: v for k, v in pairs.items() if k != key}), key)

    def test_what_is_not_signed_or_not_known(self):
        self.assertTrue(validator.examine(Request("POST", "/", {"content-type": FORM}, b"Action=DescribeDBInstances")).violations)
        self.assertTrue(form("nosuch", GOOD[0][1]))
        self.assertTrue(form("sns", GOOD[0][1]))
        self.assertTrue(examined("rds", urlencode(GOOD[0][1]).encode(), **{"content-type": "text/plain"}).violations)

    def s3(self, method, target, body=b"", **headers):
        return validator.examine(Request(method, target, {"authorization": SCOPE.format("s3"), **headers}, body))

    def test_s3(self):
        for method, target, name in (("GET", "/b/k/l.sql", "GetObject"), ("PUT", "/b/k", "PutObject"), ("HEAD", "/b/k", "HeadObject"),
                                     ("GET", "/b?list-type=2&prefix=a", "ListObjectsV2"), ("GET", "/b?location", "GetBucketLocation"),
                                     ("GET", "/", "ListBuckets"), ("HEAD", "/b", "HeadBucket")):
            call = self.s3(method, target)
            self.assertEqual((name, []), (call.name, call.violations), target)
        for method, target in (("GET", "/b/k?bogus=1"), ("GET", "/b?list-type=2&prefx=a"), ("GET", "/b?list-type=2&max-keys=many"),
                               ("PATCH", "/b/k")):
            self.assertTrue(self.s3(method, target).violations, target)
        self.assertTrue(self.s3("GET", "/b/k", **{"x-amz-bogus": "1"}).violations)


class Online(BedTest):
    world = {"buckets": [{"name": "scripts", "objects": {"a b+c.sql": "select 1"}}], "instances": [{"name": "dev", "engine": "mariadb"}],
             "secrets": [{"name": "dev/master", "value": {"password": "a-secret-9"}}], "topics": ["refresh"],
             "tables": [{"name": "ledger", "key": "run"}], "queues": ["q"], "keys": [{"name": "mine"}]}

    def send(self, service, body, secret=None, headers=None, target="/", method="POST", change=None):
        """A request signed by botocore, changed after that; its status."""
        access, real, _ = self.bed.key
        request = AWSRequest(method, self.bed.facts["endpoint"] + target, data=body, headers=headers or {"Content-Type": FORM})
        (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials(access, secret or real), service, REGION).add_auth(request)
        sent = request.prepare()
        headers = {k: v for k, v in sent.headers.items() if k != "Content-Length"}  # that is the length of what was signed
        raw = urllib.request.Request(sent.url, data=(change or (lambda b: b))(body) if body else None, headers=headers, method=method)
        try:
            with urllib.request.urlopen(raw) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            return error.code

    def test_signatures(self):
        body = urlencode({"Action": "DescribeDBInstances", "Version": "2014-10-31"}).encode()
        self.assertEqual(200, self.send("rds", body))
        self.assertEqual(200, self.send("s3", None, target="/scripts/a%20b%2Bc.sql", method="GET", headers={}))
        self.assertEqual(200, self.send("s3", None, target="/scripts?list-type=2&prefix=a%20b", method="GET", headers={}))
        self.assertEqual([], self.bed.get("violations")["violations"])
        self.expect_violations = True
        self.assertEqual(403, self.send("rds", body, secret="wrong"))
        self.assertEqual(403, self.send("rds", body, change=lambda b: b + b"&MaxRecords=20"))
        self.assertEqual(2, len(self.bed.get("violations")["violations"]))

    def test_keys_that_nobody_knows(self):
        self.refused("InvalidClientTokenId", self.bed.client("rds", key=("AKIAUNKNOWN000000000", "x", None)).describe_db_instances)
        self.refused("UnrecognizedClientException", self.bed.client("secretsmanager", key=("AKIAUNKNOWN000000000", "x", None)).list_secrets)

    def test_a_violation_is_refused_and_kept(self):
        self.expect_violations = True
        body = urlencode({"Action": "DescribeDBInstances", "Version": "2014-10-31", "DbInstanceIdentifier": "dev"}).encode()
        self.assertEqual(400, self.send("rds", body))
        self.assertEqual(["DbInstanceIdentifier: no such parameter"], [v["what"] for v in self.bed.get("violations")["violations"]])

    def test_what_the_bed_does_not_model_is_a_violation(self):
        self.expect_violations = True
        self.refused("ValidationError", self.rds.describe_db_log_files, DBInstanceIdentifier="dev")
        self.refused("ValidationError", self.rds.modify_db_instance, DBInstanceIdentifier="dev", Domain="d-1")
        self.assertEqual(2, len(self.bed.get("violations")["violations"]))

    def test_what_boto3_sends_to_other_services_is_clean(self):
        bed = self.bed
        bed.client("s3").put_object(Bucket="scripts", Key="ä/é ü.sql", Body=b"select 1")
        self.assertEqual(2, bed.client("s3").list_objects_v2(Bucket="scripts")["KeyCount"])
        bed.client("dynamodb").put_item(TableName="ledger", Item={"run": {"S": "1"}}, ConditionExpression="attribute_not_exists(run)")
        self.refused("ConditionalCheckFailedException", bed.client("dynamodb").put_item, TableName="ledger", Item={"run": {"S": "1"}},
                     ConditionExpression="attribute_not_exists(run)")
        bed.client("sns").publish(TopicArn=self.made["topics"]["refresh"], Subject="done", Message="it is")
        bed.client("sqs").send_message(QueueUrl=self.made["queues"]["q"], MessageBody="m")
        bed.client("secretsmanager").put_secret_value(SecretId="dev/master", SecretString='{"password": "another-1"}', VersionStages=["AWSPENDING"])
        self.refused("InvalidRequestException", bed.client("secretsmanager").rotate_secret, SecretId="dev/master")
        bed.client("kms").describe_key(KeyId="alias/mine")
        bed.client("sts").get_caller_identity()
        bed.client("ssm").describe_instance_information()
        bed.client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])
        state = bed.get("state")
        self.assertEqual({"ledger": [{"run": "1"}]}, state["tables"])
        self.assertEqual([("done", "it is")], [(m["subject"], m["message"]) for m in state["messages"]])
        self.assertEqual(["AWSCURRENT", "AWSPENDING"], sorted(state["places"][f"123456789012/{REGION}"]["secrets"]["dev/master"]["stages"]))
        self.assertEqual([], state["leaks"])

    def test_a_password_that_was_put_is_known_as_one(self):
        self.bed.client("secretsmanager").put_secret_value(SecretId="dev/master", SecretString='{"password": "put-later-7"}')
        self.bed.client("dynamodb").put_item(TableName="ledger", Item={"run": {"S": "1"}, "reason": {"S": "not put-later-7"}})
        self.assertEqual(["Item.reason.S"], [found["parameter"] for found in self.bed.get("state")["leaks"]])

    def test_a_password_in_a_place_that_is_not_for_it_is_a_leak(self):
        self.bed.client("sns").publish(TopicArn=self.made["topics"]["refresh"], Message="the password is a-secret-9")
        self.assertEqual([("Publish", "Message")], [(found["operation"], found["parameter"]) for found in self.bed.get("state")["leaks"]])


if __name__ == "__main__":
    unittest.main()
