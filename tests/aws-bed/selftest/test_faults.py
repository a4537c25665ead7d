"""Faults: each that can be scripted, before and after the effect; and those that a seed draws."""
import time
import unittest

from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError, ResponseStreamingError

from .harness import OTHER, REGION, BedTest

WORLD = {"security_groups": [{"name": "developers", "users": True}], "tables": [{"name": "ledger", "key": "run"}],
         "buckets": [{"name": "scripts", "objects": {"a.sql": "select 1"}}],
         "instances": [{"name": "production", "engine": "mariadb"}, {"name": "dev", "engine": "mariadb"}]}
TAG = [{"Key": "run", "Value": "1"}]


class Scripted(BedTest):
    world = WORLD

    def script(self, fault, op="AddTagsToResource", **more):
        self.bed.post("fault", {"op": op, "fault": fault, **more})

    def tag(self):
        return self.rds.add_tags_to_resource(ResourceName=self.made["arns"]["dev"], Tags=TAG)

    def tagged(self):
        return self.rds.list_tags_for_resource(ResourceName=self.made["arns"]["dev"])["TagList"] == TAG

    def met(self, fault, kind=ClientError):
        """What a client meets."""
        self.script(fault)
        with self.assertRaises(kind) as caught:
            self.tag()
        return caught.exception

    def test_errors_before_the_effect(self):
        for fault, code, status in (("throttle", "Throttling", 400), ("throttle-exception", "ThrottlingException", 400),
                                    ("too-many", "TooManyRequestsException", 429), ("error-500", "InternalFailure", 500),
                                    ("error-503", "ServiceUnavailable", 503), ("expired-token", "ExpiredToken", 403),
                                    ("access-denied", "AccessDenied", 403), ("html-500", "500", 500), ("html-502", "502", 502),
                                    ("html-503", "503", 503), ("html-504", "504", 504)):
            answer = self.met(fault).response
            self.assertEqual((code, status), (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]), fault)
            self.assertFalse(self.tagged(), fault)

    def test_errors_after_the_effect(self):
        for fault in ("error-500-after", "html-502-after", "html-504-after"):
            self.met(fault)
            self.assertTrue(self.tagged(), fault)
            self.rds.remove_tags_from_resource(ResourceName=self.made["arns"]["dev"], TagKeys=["run"])

    def test_resets_before_and_after_the_effect(self):
        self.met("reset-before", ConnectionClosedError)
        self.assertFalse(self.tagged())
        self.met("reset-after", ConnectionClosedError)
        self.assertTrue(self.tagged())

    def test_half_an_answer(self):
        self.script("cut-after")
        with self.assertRaises((ConnectionClosedError, ResponseStreamingError)):
            self.tag()
        self.assertTrue(self.tagged())

    def test_a_slow_answer(self):
        self.script({"slow": 1.5})
        with self.assertRaises(ReadTimeoutError):
            self.bed.client("rds", read_timeout=0.5).add_tags_to_resource(ResourceName=self.made["arns"]["dev"], Tags=TAG)
        # It is carried out though nobody waits any more; the next test's `dev` has the same name.
        deadline = time.monotonic() + 60
        while not self.tagged():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_an_answer_that_is_slow_after_the_effect(self):
        self.script({"slow": 1.5, "after": True})
        with self.assertRaises(ReadTimeoutError):
            self.bed.client("rds", read_timeout=0.5).add_tags_to_resource(ResourceName=self.made["arns"]["dev"], Tags=TAG)
        self.assertTrue(self.tagged())

    def test_a_fault_of_one_account_among_the_calls_that_change_something(self):
        other = self.bed.client("rds", key=self.bed.account(OTHER))
        self.script("throttle", "*", account=self.bed.facts["account"], changes=True)
        self.instance("dev")
        self.refused("DBInstanceNotFound", other.delete_db_instance, DBInstanceIdentifier="dev", SkipFinalSnapshot=True)
        self.refused("Throttling", self.tag)

    def test_errors_of_the_tests_own(self):
        self.script({"error": {"code": "InsufficientDBInstanceCapacity"}}, "RestoreDBInstanceToPointInTime")
        self.refused("InsufficientDBInstanceCapacity", self.rds.restore_db_instance_to_point_in_time,
                     SourceDBInstanceIdentifier="production", TargetDBInstanceIdentifier="copy", UseLatestRestorableTime=True)

    def test_the_nth_of_those_that_fit(self):
        self.script("throttle", "Describe*", nth=2, times=2, match={"DBInstanceIdentifier": "d*"})
        seen = []
        for name in ("dev", "production", "dev", "dev", "dev"):
            try:
                self.instance(name)
                seen.append(True)
            except ClientError:
                seen.append(False)
        self.assertEqual([True, True, False, False, True], seen)

    def test_faults_that_nothing_met(self):
        self.script("throttle", "DeleteDBCluster")
        self.assertEqual(1, len(self.bed.get("faults")["unused"]))
        self.assertEqual(1, len(self.bed.get("state")["faults_unused"]))

    def test_unknown_faults_are_refused(self):
        with self.assertRaises(AssertionError):
            self.script("bogus")

    def test_other_services_speak_their_own_protocols(self):
        self.script("throttle", "PutItem")
        self.refused("ThrottlingException", self.bed.client("dynamodb").put_item, TableName="ledger", Item={"run": {"S": "1"}})
        self.script("error-503", "GetObject")
        self.refused("ServiceUnavailable", self.bed.client("s3").get_object, Bucket="scripts", Key="a.sql")
        self.script("expired-token", "DescribeSecurityGroups")
        self.refused("ExpiredToken", self.bed.client("ec2").describe_security_groups)

    def test_temporary_keys_expire(self):
        key = self.bed.account(OTHER)
        rds = self.bed.client("rds", key=key)
        rds.describe_db_instances()
        self.bed.post("expire")
        self.refused("ExpiredToken", rds.describe_db_instances)
        self.refused("ExpiredTokenException", self.bed.client("secretsmanager", key=key).list_secrets)
        self.bed.client("rds", key=self.bed.account(OTHER)).describe_db_instances()


