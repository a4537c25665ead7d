"""Instances: restores, changes, renames, deletion, replicas."""
import unittest
from datetime import datetime, timedelta, timezone

from .harness import REGION, BedTest

WORLD = {
    "security_groups": [{"name": "developers", "users": True}, {"name": "quarantine"}, {"name": "elsewhere", "vpc": "other"}],
    "subnet_groups": [{"name": "private"}, {"name": "far", "vpc": "other"}],
    "parameter_groups": [{"name": "dev", "family": "mariadb10.11"}, {"name": "pg", "family": "postgres15"}],
    "option_groups": [{"name": "audit", "engine": "mariadb", "major": "10.11"}],
    "instances": [
        {"name": "production", "engine": "mariadb", "unmasked": True, "deletion_protection": True, "tags": {"env": "production"},
         "security_groups": ["quarantine"], "parameter_group": "dev", "iam_auth": True, "copy_tags": True, "port": 3310,
         "multi_az": True},
        {"name": "dev", "engine": "mariadb", "tags": {"refresh": "true"}, "security_groups": ["developers"]},
        {"name": "bare", "engine": "mariadb", "retention": 0}, {"name": "asleep", "engine": "mariadb", "status": "stopped"}],
    "clusters": [{"name": "aurora", "engine": "aurora-mysql", "members": ["aurora-1"]}],
}


