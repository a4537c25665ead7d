"""Clusters of Aurora: restores, members, renames, deletion."""
import unittest

from .harness import BedTest

WORLD = {
    "security_groups": [{"name": "developers", "users": True}, {"name": "quarantine"}],
    "cluster_parameter_groups": [{"name": "dev", "family": "aurora-mysql8.0"}],
    "subnet_groups": [{"name": "private"}],
    "clusters": [{"name": "production", "engine": "aurora-mysql", "members": ["production-1", "production-2"], "unmasked": True,
                  "encrypted": True, "port": 3307, "tags": {"env": "production"}, "iam_auth": True, "deletion_protection": True},
                 {"name": "bare", "engine": "aurora-postgresql"}],
    "snapshots": [{"name": "monthly", "of": "production"}],
}


class Restores(BedTest):
    world = WORLD

    def clone(self, **more):
        input = {"DBClusterIdentifier": "copy", "SourceDBClusterIdentifier": "production", "UseLatestRestorableTime": True,
                 "RestoreType": "copy-on-write", **more}
        return self.rds.restore_db_cluster_to_point_in_time(**{k: v for k, v in input.items() if v is not None})["DBCluster"]

    def test_a_clone_has_no_instances_and_defaults_where_the_source_had_settings(self):
        made = self.clone()
        self.assertEqual("creating", made["Status"])
        self.assertNotIn("LatestRestorableTime", made)
        self.statuses("copy", "available", "cluster")
        found = self.cluster("copy")
        self.assertEqual([], found["DBClusterMembers"])
        self.assertEqual((3306, False, False), (found["Port"], found["DeletionProtection"], found["IAMDatabaseAuthenticationEnabled"]))
        self.assertEqual([{"Key": "env", "Value": "production"}], found["TagList"])
        self.assertNotEqual(self.cluster("production")["DbClusterResourceId"], found["DbClusterResourceId"])
        self.assertEqual(self.cluster("production")["KmsKeyId"], found["KmsKeyId"])

    def test_tags_that_are_given_replace_the_sources(self):
        self.assertEqual([{"Key": "run", "Value": "1"}], self.clone(Tags=[{"Key": "run", "Value": "1"}])["TagList"])

    def test_a_new_cluster_is_hidden_then_creating_then_backing_up(self):
        self.clone()
        self.assertEqual([None, "creating", "backing-up", "available"], self.statuses("copy", "available", "cluster"))

    def test_a_name_that_is_hidden_still_is_taken(self):
        self.clone()
        self.assertIsNone(self.status("copy", "cluster"))
        self.refused("DBClusterAlreadyExistsFault", self.clone)

    def test_a_clone_takes_no_time(self):
        self.refused("InvalidParameterCombination", self.clone, RestoreToTime="2026-01-01T00:00:00Z", UseLatestRestorableTime=None)

    def test_restore_types_are_an_enumeration(self):
        self.refused("InvalidParameterValue", self.clone, RestoreType="bogus")

    def test_exactly_one_time(self):
        self.refused("InvalidParameterCombination", self.clone, RestoreType="full-copy", UseLatestRestorableTime=None)
        self.refused("InvalidParameterCombination", self.clone, RestoreType="full-copy", RestoreToTime="2026-01-01T00:00:00Z")

    def test_times_outside_of_the_window(self):
        for time in ("2040-01-01T00:00:00Z", "2001-01-01T00:00:00Z"):
            self.refused("InvalidParameterValue", self.clone, RestoreType="full-copy", RestoreToTime=time, UseLatestRestorableTime=None)

    def test_a_source_without_instances_is_not_cloned(self):
        self.refused("InvalidDBClusterStateFault", self.clone, SourceDBClusterIdentifier="bare")

    def test_a_source_that_is_still_restored_has_no_restorable_time(self):
        self.clone()
        self.settle("copy", "cluster")
        self.clone(DBClusterIdentifier="young")
        self.assertIsNone(self.status("young", "cluster"))
        self.assertEqual("creating", self.status("young", "cluster"))
        self.refused("InvalidDBClusterStateFault", self.clone, DBClusterIdentifier="third", SourceDBClusterIdentifier="young",
                     RestoreType="full-copy")

    def test_a_source_that_is_not_there(self):
        self.refused("DBClusterNotFoundFault", self.clone, SourceDBClusterIdentifier="nowhere")

    def test_a_source_by_its_resource_id(self):
        self.clone(SourceDBClusterIdentifier=None, SourceDbClusterResourceId=self.made["ids"]["production"])
        self.settle("copy", "cluster")

    def test_a_key_for_what_is_not_encrypted(self):
        self.rds.create_db_instance(DBInstanceIdentifier="bare-1", DBClusterIdentifier="bare", Engine="aurora-postgresql",
                                    DBInstanceClass="db.r6g.large")
        self.refused("InvalidParameterCombination", self.clone, SourceDBClusterIdentifier="bare", KmsKeyId="alias/aws/rds")
        self.refused("KMSKeyNotAccessibleFault", self.clone, KmsKeyId="alias/missing")

    def test_groups_must_exist_and_fit(self):
        self.refused("DBClusterParameterGroupNotFound", self.clone, DBClusterParameterGroupName="nowhere")
        self.refused("DBSubnetGroupNotFoundFault", self.clone, DBSubnetGroupName="nowhere")
        self.refused("InvalidParameterValue", self.clone, VpcSecurityGroupIds=["sg-00000000"])

    def test_a_snapshot_without_a_version_gets_the_regions_default(self):
        made = self.rds.restore_db_cluster_from_snapshot(DBClusterIdentifier="copy", SnapshotIdentifier="monthly",
                                                         Engine="aurora-mysql")["DBCluster"]
        self.assertEqual("8.0.mysql_aurora.3.07.1", made["EngineVersion"])
        self.assertEqual(3307, made["Port"])
        self.refused("InvalidParameterCombination", self.rds.restore_db_cluster_from_snapshot, DBClusterIdentifier="other",
                     SnapshotIdentifier="monthly", Engine="aurora-postgresql")
        self.refused("DBClusterSnapshotNotFoundFault", self.rds.restore_db_cluster_from_snapshot, DBClusterIdentifier="other",
                     SnapshotIdentifier="nowhere", Engine="aurora-mysql")