class Drawn(BedTest):
    world = WORLD

    def outcome(self, seed):
        self.bed.post("faults", {"seed": seed, "rate": 0.4, "services": ["rds"], "in_a_row": 2})
        found = []
        for _ in range(40):
            try:
                self.instance("dev")
                found.append("ok")
            except Exception as error:  # whichever
                found.append(type(error).__name__)
        self.bed.post("faults/clear")
        return found

    def test_a_seed_draws_the_same_faults_again(self):
        first = self.outcome(7)
        self.assertEqual(first, self.outcome(7))
        self.assertNotEqual(first, self.outcome(8))
        self.assertIn("ok", first)
        self.assertIn("ClientError", first)

    def test_a_seed_of_one_account_leaves_others_alone(self):
        other = self.bed.client("rds", key=self.bed.account(OTHER))
        self.bed.post("faults", {"seed": 1, "rate": 1.0, "kinds": ["throttle"], "in_a_row": 9, "account": OTHER})
        self.instance("dev")
        self.refused("Throttling", other.describe_db_instances)
        self.bed.post("faults/clear", {"account": OTHER})
        other.describe_db_instances()

    def test_never_more_in_a_row(self):
        self.bed.post("faults", {"seed": 1, "rate": 1.0, "kinds": ["throttle"], "in_a_row": 2})
        seen = []
        for _ in range(9):
            try:
                self.instance("dev")
                seen.append(True)
            except ClientError:
                seen.append(False)
        self.assertEqual([False, False, True] * 3, seen)

    def test_paces_from_a_seed(self):
        def shown(seed):
            self.bed.post("reset")
            self.bed.post("seed", {"region": REGION, **WORLD})
            self.bed.post("pace", {"seed": seed, "polls": {"hidden": [0, 5], "creating": [1, 9]}})
            self.rds.restore_db_instance_to_point_in_time(SourceDBInstanceIdentifier="production", TargetDBInstanceIdentifier="copy",
                                                          UseLatestRestorableTime=True)
            return [self.status("copy") for _ in range(16)]
        self.assertEqual(shown(3), shown(3))
        self.assertNotEqual(shown(3), shown(4))

    def test_a_pace_of_one_database(self):
        self.bed.post("pace", {"for": {"co*": {"hidden": 0, "creating": 7}}})
        self.rds.restore_db_instance_to_point_in_time(SourceDBInstanceIdentifier="production", TargetDBInstanceIdentifier="copy",
                                                      UseLatestRestorableTime=True)
        self.assertEqual(["creating"] * 7 + ["backing-up"], [self.status("copy") for _ in range(8)])

    def test_a_pace_in_seconds(self):
        self.bed.post("pace", {"polls": {"hidden": 0, "creating": 0.5, "backing-up": 0}})
        self.rds.restore_db_instance_to_point_in_time(SourceDBInstanceIdentifier="production", TargetDBInstanceIdentifier="copy",
                                                      UseLatestRestorableTime=True)
        begun, shown = time.monotonic(), 0
        while self.status("copy") == "creating":
            shown += 1
        self.assertGreater(shown, 5)
        self.assertGreater(time.monotonic() - begun, 0.4)


if __name__ == "__main__":
    unittest.main()