class Restores(BedTest):
    world = WORLD

    def restore(self, **more):
        input = {"SourceDBInstanceIdentifier": "production", "TargetDBInstanceIdentifier": "copy", "UseLatestRestorableTime": True, **more}
        return self.rds.restore_db_instance_to_point_in_time(**{k: v for k, v in input.items() if v is not None})["DBInstance"]

    def test_new_ones_are_hidden_then_creating_then_backing_up(self):
        self.assertEqual("creating", self.restore()["DBInstanceStatus"])
        self.assertEqual([None, "creating", "backing-up", "available"], self.statuses("copy", "available"))

    def test_lists_hide_what_is_hidden(self):
        self.restore()
        names = [[i["DBInstanceIdentifier"] for i in self.rds.describe_db_instances()["DBInstances"]] for _ in range(2)]
        self.assertNotIn("copy", names[0])
        self.assertIn("copy", names[1])

    def test_what_is_default_and_not_the_sources(self):
        self.restore()
        found, source = self.settle("copy"), self.instance("production")
        self.assertEqual("default.mariadb10.11", found["DBParameterGroups"][0]["DBParameterGroupName"])
        self.assertNotEqual(source["VpcSecurityGroups"][0]["VpcSecurityGroupId"], found["VpcSecurityGroups"][0]["VpcSecurityGroupId"])
        for name in ("DeletionProtection", "MultiAZ", "IAMDatabaseAuthenticationEnabled", "CopyTagsToSnapshot"):
            self.assertTrue(source[name])
            self.assertFalse(found[name], name)
        self.assertEqual(source["DBInstanceClass"], found["DBInstanceClass"])
        self.assertEqual(source["BackupRetentionPeriod"], found["BackupRetentionPeriod"])

    def test_each_has_a_resource_id_of_its_own(self):
        self.restore()
        ids = {i["DbiResourceId"] for i in self.rds.describe_db_instances()["DBInstances"]}
        self.assertEqual(5, len(ids))
        self.settle("copy")
        found = self.instance("copy")["DbiResourceId"]
        self.assertRegex(found, "^db-[A-Z2-7]{26}$")
        shown = self.rds.describe_db_instances(Filters=[{"Name": "dbi-resource-id", "Values": [found]}])["DBInstances"]
        self.assertEqual(["copy"], [i["DBInstanceIdentifier"] for i in shown])

    def test_tags(self):
        self.assertEqual([{"Key": "env", "Value": "production"}], self.restore()["TagList"])
        given = [{"Key": "run", "Value": "1"}]
        self.assertEqual(given, self.restore(TargetDBInstanceIdentifier="second", Tags=given)["TagList"])
        self.refused("InvalidParameterValue", self.restore, TargetDBInstanceIdentifier="third", Tags=[{"Key": "aws:x", "Value": "1"}])

    def test_exactly_one_time_and_one_source(self):
        now = datetime.now(timezone.utc)
        for more in ({"UseLatestRestorableTime": None}, {"RestoreTime": now}, {"SourceDBInstanceIdentifier": None},
                     {"SourceDbiResourceId": self.made["ids"]["production"]}):
            self.refused("InvalidParameterCombination", self.restore, **more)

    def test_times_outside_of_the_window(self):
        for time in ("2040-01-01T00:00:00Z", "2001-01-01T00:00:00Z", datetime.now(timezone.utc)):
            self.refused("InvalidParameterValue", self.restore, RestoreTime=time, UseLatestRestorableTime=None)
        self.restore(RestoreTime=datetime.now(timezone.utc) - timedelta(hours=1), UseLatestRestorableTime=None)

    def test_the_latest_time_lags_and_moves_in_steps_of_five_minutes(self):
        latest = self.instance("production")["LatestRestorableTime"]
        self.assertGreaterEqual(datetime.now(timezone.utc) - latest, timedelta(minutes=5))
        self.assertEqual((0, 0), (latest.minute % 5, latest.second))
        self.bed.post("time", {"advance_seconds": 600})
        self.assertEqual(timedelta(minutes=10), self.instance("production")["LatestRestorableTime"] - latest)

    def test_without_backups_there_is_no_point_in_time(self):
        self.refused("PointInTimeRestoreNotEnabled", self.restore, SourceDBInstanceIdentifier="bare")
        self.assertNotIn("LatestRestorableTime", self.instance("bare"))

    def test_members_of_clusters_are_restored_by_their_cluster(self):
        self.refused("InvalidParameterCombination", self.restore, SourceDBInstanceIdentifier="aurora-1")

    def test_names(self):
        for name in ("1copy", "copy-", "co--py", "co_py", "c" * 64):
            self.refused("InvalidParameterValue", self.restore, TargetDBInstanceIdentifier=name)
        self.assertEqual("copy", self.restore(TargetDBInstanceIdentifier="CoPy")["DBInstanceIdentifier"])
        self.refused("DBInstanceAlreadyExists", self.restore)
        self.refused("DBInstanceAlreadyExists", self.restore, TargetDBInstanceIdentifier="DEV")

    def test_groups_must_exist_and_fit(self):
        group = self.made["security_groups"]
        self.refused("DBParameterGroupNotFound", self.restore, DBParameterGroupName="nowhere")
        self.refused("InvalidParameterCombination", self.restore, DBParameterGroupName="pg")
        self.refused("OptionGroupNotFoundFault", self.restore, OptionGroupName="nowhere")
        self.refused("DBSubnetGroupNotFoundFault", self.restore, DBSubnetGroupName="nowhere")
        self.refused("InvalidParameterValue", self.restore, VpcSecurityGroupIds=["sg-0123"])
        self.refused("InvalidParameterCombination", self.restore, VpcSecurityGroupIds=[group["elsewhere"]])
        self.refused("InvalidParameterCombination", self.restore, VpcSecurityGroupIds=[group["quarantine"]], DBSubnetGroupName="far")
        self.restore(VpcSecurityGroupIds=[group["elsewhere"]], DBSubnetGroupName="far", DBParameterGroupName="dev", OptionGroupName="audit")

    def test_classes_storage_and_what_does_not_go_together(self):
        self.refused("InvalidParameterValue", self.restore, DBInstanceClass="db.t9.huge")
        self.refused("InvalidParameterValue", self.restore, AllocatedStorage=5)
        self.refused("InvalidParameterCombination", self.restore, StorageType="io1")
        self.refused("InvalidParameterCombination", self.restore, MultiAZ=True, AvailabilityZone="eu-central-1a")
        self.refused("InvalidParameterCombination", self.restore, DBName="shop")
        self.refused("InvalidParameterCombination", self.restore, ManageMasterUserPassword=True)
        self.refused("InvalidParameterCombination", self.restore, EnableCloudwatchLogsExports=["postgresql"])
        self.refused("InvalidParameterValue", self.restore, Port=80)

    def test_quotas(self):
        self.bed.post("seed", {"region": "eu-central-1", "quotas": {"DBInstances": 5}})
        self.refused("InstanceQuotaExceeded", self.restore)
        quota = {q["AccountQuotaName"]: (q["Used"], q["Max"]) for q in self.rds.describe_account_attributes()["AccountQuotas"]}
        self.assertEqual((5, 5), quota["DBInstances"])

    def test_a_terminal_status_by_script(self):
        self.bed.post("fault", {"op": "RestoreDBInstanceToPointInTime", "fault": {"terminal": "incompatible-restore"}})
        self.restore()
        self.statuses("copy", "incompatible-restore")
        self.refused("InvalidDBInstanceState", self.rds.modify_db_instance, DBInstanceIdentifier="copy", DeletionProtection=True)
        self.refused("InvalidDBInstanceState", self.rds.delete_db_instance, DBInstanceIdentifier="copy", FinalDBSnapshotIdentifier="f")
        self.rds.delete_db_instance(DBInstanceIdentifier="copy", SkipFinalSnapshot=True)
        self.statuses("copy", None)
        events = self.rds.describe_events(SourceType="db-instance", SourceIdentifier="copy")["Events"]
        self.assertIn("failure", [c for e in events for c in e["EventCategories"]])


