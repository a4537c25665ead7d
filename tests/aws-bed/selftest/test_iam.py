"""Policies of keys: what they say, and that the bed holds every request against them."""
import unittest

from awsbed.iam import Ask, Malformed, Policies

from .harness import ACCOUNT, REGION, BedTest

DB = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:"


def allow(action, resource="*", **condition):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **({"Condition": condition} if condition else {})}


def deny(*arguments, **condition):
    return {**allow(*arguments, **condition), "Effect": "Deny"}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


TAGGED = {"aws:resourcetag/refresh": "true"}
# (statements, action, resource, context, decision)
CASES = [
    ([], "rds:DeleteDBInstance", DB + "dev", {}, "implicitDeny"),
    ([allow("*")], "rds:DeleteDBInstance", DB + "dev", {}, "allowed"),
    ([allow("RDS:deletedb*")], "rds:DeleteDBInstance", DB + "dev", {}, "allowed"),
    ([allow("rds:DeleteDBInstanc")], "rds:DeleteDBInstance", DB + "dev", {}, "implicitDeny"),
    ([allow("rds:Delete?BInstance")], "rds:DeleteDBInstance", DB + "dev", {}, "allowed"),
    ([allow("rds:*", DB + "dev")], "rds:DeleteDBInstance", DB + "devs", {}, "implicitDeny"),
    ([allow("rds:*", DB + "dev-old-??????")], "rds:DeleteDBInstance", DB + "dev-old-abcdef", {}, "allowed"),
    ([allow("rds:*", DB + "dev-old-??????")], "rds:DeleteDBInstance", DB + "dev-old-abcdefg", {}, "implicitDeny"),
    ([allow("rds:*", DB + "DEV")], "rds:DeleteDBInstance", DB + "dev", {}, "implicitDeny"),
    ([allow("rds:*"), deny("rds:Delete*")], "rds:DeleteDBInstance", DB + "dev", {}, "explicitDeny"),
    ([deny("rds:Delete*"), allow("rds:*")], "rds:DeleteDBInstance", DB + "dev", {}, "explicitDeny"),
    ([allow("rds:*"), deny("rds:Delete*", DB + "production")], "rds:DeleteDBInstance", DB + "dev", {}, "allowed"),
    ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "rds:DeleteDBInstance", DB + "dev", {}, "allowed"),
    ([{"Effect": "Allow", "NotAction": ["iam:*", "rds:*"], "Resource": "*"}], "rds:DeleteDBInstance", DB + "dev", {}, "implicitDeny"),
    ([allow("*"), {"Effect": "Deny", "Action": "rds:*", "NotResource": DB + "dev"}], "rds:DeleteDBInstance", DB + "dev", {}, "allowed"),
    ([allow("*"), {"Effect": "Deny", "Action": "rds:*", "NotResource": DB + "dev"}], "rds:DeleteDBInstance", DB + "x", {}, "explicitDeny"),
    ([allow("*", StringEquals={"aws:ResourceTag/refresh": "true"})], "rds:StopDBInstance", DB + "dev", TAGGED, "allowed"),
    ([allow("*", StringEquals={"aws:resourcetag/Refresh": ["no", "true"]})], "rds:StopDBInstance", DB + "dev", TAGGED, "allowed"),
    ([allow("*", StringEquals={"aws:ResourceTag/refresh": "True"})], "rds:StopDBInstance", DB + "dev", TAGGED, "implicitDeny"),
    ([allow("*", StringEqualsIgnoreCase={"aws:ResourceTag/refresh": "True"})], "rds:StopDBInstance", DB + "dev", TAGGED, "allowed"),
    ([allow("*", StringEquals={"aws:ResourceTag/refresh": "true"})], "rds:StopDBInstance", DB + "dev", {}, "implicitDeny"),
    ([allow("*", StringEqualsIfExists={"aws:ResourceTag/refresh": "true"})], "rds:StopDBInstance", DB + "dev", {}, "allowed"),
    ([allow("*", StringEqualsIfExists={"aws:ResourceTag/refresh": "no"})], "rds:StopDBInstance", DB + "dev", TAGGED, "implicitDeny"),
    ([allow("*"), deny("*", StringNotEquals={"aws:ResourceTag/refresh": "true"})], "rds:StopDBInstance", DB + "dev", {}, "explicitDeny"),
    ([allow("*"), deny("*", StringNotEquals={"aws:ResourceTag/refresh": "true"})], "rds:StopDBInstance", DB + "dev", TAGGED, "allowed"),
    ([allow("*"), deny("*", StringNotEqualsIfExists={"aws:ResourceTag/refresh": "true"})], "rds:StopDBInstance", DB + "dev", {}, "explicitDeny"),
    ([allow("*", StringLike={"aws:ResourceTag/refresh": "t?*"})], "rds:StopDBInstance", DB + "dev", TAGGED, "allowed"),
    ([allow("*", StringNotLike={"aws:ResourceTag/refresh": "t*"})], "rds:StopDBInstance", DB + "dev", TAGGED, "implicitDeny"),
    ([allow("*", Null={"aws:ResourceTag/refresh": "false"})], "rds:StopDBInstance", DB + "dev", TAGGED, "allowed"),
    ([allow("*", Null={"aws:ResourceTag/refresh": True})], "rds:StopDBInstance", DB + "dev", TAGGED, "implicitDeny"),
    ([allow("*", Null={"aws:ResourceTag/refresh": "true"})], "rds:StopDBInstance", DB + "dev", {}, "allowed"),
    ([allow("*", Bool={"kms:GrantIsForAWSResource": True})], "kms:CreateGrant", "*", {"kms:grantisforawsresource": "true"}, "allowed"),
    ([allow("*", Bool={"kms:GrantIsForAWSResource": "true"})], "kms:CreateGrant", "*", {"kms:grantisforawsresource": "false"}, "implicitDeny"),
    ([allow("*", ArnLike={"aws:SourceArn": "arn:aws:*:*:1:t*"})], "sns:Publish", "*", {"aws:sourcearn": "arn:aws:s3::1:to"}, "allowed"),
    ([allow("*", ArnLike={"aws:SourceArn": "arn:*:1:t*"})], "sns:Publish", "*", {"aws:sourcearn": "arn:aws:s3::1:to"}, "implicitDeny"),
    ([allow("*", **{"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}})], "rds:X", "*", {"aws:tagkeys": ["a"]}, "allowed"),
    ([allow("*", **{"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}})], "rds:X", "*", {"aws:tagkeys": ["a", "c"]}, "implicitDeny"),
    ([allow("*", **{"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}})], "rds:X", "*", {}, "allowed"),
    ([allow("*", **{"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}})], "rds:X", "*", {"aws:tagkeys": ["c", "b"]}, "allowed"),
    ([allow("*", **{"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}})], "rds:X", "*", {}, "implicitDeny"),
    ([allow("*", StringEquals={"a:b": "1", "a:c": "2"})], "rds:X", "*", {"a:b": "1"}, "implicitDeny"),
    ([allow("*", StringEquals={"a:b": "1"}, Null={"a:c": "true"})], "rds:X", "*", {"a:b": "1"}, "allowed"),
]
UNREADABLE = [{"Effect": "Allow", "Action": "rds:*"}, {**allow("*"), "NotAction": "iam:*"}, {**allow("*"), "Principal": "*"},
              allow("*", IpAddress={"aws:SourceIp": "10.0.0.0/8"}), allow("*", "arn:aws:s3:::${aws:username}"), allow("DeleteDBInstance"),
              allow("rds:*", "dev"), {**allow("*"), "Effect": "allow"}, allow("*", **{"ForSome:StringEquals": {"a:b": "c"}}),
              allow("*", StringEquals={"a:b": "${aws:PrincipalTag/x}"})]


class Evaluator(unittest.TestCase):
    def test_cases(self):
        for statements, action, resource, context, expected in CASES:
            with self.subTest(statements=statements, action=action, resource=resource, context=context):
                self.assertEqual(expected, Policies([policy(*statements)]).decide(Ask(action, resource, context, resource)))

    def test_several_policies_are_one(self):
        both = Policies([policy(allow("rds:*")), policy(deny("rds:Delete*"))])
        self.assertEqual("explicitDeny", both.decide(Ask("rds:DeleteDBInstance", "*", {}, "*")))
        self.assertEqual("allowed", both.decide(Ask("rds:StopDBInstance", "*", {}, "*")))

    def test_what_is_not_known_here_is_no_policy(self):
        for statement in UNREADABLE:
            with self.subTest(statement=statement), self.assertRaises(Malformed):
                Policies([policy(statement)])
        for document in ({"Statement": [allow("*")]}, {**policy(allow("*")), "Version": "2008-10-17"}, policy(*[allow("rds:*")] * 150)):
            with self.assertRaises(Malformed):
                Policies([document])

    def test_says_what_was_used(self):
        asked = Policies([policy(allow(["rds:*", "sns:Publish"]), allow("s3:GetObject"), deny("rds:Delete*"))])
        for action in ("rds:StopDBInstance", "rds:StopDBInstance", "rds:DeleteDBInstance"):
            asked.decide(Ask(action, "*", {}, "*"))
        self.assertEqual({"allowed": [{"action": "rds:StopDBInstance", "resource": "*", "times": 2}],
                          "denied": [{"action": "rds:DeleteDBInstance", "resource": "*", "times": 1}],
                          "unused": ["s3:GetObject", "sns:Publish"]}, asked.shown())


class Enforced(BedTest):
    world = {"instances": [{"name": "production", "engine": "mariadb", "tags": {"env": "production"}},
                           {"name": "sealed", "engine": "mariadb", "kms": "alias/mine"},
                           {"name": "dev", "engine": "mariadb", "tags": {"refresh": "true"}}],
             "clusters": [{"name": "orders", "engine": "aurora-mysql", "members": ["orders-1"]}],
             "snapshots": [{"name": "monthly", "of": "production", "type": "manual"}], "keys": [{"name": "mine"}],
             "secrets": [{"name": "dev/master", "value": {"password": "a-secret-9"}}], "topics": ["refresh"],
             "buckets": [{"name": "scripts", "objects": {"app/a b.sql": "select 1"}}], "tables": [{"name": "ledger", "key": "run"}],
             "hosts": [{"name": "DbRestore"}, {"name": "other"}], "functions": [f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rotate"]}
    KEY = ("AKIALIMITED000000000", "a-secret-of-the-limited-one", None)

    def may(self, service, *statements):
        """A client that may do this alone."""
        self.bed.post("key", {"id": self.KEY[0], "secret": self.KEY[1], "role": "refresher", "policies": [policy(*statements)]})
        return self.bed.client(service, key=self.KEY)

    def may_not(self, service):
        """One with the same key as it is."""
        return self.bed.client(service, key=self.KEY)

    def asked(self):
        shown = self.bed.get("permissions")[self.KEY[0]]
        return [(a["action"], a["resource"]) for a in shown["allowed"]], [(a["action"], a["resource"]) for a in shown["denied"]]

    def test_words_and_journal(self):
        rds = self.may("rds", allow("rds:Describe*"), allow("rds:*", StringEquals={"rds:db-tag/refresh": "true"}), deny("rds:StopDBInstance"))
        who = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/refresher/{self.KEY[0]} is not authorized to perform: "
        said = self.refused("AccessDenied", rds.delete_db_instance, DBInstanceIdentifier="production", SkipFinalSnapshot=True)
        self.assertEqual(f"{who}rds:DeleteDBInstance on resource: {DB}production because no identity-based policy allows the "
                         "rds:DeleteDBInstance action", said)
        said = self.refused("AccessDenied", rds.stop_db_instance, DBInstanceIdentifier="dev")
        self.assertEqual(f"{who}rds:StopDBInstance on resource: {DB}dev with an explicit deny in an identity-based policy", said)
        rds.reboot_db_instance(DBInstanceIdentifier="dev")
        calls = [c for c in self.bed.get("journal")["calls"] if c["service"] == "rds"]
        self.assertEqual([("AccessDenied", 403), ("AccessDenied", 403), ("", 200)], [(c["code"], c["status"]) for c in calls])
        self.assertEqual({"action": "rds:DeleteDBInstance", "resource": DB + "production", "decision": "implicitDeny"}, calls[0]["refused"])
        self.assertNotIn("refused", calls[2])
        self.assertEqual([("rds:DeleteDBInstance", DB + "production"), ("rds:StopDBInstance", DB + "dev")], self.asked()[1])
        self.assertEqual(["available"] * 2, [self.instance(n)["DBInstanceStatus"] for n in ("production", "sealed")])

    def test_each_service_in_its_own_words(self):
        limited = ("sns:Unsubscribe",)
        self.refused("AccessDeniedException", self.may("secretsmanager", allow(*limited)).get_secret_value, SecretId="dev/master")
        self.refused("AccessDeniedException", self.may("dynamodb", allow(*limited)).put_item, TableName="ledger", Item={"run": {"S": "1"}})
        self.refused("UnauthorizedOperation", self.may("ec2", allow(*limited)).describe_security_groups)
        self.refused("AccessDenied", self.may("s3", allow(*limited)).get_object, Bucket="scripts", Key="app/a b.sql")
        self.refused("AuthorizationError", self.may("sns", allow(*limited)).publish, TopicArn=self.made["topics"]["refresh"], Message="m")
        self.refused("AccessDenied", self.may("sts", allow(*limited)).assume_role, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/r", RoleSessionName="se")
        self.assertEqual(ACCOUNT, self.may("sts", allow(*limited)).get_caller_identity()["Account"])

    def restores(self, *statements, source="production", **more):
        return lambda: self.may("rds", *statements).restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier=source, TargetDBInstanceIdentifier="copy", UseLatestRestorableTime=True, **more)

    def test_a_restore_asks_for_both_databases_and_the_groups(self):
        restore = "rds:RestoreDBInstanceToPointInTime"
        groups = [f"arn:aws:rds:{REGION}:{ACCOUNT}:{kind}" for kind in ("pg:default.*", "og:default:*", "subgrp:default")]
        every = [DB + "copy", DB + "production", *groups]
        for left_out in every:
            said = self.refused("AccessDenied", self.restores(allow(restore, [e for e in every if e != left_out])))
            self.assertIn(left_out.rstrip("*"), said)
        self.restores(allow(restore, every))()
        self.assertEqual(5, len(self.asked()[0]))

    def test_a_source_may_be_named_by_its_id(self):
        rds = self.may("rds", allow("rds:*", DB + "copy"), allow("rds:*", f"arn:aws:rds:{REGION}:{ACCOUNT}:?g:*"),
                       allow("rds:*", f"arn:aws:rds:{REGION}:{ACCOUNT}:subgrp:*"))
        said = self.refused("AccessDenied", rds.restore_db_instance_to_point_in_time, TargetDBInstanceIdentifier="copy",
                            SourceDbiResourceId=self.made["ids"]["production"], UseLatestRestorableTime=True)
        self.assertIn(f"on resource: {DB}production because", said)

    def test_tags_of_a_restore(self):
        restore, tags = "rds:RestoreDBInstanceToPointInTime", [{"Key": "refresh", "Value": "true"}]
        may = allow(restore)
        self.refused("AccessDenied", self.restores(allow(restore, StringEquals={"aws:ResourceTag/env": "production"})))  # the copy has none
        self.refused("AccessDenied", self.restores(may, Tags=tags))
        self.assertIn(("rds:AddTagsToResource", DB + "copy"), self.asked()[1])
        self.refused("AccessDenied", self.restores(allow(restore, StringEquals={"aws:RequestTag/refresh": "false"}), Tags=tags))
        self.refused("AccessDenied", self.restores(may, deny("rds:*", **{"ForAnyValue:StringEquals": {"aws:TagKeys": "refresh"}}), Tags=tags))
        self.restores(allow(restore, StringEquals={"rds:req-tag/refresh": "true"}),
                      allow("rds:AddTagsToResource", DB + "copy", StringEquals={"aws:RequestTag/refresh": "true"}), Tags=tags)()

    def test_what_a_customers_key_encrypts_wants_a_grant(self):
        may = allow("rds:*")
        self.assertIn("kms:CreateGrant", self.refused("AccessDenied", self.restores(may, source="sealed")))
        self.restores(may, allow("kms:CreateGrant", self.made["keys"]["mine"], Bool={"kms:GrantIsForAWSResource": "true"}),
                      allow("kms:DescribeKey"), source="sealed")()

    def test_a_role_that_rds_is_given_must_be_passed(self):
        role = f"arn:aws:iam::{ACCOUNT}:role/monitor"
        more = {"DBInstanceIdentifier": "dev", "MonitoringRoleArn": role, "MonitoringInterval": 60}
        self.assertIn("iam:PassRole", self.refused("AccessDenied", self.may("rds", allow("rds:*")).modify_db_instance, **more))
        self.refused("AccessDenied", self.may("rds", allow("rds:*"), allow("iam:PassRole", role, StringEquals={
            "iam:PassedToService": "ec2.amazonaws.com"})).modify_db_instance, **more)
        self.may("rds", allow("rds:*"), allow("iam:PassRole", role, StringEquals={
            "iam:PassedToService": "monitoring.rds.amazonaws.com"})).modify_db_instance(**more)

    def test_members_snapshots_and_changes(self):
        rds, arn = self.may("rds", allow("rds:*"), allow("kms:*")), f"arn:aws:rds:{REGION}:{ACCOUNT}:"
        rds.create_db_instance(DBInstanceIdentifier="orders-2", DBClusterIdentifier="orders", Engine="aurora-mysql", DBInstanceClass="db.r6g.large")
        rds.copy_db_snapshot(SourceDBSnapshotIdentifier="monthly", TargetDBSnapshotIdentifier="copied")
        rds.modify_db_instance(DBInstanceIdentifier="dev", BackupRetentionPeriod=3)
        rds.describe_db_clusters()
        asked = self.asked()[0]
        for one in (("CreateDBInstance", "db:orders-2"), ("CreateDBInstance", "cluster:orders"), ("CopyDBSnapshot", "snapshot:monthly"),
                    ("CopyDBSnapshot", "snapshot:copied"), ("ModifyDBInstance", "db:dev"), ("DescribeDBClusters", "cluster:*")):
            self.assertIn(("rds:" + one[0], arn + one[1]), asked)

    def test_secrets_end_in_six_characters(self):
        arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
        said = self.refused("AccessDeniedException", self.may("secretsmanager", allow("secretsmanager:*", arn + "dev/master")).get_secret_value,
                            SecretId="dev/master")
        self.assertIn("on resource: dev/master because", said)
        store = self.may("secretsmanager", allow(["secretsmanager:GetSecretValue", "secretsmanager:CreateSecret"], arn + "dev/??????-??????"))
        store.get_secret_value(SecretId="dev/master")
        store.get_secret_value(SecretId=self.made["secrets"]["dev/master"])
        self.assertEqual([("secretsmanager:GetSecretValue", self.made["secrets"]["dev/master"])], self.asked()[0])
        self.refused("ResourceNotFoundException", store.get_secret_value, SecretId="dev/absent")
        self.refused("AccessDeniedException", store.get_secret_value, SecretId="dev/absents")
        self.refused("AccessDeniedException", store.create_secret, Name="dev/second", SecretString="x", Tags=[{"Key": "a", "Value": "b"}])
        self.assertEqual("secretsmanager:TagResource", self.asked()[1][-1][0])
        store.create_secret(Name="dev/second", SecretString="x")

    def test_a_rotation_wants_its_function(self):
        function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rotate"
        how = {"SecretId": "dev/master", "RotationLambdaARN": function, "RotationRules": {"AutomaticallyAfterDays": 30}, "RotateImmediately": False}
        self.assertIn("lambda:InvokeFunction", self.refused(
            "AccessDeniedException", self.may("secretsmanager", allow("secretsmanager:*")).rotate_secret, **how))
        self.may("secretsmanager", allow("secretsmanager:*"), allow("lambda:InvokeFunction", function)).rotate_secret(**how)

    def test_objects(self):
        get = allow("s3:GetObject", "arn:aws:s3:::scripts/app/*")
        s3 = self.may("s3", get)
        self.assertEqual(b"select 1", s3.get_object(Bucket="scripts", Key="app/a b.sql")["Body"].read())
        self.assertIn('s3:ListBucket on resource: "arn:aws:s3:::scripts"', self.refused("AccessDenied", s3.get_object, Bucket="scripts", Key="app/x"))
        self.refused("NoSuchKey", self.may("s3", get, allow("s3:ListBucket", "arn:aws:s3:::scripts")).get_object, Bucket="scripts", Key="app/x")
        self.refused("AccessDenied", s3.get_bucket_location, Bucket="scripts")

    def test_hosts_by_their_tags(self):
        hosts = self.bed.client("ssm").describe_instance_information()["InstanceInformationList"]
        ssm = self.may("ssm", allow("ssm:SendCommand", f"arn:aws:ssm:{REGION}::document/AWS-RunShellScript"),
                       allow("ssm:SendCommand", f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/*", StringEquals={"ssm:resourceTag/Name": "DbRestore"}))
        command = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"]}}
        ssm.send_command(InstanceIds=[hosts[0]["InstanceId"]], **command)
        self.refused("AccessDeniedException", ssm.send_command, InstanceIds=[hosts[1]["InstanceId"]], **command)

    def test_what_is_simulated_is_what_the_role_may(self):
        iam = self.may("iam", allow("iam:SimulatePrincipalPolicy"), allow("rds:*", DB + "dev", StringEquals={"aws:ResourceTag/refresh": "true"}))
        self.assertEqual(f"arn:aws:sts::{ACCOUNT}:assumed-role/refresher/{self.KEY[0]}", self.may_not("sts").get_caller_identity()["Arn"])
        for tags, expected in (([], "implicitDeny"), ([{"ContextKeyName": "aws:ResourceTag/refresh", "ContextKeyValues": ["true"],
                                                        "ContextKeyType": "string"}], "allowed")):
            found = iam.simulate_principal_policy(PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/refresher", ActionNames=["rds:StopDBInstance"],
                                                  ResourceArns=[DB + "dev"], ContextEntries=tags)["EvaluationResults"]
            self.assertEqual([expected], [e["EvalDecision"] for e in found])

    def test_other_keys_are_not_held_to_it(self):
        self.may("rds", allow("sns:Publish"))
        self.rds.stop_db_instance(DBInstanceIdentifier="dev")
        self.assertEqual({self.KEY[0]}, set(self.bed.get("permissions")))


if __name__ == "__main__":
    unittest.main()
