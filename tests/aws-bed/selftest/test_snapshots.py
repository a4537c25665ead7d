"""Snapshots: taking, restoring, copying, sharing between accounts, keys."""
import unittest

from .harness import ACCOUNT, OTHER, REGION, BedTest

WORLD = {
    "security_groups": [{"name": "developers", "users": True}],
    "keys": [{"name": "mine", "accounts": [OTHER]}, {"name": "off", "accounts": [ACCOUNT], "disabled": True}],
    "instances": [{"name": "production", "engine": "mariadb", "unmasked": True, "encrypted": True, "tags": {"env": "production"}},
                  {"name": "plain", "engine": "postgres", "port": 5433}],
    "snapshots": [{"name": "default-key", "of": "production"}, {"name": "nightly", "of": "production", "type": "automated"},
                  {"name": "open", "of": "plain", "shared_with": [OTHER]}, {"name": "making", "of": "plain", "status": "creating"}],
    "accounts": {OTHER: {"security_groups": [{"name": "developers", "users": True}], "keys": [{"name": "theirs"}], "instances": []}},
}


class Snapshots(BedTest):
    world = WORLD

    def setUp(self):
        super().setUp()
        self.other = self.bed.client("rds", key=self.bed.account(OTHER))

    def available(self, name, rds=None):
        for _ in range(20):
            found = (rds or self.rds).describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]
            if found["Status"] == "available":
                return found
        self.fail(f"{name} is {found['Status']}")

    def copy(self, source, target, rds=None, **more):
        (rds or self.rds).copy_db_snapshot(SourceDBSnapshotIdentifier=source, TargetDBSnapshotIdentifier=target, **more)
        return self.available(target, rds)

    def restore(self, snapshot, rds=None, **more):
        return (rds or self.rds).restore_db_instance_from_db_snapshot(DBInstanceIdentifier="copy", DBSnapshotIdentifier=snapshot,
                                                                      **more)["DBInstance"]

    def test_taking_one(self):
        self.assertEqual("creating", self.rds.create_db_snapshot(DBInstanceIdentifier="plain", DBSnapshotIdentifier="mine")["DBSnapshot"]["Status"])
        self.refused("DBSnapshotAlreadyExists", self.rds.create_db_snapshot, DBInstanceIdentifier="production", DBSnapshotIdentifier="MINE")
        self.assertEqual(100, self.available("mine")["PercentProgress"])
        self.assertEqual(["backing-up", "available"], self.statuses("plain", "available"))

    def test_restores_have_the_snapshots_tags_and_port(self):
        found = self.restore("default-key")
        self.assertEqual([{"Key": "env", "Value": "production"}], found["TagList"])
        self.assertTrue(found["StorageEncrypted"])
        self.settle("copy")
        self.assertTrue(self.bed.get("state")["places"][f"{ACCOUNT}/{REGION}"]["instances"]["copy"]["bed"]["unmasked"])

    def test_what_can_not_be_restored(self):
        self.refused("DBSnapshotNotFound", self.rds.restore_db_instance_from_db_snapshot, DBInstanceIdentifier="c", DBSnapshotIdentifier="nowhere")
        self.refused("InvalidDBSnapshotState", self.rds.restore_db_instance_from_db_snapshot, DBInstanceIdentifier="c", DBSnapshotIdentifier="making")
        self.refused("DBInstanceAlreadyExists", self.rds.restore_db_instance_from_db_snapshot, DBInstanceIdentifier="plain",
                     DBSnapshotIdentifier="default-key")
        self.refused("MissingParameter", self.rds.restore_db_instance_from_db_snapshot, DBInstanceIdentifier="c")

    def refused(self, code, call, *positional, **input):
        return super().refused(code, lambda **more: call(*positional, **more), **input)

    def share(self, name, *accounts):
        return self.rds.modify_db_snapshot_attribute(DBSnapshotIdentifier=name, AttributeName="restore", ValuesToAdd=list(accounts))

    def test_who_can_share_what(self):
        self.refused("InvalidDBSnapshotState", self.share, "nightly", OTHER)
        self.refused("InvalidDBSnapshotState", self.share, "default-key", OTHER)
        self.copy("default-key", "with-key", KmsKeyId="alias/mine")
        self.refused("InvalidDBSnapshotState", self.share, "with-key", "all")
        self.refused("InvalidParameterValue", self.share, "with-key", "bob")
        self.share("with-key", OTHER)
        self.refused("SharedSnapshotQuotaExceeded", self.share, "with-key", *[f"{n:012}" for n in range(20)])
        shown = self.rds.describe_db_snapshot_attributes(DBSnapshotIdentifier="with-key")["DBSnapshotAttributesResult"]
        self.assertEqual([OTHER], shown["DBSnapshotAttributes"][0]["AttributeValues"])

    def test_shared_ones_are_found_and_used_by_arn(self):
        arn = self.made["arns"]["open"]
        self.assertEqual([], self.other.describe_db_snapshots()["DBSnapshots"])
        self.assertEqual([("open", "shared")], [(s["DBSnapshotIdentifier"], s["SnapshotType"]) for s in
                                                self.other.describe_db_snapshots(SnapshotType="shared")["DBSnapshots"]])
        self.refused("DBSnapshotNotFound", self.restore, "open", self.other)
        self.restore(arn, self.other)

    def test_shared_and_encrypted_ones_are_copied_first(self):
        self.copy("default-key", "with-key", KmsKeyId="alias/mine")
        arn = self.available("with-key")["DBSnapshotArn"]
        self.refused("DBSnapshotNotFound", self.restore, arn, self.other)
        self.share("with-key", OTHER)
        self.refused("InvalidDBSnapshotState", self.restore, arn, self.other)
        self.refused("KMSKeyNotAccessibleFault", self.copy, arn, "theirs", self.other)
        self.assertEqual(self.made["keys"]["theirs"], self.copy(arn, "theirs", self.other, KmsKeyId="alias/theirs")["KmsKeyId"])
        self.restore("theirs", self.other)

    def test_keys_that_can_not_be_used(self):
        for key in ("alias/missing", "alias/off", self.made["keys"]["theirs"].replace(OTHER, ACCOUNT),
                    f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"):
            self.refused("KMSKeyNotAccessibleFault", self.copy, "default-key", "x", KmsKeyId=key)

    def test_what_a_disabled_key_encrypts_is_not_restored(self):
        self.bed.post("seed", {"region": REGION, "keys": [{"name": "late", "disabled": True}],
                               "instances": [{"name": "locked", "engine": "mariadb", "kms": "alias/late"}],
                               "snapshots": [{"name": "locked", "of": "locked"}]})
        self.refused("KMSKeyNotAccessibleFault", self.restore, "locked")
        self.refused("KMSKeyNotAccessibleFault", self.rds.restore_db_instance_to_point_in_time, SourceDBInstanceIdentifier="locked",
                     TargetDBInstanceIdentifier="copy", UseLatestRestorableTime=True)

    def test_keys_are_shown_to_whom_their_policy_names(self):
        ours, theirs = self.bed.client("kms"), self.bed.client("kms", key=self.bed.account(OTHER))
        default = self.available("default-key")["KmsKeyId"]
        self.assertEqual("AWS", ours.describe_key(KeyId=default)["KeyMetadata"]["KeyManager"])
        self.refused("AccessDeniedException", theirs.describe_key, KeyId=default)
        shown = theirs.describe_key(KeyId=self.made["keys"]["mine"])["KeyMetadata"]
        self.assertEqual(("CUSTOMER", "Enabled"), (shown["KeyManager"], shown["KeyState"]))
        self.refused("AccessDeniedException", theirs.describe_key, KeyId=self.made["keys"]["off"])

    def test_deletion(self):
        self.rds.delete_db_snapshot(DBSnapshotIdentifier="open")
        self.refused("DBSnapshotNotFound", self.rds.delete_db_snapshot, DBSnapshotIdentifier="open")
        self.refused("InvalidDBSnapshotState", self.rds.delete_db_snapshot, DBSnapshotIdentifier="nightly")

    def test_quotas(self):
        self.bed.post("seed", {"region": REGION, "quotas": {"ManualSnapshots": 3}})
        self.refused("SnapshotQuotaExceeded", self.rds.create_db_snapshot, DBInstanceIdentifier="plain", DBSnapshotIdentifier="more")

    def test_a_public_snapshot_of_production_is_an_exposure(self):
        self.bed.post("seed", {"region": REGION, "instances": [{"name": "raw", "engine": "mariadb", "unmasked": True}],
                               "snapshots": [{"name": "raw", "of": "raw"}]})
        self.share("raw", "all")
        self.assertEqual(["shared with everybody"], [e["why"] for e in self.bed.get("exposure")["unmasked"]])


if __name__ == "__main__":
    unittest.main()