class Changes(BedTest):
    world = WORLD

    def modify(self, name="dev", **more):
        return self.rds.modify_db_instance(DBInstanceIdentifier=name, **more)["DBInstance"]

    def test_available_shows_before_renaming(self):
        before = self.instance("dev")["DbiResourceId"]
        self.modify(NewDBInstanceIdentifier="dev-old", ApplyImmediately=True)
        self.assertEqual("dev-old", self.instance("dev")["PendingModifiedValues"]["DBInstanceIdentifier"])
        self.assertEqual(["renaming", None], self.statuses("dev", None))
        found = self.settle("dev-old")
        self.assertEqual(before, found["DbiResourceId"])
        self.assertTrue(found["Endpoint"]["Address"].startswith("dev-old."))
        self.assertEqual([{"Key": "refresh", "Value": "true"}], found["TagList"])

    def test_names_that_are_taken(self):
        self.refused("DBInstanceAlreadyExists", self.modify, NewDBInstanceIdentifier="production", ApplyImmediately=True)
        self.refused("DBInstanceAlreadyExists", self.modify, NewDBInstanceIdentifier="dev", ApplyImmediately=True)
        self.modify(NewDBInstanceIdentifier="dev-old", ApplyImmediately=True)
        self.refused("DBInstanceAlreadyExists", self.modify, name="production", NewDBInstanceIdentifier="dev-old", ApplyImmediately=True)
        self.refused("DBInstanceAlreadyExists", self.modify, name="production", NewDBInstanceIdentifier="dev", ApplyImmediately=True)

    def test_a_name_is_free_once_it_is_not_found(self):
        self.modify(NewDBInstanceIdentifier="dev-old", ApplyImmediately=True)
        self.statuses("dev", None)
        self.modify(name="production", NewDBInstanceIdentifier="dev", ApplyImmediately=True)

    def test_a_rename_waits_for_the_maintenance_window_otherwise(self):
        self.modify(NewDBInstanceIdentifier="dev-old")
        for _ in range(5):
            self.assertEqual("available", self.instance("dev")["DBInstanceStatus"])
        self.bed.post("maintenance")
        self.statuses("dev", None)
        self.settle("dev-old")

    def test_nothing_is_changed_while_something_changes(self):
        self.modify(MasterUserPassword="a-password-1")
        self.assertEqual("available", self.instance("dev")["DBInstanceStatus"])
        self.refused("InvalidDBInstanceState", self.modify, DeletionProtection=True)

    def test_a_password_shows_late_and_ignores_apply_immediately(self):
        self.assertEqual("****", self.modify(MasterUserPassword="a-password-1")["PendingModifiedValues"]["MasterUserPassword"])
        self.assertEqual(["available", "resetting-master-credentials", "available"],
                         self.statuses("dev", "resetting-master-credentials") + self.statuses("dev", "available"))
        events = self.rds.describe_events(SourceType="db-instance", SourceIdentifier="dev")["Events"]
        self.assertIn("Reset master credentials.", [e["Message"] for e in events])

    def test_changes_that_end_badly_by_script(self):
        self.bed.post("fault", {"op": "ModifyDBInstance", "fault": {"terminal": "password-not-reset"}})
        self.modify(MasterUserPassword="a-password-1")
        self.settle("dev")
        events = self.rds.describe_events(SourceType="db-instance", SourceIdentifier="dev")["Events"]
        self.assertIn("Unable to reset your password", events[-1]["Message"])
        self.bed.post("fault", {"op": "ModifyDBInstance", "fault": {"terminal": "incompatible-network"}})
        self.modify(NewDBInstanceIdentifier="moved", ApplyImmediately=True)
        self.statuses("dev", None)
        self.statuses("moved", "incompatible-network")

    def test_password_rules(self):
        for text in ("short", "x" * 42, "with/slash-1", "with@at-sign", 'with"quote-1', "with space-1"):
            self.refused("InvalidParameterValue", self.modify, MasterUserPassword=text)

    def test_a_password_that_is_managed_from_the_beginning(self):
        self.bed.post("seed", {"region": REGION, "instances": [{"name": "kept", "engine": "mariadb", "managed": True,
                                                                "master_password": "a-password-1"}]})
        secret = self.settle("kept")["MasterUserSecret"]
        self.assertEqual("active", secret["SecretStatus"])
        value = self.bed.client("secretsmanager").get_secret_value(SecretId=secret["SecretArn"])["SecretString"]
        self.assertIn('"password": "a-password-1"', value)

    def test_arns_are_of_the_partition_of_their_region(self):
        for region, partition in (("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")):
            made = self.bed.post("seed", {"region": region, "instances": [{"name": "there", "engine": "mariadb"}]})
            self.assertTrue(made["arns"]["there"].startswith(f"arn:{partition}:rds:{region}:"), made["arns"])
            rds = self.bed.client("rds", region)
            rds.add_tags_to_resource(ResourceName=made["arns"]["there"], Tags=[{"Key": "a", "Value": "b"}])
            self.assertEqual([{"Key": "a", "Value": "b"}], rds.describe_db_instances()["DBInstances"][0]["TagList"])

    def test_managed_passwords(self):
        self.refused("InvalidParameterCombination", self.modify, MasterUserPassword="a-password-1", ManageMasterUserPassword=True)
        self.refused("InvalidParameterCombination", self.modify, RotateMasterUserPassword=True, ApplyImmediately=True)
        made = self.modify(ManageMasterUserPassword=True)["MasterUserSecret"]
        self.assertEqual("creating", made["SecretStatus"])
        self.assertEqual("active", self.settle("dev")["MasterUserSecret"]["SecretStatus"])
        store = self.bed.client("secretsmanager")
        value = store.get_secret_value(SecretId=made["SecretArn"])["SecretString"]
        self.assertIn('"username": "admin"', value)
        self.refused("InvalidParameterCombination", self.modify, MasterUserPassword="a-password-1")
        self.refused("InvalidParameterCombination", self.modify, ManageMasterUserPassword=False)
        self.refused("InvalidParameterCombination", self.modify, RotateMasterUserPassword=True)
        self.refused("InvalidParameterCombination", self.rds.create_db_instance_read_replica, DBInstanceIdentifier="replica",
                     SourceDBInstanceIdentifier="dev")
        store.rotate_secret(SecretId=made["SecretArn"])
        self.settle("dev")
        self.assertNotEqual(value, store.get_secret_value(SecretId=made["SecretArn"])["SecretString"])
        self.rds.delete_db_instance(DBInstanceIdentifier="dev", SkipFinalSnapshot=True)
        self.statuses("dev", None)
        self.refused("ResourceNotFoundException", store.get_secret_value, SecretId=made["SecretArn"])

    def test_a_parameter_group_needs_a_reboot(self):
        self.modify(DBParameterGroupName="dev")
        self.assertEqual(("dev", "pending-reboot"), tuple(self.settle("dev")["DBParameterGroups"][0].values()))
        self.rds.reboot_db_instance(DBInstanceIdentifier="dev")
        self.statuses("dev", "rebooting")
        self.assertEqual("in-sync", self.settle("dev")["DBParameterGroups"][0]["ParameterApplyStatus"])

    def test_security_groups_change_late(self):
        group = self.made["security_groups"]
        self.modify(VpcSecurityGroupIds=[group["quarantine"]])
        shown = {g["VpcSecurityGroupId"]: g["Status"] for g in self.instance("dev")["VpcSecurityGroups"]}
        self.assertEqual({group["developers"]: "removing", group["quarantine"]: "adding"}, shown)
        self.assertEqual([group["quarantine"]], [g["VpcSecurityGroupId"] for g in self.settle("dev")["VpcSecurityGroups"]])
        self.refused("InvalidParameterCombination", self.modify, VpcSecurityGroupIds=[group["elsewhere"]])

    def test_a_class_waits_for_the_window_or_for_apply_immediately(self):
        self.modify(DBInstanceClass="db.t4g.large")
        found = self.settle_pending("dev")
        self.assertEqual("db.t4g.large", found["PendingModifiedValues"]["DBInstanceClass"])
        self.modify(ApplyImmediately=True)
        self.statuses("dev", "modifying")
        self.assertEqual("db.t4g.large", self.settle("dev")["DBInstanceClass"])

    def settle_pending(self, name):
        return [self.instance(name) for _ in range(5)][-1]

    def test_backups_turned_on_make_a_backup(self):
        self.modify(name="bare", BackupRetentionPeriod=7, ApplyImmediately=True)
        self.assertEqual(["available", "modifying", "backing-up"], self.statuses("bare", "backing-up"))
        self.assertIn("LatestRestorableTime", self.settle("bare"))
        self.assertEqual(["automated"], [s["SnapshotType"] for s in
                                         self.rds.describe_db_snapshots(DBInstanceIdentifier="bare")["DBSnapshots"]])

    def test_stopped_ones_are_not_changed(self):
        self.refused("InvalidDBInstanceState", self.modify, name="asleep", NewDBInstanceIdentifier="x", ApplyImmediately=True)
        self.refused("InvalidDBInstanceState", self.rds.stop_db_instance, DBInstanceIdentifier="asleep")
        self.rds.start_db_instance(DBInstanceIdentifier="asleep")
        self.assertEqual(["starting", "available"], self.statuses("asleep", "available"))
        self.rds.stop_db_instance(DBInstanceIdentifier="asleep")
        self.assertEqual(["available", "stopping", "stopped"], self.statuses("asleep", "stopped"))

    def test_a_missing_one(self):
        self.refused("DBInstanceNotFound", self.modify, name="nowhere")

    def test_roles(self):
        role = {"DBInstanceIdentifier": "dev", "RoleArn": "arn:aws:iam::123456789012:role/r", "FeatureName": "s3Import"}
        self.rds.add_role_to_db_instance(**role)
        self.refused("DBInstanceRoleAlreadyExists", self.rds.add_role_to_db_instance, **role)
        self.rds.remove_role_from_db_instance(**role)
        self.refused("DBInstanceRoleNotFound", self.rds.remove_role_from_db_instance, **role)

    def test_tags_by_arn(self):
        arn = self.made["arns"]["dev"]
        self.rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "run", "Value": "1"}])
        self.rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["refresh"])
        self.assertEqual([{"Key": "run", "Value": "1"}], self.rds.list_tags_for_resource(ResourceName=arn)["TagList"])
        self.refused("DBInstanceNotFound", self.rds.list_tags_for_resource, ResourceName=arn + "x")

    def test_pages(self):
        self.refused("InvalidParameterValue", self.rds.describe_db_instances, MaxRecords=5)
        self.refused("InvalidParameterValue", self.rds.describe_db_instances, Filters=[{"Name": "bogus", "Values": ["x"]}])
        self.bed.post("page", {"most": 2})
        pages = list(self.rds.get_paginator("describe_db_instances").paginate())
        self.assertEqual([2, 2, 1], [len(page["DBInstances"]) for page in pages])
        self.assertEqual(5, len({i["DbiResourceId"] for page in pages for i in page["DBInstances"]}))


