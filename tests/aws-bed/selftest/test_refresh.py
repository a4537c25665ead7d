"""A careful client succeeds, whatever the faults; the order of a careless one is refused, or shows in the end state."""
import os
import unittest

from .careful_client import CarefulClient, Failed
from .harness import ACCOUNT, REGION, BedTest

SEEDS = int(os.environ.get("AWS_BED_SEEDS", "8"))
WORLD = {
    "security_groups": [{"name": "developers", "users": True}, {"name": "quarantine"}],
    "instances": [{"name": "production", "engine": "mariadb", "unmasked": True, "tags": {"env": "production"},
                   "security_groups": ["quarantine"], "master_password": "of-production-1"},
                  {"name": "dev", "engine": "mariadb", "tags": {"refresh": "true"}, "security_groups": ["developers"]}],
}


class Careful(BedTest):
    world = WORLD

    def refresh(self, run="r1", **more):
        group, name = self.made["security_groups"], {}
        client = CarefulClient(self.bed.client("rds", read_timeout=20), run)
        asked = []

        def login(instance):  # without a server: the change was asked for, and is over
            asked.append(instance)
            return len(asked) > 1

        def mask(instance):
            name["copy"] = instance["DBInstanceIdentifier"]
            self.bed.post("masked", {"name": name["copy"]})
        return client.refresh(self.made["ids"]["production"], "dev", group["quarantine"], group["developers"], "a-new-password-1", mask,
                              login, **more)

    def end(self, new):
        state = self.bed.get("state")
        place = state["places"][f"{ACCOUNT}/{REGION}"]
        self.assertEqual(["dev", "production"], sorted(place["instances"]))
        self.assertEqual(new, place["instances"]["dev"]["DbiResourceId"])
        self.assertNotEqual(self.made["ids"]["dev"], new)
        self.assertEqual(self.made["ids"]["production"], place["instances"]["production"]["DbiResourceId"])
        self.assertEqual({"run", "refresh"}, set(place["instances"]["dev"]["Tags"]))
        self.assertTrue(place["instances"]["dev"]["bed"]["reachable_by_users"])
        self.assertEqual([], state["exposure"]["unmasked"])
        self.assertEqual([], state["leaks"] + state["violations"])
        self.assertEqual([], [s for s in place["snapshots"].values() if s["bed"]["unmasked"]])

    def test_without_faults(self):
        self.end(self.refresh())

    def test_with_faults_and_paces_from_seeds(self):
        for seed in range(SEEDS):
            with self.subTest(seed=seed):
                self.setUp()
                self.bed.post("pace", {"seed": seed, "polls": {"lag": [0, 3], "hidden": [0, 3], "gap": [0, 3], "creating": [1, 6],
                                                               "renaming": [0, 3], "rebooting": [1, 3], "groups": [1, 3],
                                                               "resetting-master-credentials": [0, 3], "deleting": [1, 5]}})
                self.bed.post("faults", {"seed": seed, "rate": 0.15, "services": ["rds"]})
                new = self.refresh()
                self.bed.post("faults/clear")
                self.end(new)

    def test_answers_that_are_lost_after_each_effect(self):
        for op in ("RestoreDBInstanceToPointInTime", "ModifyDBInstance", "DeleteDBInstance"):
            self.bed.post("fault", {"op": op, "fault": "reset-after", "times": 9})
        self.end(self.refresh())

    def test_a_restore_that_fails_leaves_the_old_one_as_it_was(self):
        self.bed.post("fault", {"op": "RestoreDBInstanceToPointInTime", "fault": {"terminal": "incompatible-restore"}})
        with self.assertRaises(Failed):
            self.refresh()
        self.assertEqual(("available", self.made["ids"]["dev"]), (self.instance("dev")["DBInstanceStatus"], self.instance("dev")["DbiResourceId"]))


class Careless(BedTest):
    """The orders that lose a database or show one."""
    world = WORLD

    def restored(self, **more):
        self.rds.restore_db_instance_to_point_in_time(SourceDBInstanceIdentifier="production", TargetDBInstanceIdentifier="devtemp",
                                                      UseLatestRestorableTime=True, **more)

    def test_who_believes_the_answer_meets_nothing(self):
        self.restored()
        self.refused("DBInstanceNotFound", self.instance, name="devtemp")
        self.refused("DBInstanceNotFound", self.rds.modify_db_instance, DBInstanceIdentifier="devtemp", NewDBInstanceIdentifier="dev2",
                     ApplyImmediately=True)

    def test_who_does_not_wait_is_refused(self):
        self.restored()
        self.statuses("devtemp", "creating")
        self.refused("InvalidDBInstanceState", self.rds.modify_db_instance, DBInstanceIdentifier="devtemp", MasterUserPassword="a-password-1")

    def test_who_believes_the_first_available_is_refused(self):
        self.restored()
        self.settle("devtemp")
        self.rds.modify_db_instance(DBInstanceIdentifier="dev", NewDBInstanceIdentifier="dev-old", ApplyImmediately=True)
        self.assertEqual("available", self.status("dev"))
        self.refused("DBInstanceAlreadyExists", self.rds.modify_db_instance, DBInstanceIdentifier="devtemp",
                     NewDBInstanceIdentifier="dev", ApplyImmediately=True)

    def test_who_swaps_without_setting_aside_is_refused_and_loses_nothing(self):
        self.restored()
        self.settle("devtemp")
        self.refused("DBInstanceAlreadyExists", self.rds.modify_db_instance, DBInstanceIdentifier="devtemp",
                     NewDBInstanceIdentifier="dev", ApplyImmediately=True)
        self.assertEqual(self.made["ids"]["dev"], self.instance("dev")["DbiResourceId"])

    def test_who_opens_before_masking_has_shown_production(self):
        self.restored(VpcSecurityGroupIds=[self.made["security_groups"]["developers"]])
        self.settle("devtemp")
        shown = self.bed.get("exposure")["unmasked"]
        self.assertEqual([("devtemp", "devtemp was made")], [(e["name"], e["why"]) for e in shown])

    def test_who_opens_the_group_before_masking_has_shown_production(self):
        group = self.made["security_groups"]["quarantine"]
        self.restored(VpcSecurityGroupIds=[group])
        self.settle("devtemp")
        self.assertEqual([], self.bed.get("exposure")["unmasked"])
        self.bed.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}])
        self.assertEqual({"devtemp", "production"}, {e["name"] for e in self.bed.get("exposure")["unmasked"]})

    def test_who_keeps_backups_of_the_unmasked_copy_leaves_production_behind(self):
        self.restored()
        self.settle("devtemp")
        self.bed.post("masked", {"name": "devtemp"})
        snapshots = self.bed.get("state")["places"][f"{ACCOUNT}/{REGION}"]["snapshots"]
        self.assertEqual([True], [s["bed"]["unmasked"] for s in snapshots.values()])


if __name__ == "__main__":
    unittest.main()