class Members(BedTest):
    world = WORLD

    def member(self, **more):
        return self.rds.create_db_instance(**{"DBInstanceIdentifier": "bare-1", "DBClusterIdentifier": "bare",
                                              "Engine": "aurora-postgresql", "DBInstanceClass": "db.r6g.large", **more})["DBInstance"]

    def test_the_first_is_the_writer(self):
        self.member()
        self.settle("bare-1")
        self.member(DBInstanceIdentifier="bare-2")
        self.settle("bare-2")
        found = {m["DBInstanceIdentifier"]: m["IsClusterWriter"] for m in self.cluster("bare")["DBClusterMembers"]}
        self.assertEqual({"bare-1": True, "bare-2": False}, found)

    def test_what_is_the_clusters_is_refused(self):
        for parameter, text in (("MasterUserPassword", "a-password-1"), ("VpcSecurityGroupIds", ["sg-1"]), ("BackupRetentionPeriod", 1),
                                ("Port", 5433), ("DeletionProtection", True), ("AllocatedStorage", 20)):
            self.refused("InvalidParameterCombination", self.member, **{parameter: text})
        for parameter, text in (("MasterUserPassword", "a-password-1"), ("VpcSecurityGroupIds", ["sg-1"]),
                                ("BackupRetentionPeriod", 1), ("DeletionProtection", False)):
            self.refused("InvalidParameterCombination", self.rds.modify_db_instance, DBInstanceIdentifier="production-1",
                         **{parameter: text})

    def test_engines_must_be_the_same(self):
        self.refused("InvalidParameterCombination", self.member, Engine="aurora-mysql")

    def test_serverless_needs_a_range_first(self):
        self.assertIn("Set the Serverless v2 scaling configuration",
                      self.refused("InvalidDBClusterStateFault", self.member, DBInstanceClass="db.serverless"))
        self.rds.modify_db_cluster(DBClusterIdentifier="bare", ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 2},
                                   ApplyImmediately=True)
        self.member(DBInstanceClass="db.serverless")

    def test_the_cluster_must_be_available(self):
        self.rds.restore_db_cluster_to_point_in_time(DBClusterIdentifier="copy", SourceDBClusterIdentifier="production",
                                                     UseLatestRestorableTime=True)
        self.statuses("copy", "creating", "cluster")
        self.refused("InvalidDBClusterStateFault", self.member, DBClusterIdentifier="copy", Engine="aurora-mysql")

    def test_members_are_public_in_the_group_default(self):
        self.assertTrue(self.member()["PubliclyAccessible"])
        self.assertFalse(self.member(DBInstanceIdentifier="bare-2", PubliclyAccessible=False)["PubliclyAccessible"])

    def test_a_member_is_not_stopped_alone(self):
        self.refused("InvalidDBClusterStateFault", self.rds.stop_db_instance, DBInstanceIdentifier="production-1")