class Others(BedTest):
    def test_what_is_only_described(self):
        self.assertEqual([], self.rds.describe_db_proxies()["DBProxies"])
        self.bed.post("seed", {"region": "eu-central-1", "others": {
            "BlueGreenDeployments": [{"BlueGreenDeploymentIdentifier": "bgd-1", "Source": "arn:a", "Status": "AVAILABLE"}]}})
        self.assertEqual(["bgd-1"], [d["BlueGreenDeploymentIdentifier"] for d in
                                     self.rds.describe_blue_green_deployments()["BlueGreenDeployments"]])

    def test_groups_that_let_groups_in(self):
        made = self.bed.post("seed", {"region": "eu-central-1", "security_groups": [
            {"name": "worker", "interfaces": ["172.31.0.9"], "tags": {"a": "b"}}, {"name": "quarantine", "from": ["worker"], "no_egress": True}]})
        ec2, group = self.bed.client("ec2"), made["security_groups"]
        found = ec2.describe_security_groups(GroupIds=[group["quarantine"]])["SecurityGroups"][0]
        self.assertEqual(([group["worker"]], []), ([p["GroupId"] for p in found["IpPermissions"][0]["UserIdGroupPairs"]],
                                                   found["IpPermissionsEgress"]))
        faces = ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group["worker"]]}])["NetworkInterfaces"]
        self.assertEqual(["172.31.0.9"], [i["PrivateIpAddress"] for i in faces])