class Changes(BedTest):
    world = WORLD

    def test_members_follow_a_rename_and_keep_their_names(self):
        before = self.cluster("production")["DbClusterResourceId"]
        self.rds.modify_db_cluster(DBClusterIdentifier="production", NewDBClusterIdentifier="moved", ApplyImmediately=True)
        self.assertEqual(["available", "renaming", None], self.statuses("production", None, "cluster"))
        found = self.settle("moved", "cluster")
        self.assertEqual(before, found["DbClusterResourceId"])
        self.assertEqual(2, len(found["DBClusterMembers"]))
        self.assertEqual("moved", self.instance("production-1")["DBClusterIdentifier"])
        self.assertTrue(found["Endpoint"].startswith("moved.cluster-"))

    def test_a_rename_onto_a_name_that_is_taken(self):
        self.refused("DBClusterAlreadyExistsFault", self.rds.modify_db_cluster, DBClusterIdentifier="production",
                     NewDBClusterIdentifier="bare", ApplyImmediately=True)

    def test_a_refused_change_leaves_the_cluster(self):
        self.refused("InvalidParameterValue", self.rds.modify_db_cluster, DBClusterIdentifier="production", MasterUserPassword="short")
        self.assertEqual("available", self.status("production", "cluster"))

    def test_a_password_needs_apply_immediately_to_show(self):
        self.rds.modify_db_cluster(DBClusterIdentifier="production", MasterUserPassword="a-password-1")
        for _ in range(5):
            found = self.cluster("production")
            self.assertEqual(("available", "****"), (found["Status"], found["PendingModifiedValues"]["MasterUserPassword"]))
        self.rds.modify_db_cluster(DBClusterIdentifier="production", MasterUserPassword="a-password-2", ApplyImmediately=True)
        self.assertEqual(["available", "resetting-master-credentials"],
                         self.statuses("production", "resetting-master-credentials", "cluster"))
        self.settle("production", "cluster")

    def test_deletion(self):
        call = self.rds.delete_db_cluster
        self.refused("InvalidParameterCombination", call, DBClusterIdentifier="production", SkipFinalSnapshot=True)
        self.rds.modify_db_cluster(DBClusterIdentifier="production", DeletionProtection=False)
        self.assertIn("non-deleting state",
                      self.refused("InvalidDBClusterStateFault", call, DBClusterIdentifier="production", SkipFinalSnapshot=True))
        for name in ("production-2", "production-1"):
            self.rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
        self.refused("InvalidParameterCombination", call, DBClusterIdentifier="production")
        self.refused("InvalidParameterCombination", call, DBClusterIdentifier="production", SkipFinalSnapshot=True,
                     FinalDBSnapshotIdentifier="last")
        call(DBClusterIdentifier="production", SkipFinalSnapshot=True)
        self.refused("InvalidDBClusterStateFault", call, DBClusterIdentifier="production", SkipFinalSnapshot=True)
        self.statuses("production-1", None)
        self.statuses("production-2", None)
        self.statuses("production", None, "cluster")

    def test_stopped_clusters_are_started_before_anything_else(self):
        self.rds.stop_db_cluster(DBClusterIdentifier="production")
        self.statuses("production", "stopped", "cluster")
        self.assertEqual("stopped", self.statuses("production-1", "stopped")[-1])
        self.refused("InvalidDBClusterStateFault", self.rds.modify_db_cluster, DBClusterIdentifier="production", DeletionProtection=False)
        self.refused("InvalidDBClusterStateFault", self.rds.delete_db_instance, DBInstanceIdentifier="production-1")
        self.rds.start_db_cluster(DBClusterIdentifier="production")
        self.statuses("production", "available", "cluster")
        self.statuses("production-1", "available")


if __name__ == "__main__":
    unittest.main()