class Ends(BedTest):
    world = WORLD

    def delete(self, name="dev", **more):
        return self.rds.delete_db_instance(DBInstanceIdentifier=name, **more)

    def test_exactly_one_of_skip_and_final(self):
        self.refused("InvalidParameterCombination", self.delete)
        self.refused("InvalidParameterCombination", self.delete, SkipFinalSnapshot=True, FinalDBSnapshotIdentifier="last")
        self.delete(FinalDBSnapshotIdentifier="last")
        self.assertEqual("last", self.rds.describe_db_snapshots(DBSnapshotIdentifier="last")["DBSnapshots"][0]["DBSnapshotIdentifier"])

    def test_protection(self):
        self.refused("InvalidParameterCombination", self.delete, name="production", SkipFinalSnapshot=True)

    def test_a_name_is_taken_until_it_is_gone(self):
        self.delete(SkipFinalSnapshot=True)
        self.assertIn("already being deleted", self.refused("InvalidDBInstanceState", self.delete, SkipFinalSnapshot=True))
        self.refused("DBInstanceAlreadyExists", self.rds.modify_db_instance, DBInstanceIdentifier="production",
                     NewDBInstanceIdentifier="dev", ApplyImmediately=True)
        self.assertEqual(["deleting", None], self.statuses("dev", None))
        self.refused("DBInstanceNotFound", self.delete, SkipFinalSnapshot=True)

    def test_retained_backups_and_their_quota(self):
        arn = self.rds.describe_db_instance_automated_backups(DBInstanceIdentifier="dev")["DBInstanceAutomatedBackups"][0][
            "DBInstanceAutomatedBackupsArn"]
        self.delete(SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
        self.statuses("dev", None)
        self.rds.restore_db_instance_to_point_in_time(SourceDBInstanceAutomatedBackupsArn=arn, TargetDBInstanceIdentifier="again",
                                                      UseLatestRestorableTime=True)
        self.settle("again")
        self.bed.post("seed", {"region": "eu-central-1", "quotas": {"RetainedAutomatedBackups": 1}})
        self.refused("DBInstanceAutomatedBackupQuotaExceeded", self.delete, name="again", SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
        self.rds.delete_db_instance_automated_backup(DBInstanceAutomatedBackupsArn=arn)

    def test_automated_snapshots_go_with_their_database(self):
        self.rds.restore_db_instance_to_point_in_time(SourceDBInstanceIdentifier="production", TargetDBInstanceIdentifier="copy",
                                                      UseLatestRestorableTime=True)
        self.settle("copy")
        self.assertEqual(1, len(self.rds.describe_db_snapshots(DBInstanceIdentifier="copy")["DBSnapshots"]))
        state = self.bed.get("state")["places"]["123456789012/eu-central-1"]["snapshots"]
        self.assertEqual([True], [s["bed"]["unmasked"] for s in state.values()])
        self.delete(name="copy", SkipFinalSnapshot=True)
        self.assertEqual([], self.rds.describe_db_snapshots(DBInstanceIdentifier="copy")["DBSnapshots"])


class Replicas(BedTest):
    world = WORLD

    def replica(self, **more):
        return self.rds.create_db_instance_read_replica(**{"DBInstanceIdentifier": "replica", "SourceDBInstanceIdentifier": "dev",
                                                           **more})["DBInstance"]

    def test_a_replica(self):
        self.replica()
        found = self.settle("replica")
        self.assertEqual(0, found["BackupRetentionPeriod"])
        self.assertEqual(["replicating"], [s["Status"] for s in found["StatusInfos"]])
        self.assertEqual(["replica"], self.instance("dev")["ReadReplicaDBInstanceIdentifiers"])
        self.refused("InvalidDBInstanceState", self.rds.stop_db_instance, DBInstanceIdentifier="dev")
        self.refused("InvalidParameterCombination", self.rds.delete_db_instance, DBInstanceIdentifier="replica",
                     FinalDBSnapshotIdentifier="last")

    def test_replication_that_stands_still(self):
        self.replica()
        self.settle("replica")
        self.bed.post("status", {"region": "eu-central-1", "name": "replica", "replication": "error"})
        self.assertEqual([("error", False)], [(s["Status"], s["Normal"]) for s in self.instance("replica")["StatusInfos"]])

    def test_names_and_sources(self):
        self.refused("DBInstanceAlreadyExists", self.replica, DBInstanceIdentifier="production")
        self.refused("InvalidDBInstanceState", self.replica, SourceDBInstanceIdentifier="bare")
        self.refused("InvalidDBClusterStateFault", self.replica, SourceDBInstanceIdentifier="aurora-1")
        self.refused("DBSubnetGroupNotAllowedFault", self.replica, DBSubnetGroupName="far")
        self.refused("InvalidParameterCombination", self.replica, MonitoringInterval=60)

    def test_replicas_of_what_is_deleted_are_promoted(self):
        self.replica()
        self.settle("replica")
        self.rds.delete_db_instance(DBInstanceIdentifier="dev", SkipFinalSnapshot=True)
        self.statuses("dev", None)
        self.assertNotIn("ReadReplicaSourceDBInstanceIdentifier", self.instance("replica"))


if __name__ == "__main__":
    unittest.main()
