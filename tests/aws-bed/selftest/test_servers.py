"""Real servers behind the endpoints: copies of data, passwords that change late, names that vanish, rights as RDS gives them."""
import os
import subprocess
import unittest

from .careful_client import CarefulClient
from .harness import ACCOUNT, REGION, BedTest

QUESTION = "select count(*) from people where mail like '%@real.example'"
SQL = "create table people (mail varchar(99)); insert into people values ('ada@real.example'), ('bob@real.example');"
WORLD = {
    "security_groups": [{"name": "developers", "users": True}, {"name": "quarantine"}],
    "marker": {"mariadb": {"schema": "shop", "sql": QUESTION}, "postgres": {"schema": "shop", "sql": QUESTION}},
    "instances": [{"name": "m", "engine": "mariadb", "db_name": "shop", "master_password": "of-production-1", "unmasked": True, "sql": SQL,
                   "security_groups": ["quarantine"]},
                  {"name": "p", "engine": "postgres", "db_name": "shop", "master_user": "boss", "master_password": "of-production-1",
                   "unmasked": True, "sql": SQL, "security_groups": ["quarantine"]},
                  {"name": "m-dev", "engine": "mariadb", "serving": False, "security_groups": ["developers"]},
                  {"name": "p-dev", "engine": "postgres", "serving": False, "security_groups": ["developers"]}],
}


class ServersTest(BedTest):
    arguments = ("--backends", "real")
    world = {}

    def sql(self, instance, password, text, endpoint=None):
        """(did it work, what was said), over TLS that is verified, at the names that the hosts file has."""
        facts, end = self.bed.facts, endpoint or instance["Endpoint"]
        if instance["Engine"] in ("mariadb", "aurora-mysql"):
            command = ["mariadb", "--no-defaults", f"--host={end['Address']}", f"--port={end['Port']}", f"--user={instance['MasterUsername']}",
                       f"--password={password}", f"--ssl-ca={facts['ca']}", "--ssl-verify-server-cert", "--batch", "--skip-column-names",
                       "--database=shop", f"--execute={text}"]
        else:
            command = ["psql", "-XAtq", "-c", text, f"host={end['Address']} port={end['Port']} user={instance['MasterUsername']} "
                       f"dbname=shop sslmode=verify-full sslrootcert={facts['ca']}"]
        environment = {**os.environ, "LD_PRELOAD": facts["preload"], "NSS_WRAPPER_HOSTS": facts["hosts"], "PGPASSWORD": password}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode == 0, done.stdout.strip()

    def settle_slowly(self, name):
        client = CarefulClient(self.rds, "r", pause=0.05)
        return client.settled(client.until(lambda: client.named(name), name)["DbiResourceId"])


class Instances(ServersTest):
    world = WORLD

    def refresh(self, source, engine_login="a-new-password-1"):
        group, masked = self.made["security_groups"], []
        client = CarefulClient(self.rds, "r1", pause=0.05)

        def mask(instance):
            self.assertEqual("2", self.sql(instance, engine_login, QUESTION)[1])
            masked.append(self.sql(instance, engine_login, "update people set mail = concat(md5(mail), '@example.test')"))
            self.assertEqual((True, ""), masked[0])
        new = client.refresh(self.made["ids"][source], f"{source}-dev", group["quarantine"], group["developers"], engine_login, mask,
                             lambda i: self.sql(i, engine_login, "select 1")[0])
        return self.instance(f"{source}-dev"), new

    def test_a_refresh_of_each_engine(self):
        for source in ("m", "p"):
            with self.subTest(source):
                old = self.sql(self.instance(source), "of-production-1", "select count(*) from people")
                self.assertEqual((True, "2"), old)
                found, new = self.refresh(source)
                self.assertEqual(new, found["DbiResourceId"])
                self.assertEqual((True, "0"), self.sql(found, "a-new-password-1", QUESTION))
                self.assertFalse(self.sql(found, "of-production-1", "select 1")[0])
                self.assertEqual((True, "2"), self.sql(self.instance(source), "of-production-1", QUESTION))
        state = self.bed.get("state")
        self.assertEqual([], state["exposure"]["unmasked"] + state["leaks"])
        bed = state["places"][f"{ACCOUNT}/{REGION}"]["instances"]["m-dev"]["bed"]
        self.assertEqual((False, True), (bed["unmasked"], bed["reachable_by_users"]))

    def test_a_name_that_was_renamed_away_is_not_found(self):
        before = self.instance("m")
        self.rds.modify_db_instance(DBInstanceIdentifier="m", NewDBInstanceIdentifier="m2", ApplyImmediately=True)
        self.statuses("m", None)
        after = self.settle_slowly("m2")
        self.assertEqual((True, "2"), self.sql(after, "of-production-1", QUESTION))
        self.assertFalse(self.sql(before, "of-production-1", "select 1")[0])
        old_name = {"Address": before["Endpoint"]["Address"], "Port": after["Endpoint"]["Port"]}
        self.assertIn("Unknown server host", self.sql(after, "of-production-1", "select 1", old_name)[1])

    def test_a_password_is_changed_on_the_server_when_the_status_is_over(self):
        found = self.instance("p")
        self.rds.modify_db_instance(DBInstanceIdentifier="p", MasterUserPassword="another-password")
        self.assertEqual(["available", "resetting-master-credentials"], self.statuses("p", "resetting-master-credentials"))
        self.assertTrue(self.sql(found, "of-production-1", "select 1")[0])
        self.statuses("p", "available")
        self.assertFalse(self.sql(found, "of-production-1", "select 1")[0])
        self.assertTrue(self.sql(found, "another-password", "select 1")[0])

    def test_masters_have_the_rights_that_rds_gives(self):
        m, p = self.instance("m"), self.instance("p")
        self.assertIn("SUPER", self.sql(m, "of-production-1", "set global event_scheduler = on")[1])
        self.assertEqual("", self.sql(m, "of-production-1", "create user dev@'%' identified by 'x'; grant select on shop.* to dev@'%'")[1])
        self.assertEqual("f|t", self.sql(p, "of-production-1", "select rolsuper, pg_has_role('rds_superuser', 'member') from pg_roles "
                                         "where rolname = current_user")[1])
        self.assertFalse(self.sql(p, "of-production-1", "alter role rdsadmin password 'x'")[0])

    def test_opened_before_it_is_masked_is_seen_by_the_marker(self):
        self.rds.restore_db_instance_to_point_in_time(SourceDBInstanceIdentifier="m", TargetDBInstanceIdentifier="shown",
                                                      UseLatestRestorableTime=True,
                                                      VpcSecurityGroupIds=[self.made["security_groups"]["developers"]])
        self.settle_slowly("shown")
        self.assertEqual(["shown"], [e["name"] for e in self.bed.get("exposure")["unmasked"]])

    def test_snapshots_hold_what_was_there(self):
        self.rds.create_db_snapshot(DBInstanceIdentifier="p", DBSnapshotIdentifier="before")
        CarefulClient(self.rds, "r", 0.05).until(
            lambda: True if self.rds.describe_db_snapshots(DBSnapshotIdentifier="before")["DBSnapshots"][0]["Status"] == "available" else None, "")
        self.assertTrue(self.sql(self.instance("p"), "of-production-1", "delete from people")[0])
        self.rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="again", DBSnapshotIdentifier="before")
        self.assertEqual((True, "2"), self.sql(self.settle_slowly("again"), "of-production-1", QUESTION))

    def test_nothing_listens_elsewhere_than_on_127_0_0_1(self):
        ports = {i["Endpoint"]["Port"] for i in self.rds.describe_db_instances()["DBInstances"]}
        with open("/proc/net/tcp", encoding="ascii") as file:
            listening = [line.split()[1] for line in file if " 0A " in line]
        mine = [address for address in listening if int(address.split(":")[1], 16) in ports]
        self.assertTrue(mine)
        self.assertEqual({"0100007F"}, {address.split(":")[0] for address in mine})

    def test_servers_and_folder_go_with_the_bed(self):
        folder = self.bed.facts["folder"]
        self.bed.close()
        del self.beds[self.arguments]
        self.assertFalse(os.path.exists(folder))
        commands = subprocess.run(["ps", "-eo", "args"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertNotIn(folder, commands)


class Clusters(ServersTest):
    world = {
        "security_groups": [{"name": "quarantine"}],
        "clusters": [{"name": "c", "engine": "aurora-postgresql", "db_name": "shop", "master_user": "boss", "master_password": "of-production-1",
                      "sql": SQL, "members": ["c-1", "c-2"], "unmasked": True}],
        "marker": WORLD["marker"]}

    def test_a_clone_and_its_endpoints(self):
        self.rds.restore_db_cluster_to_point_in_time(DBClusterIdentifier="copy", SourceDBClusterIdentifier="c", RestoreType="copy-on-write",
                                                     UseLatestRestorableTime=True)
        client = CarefulClient(self.rds, "r", 0.05)
        client.until(lambda: True if self.status("copy", "cluster") == "available" else None, "copy")
        self.rds.create_db_instance(DBInstanceIdentifier="copy-1", DBClusterIdentifier="copy", Engine="aurora-postgresql",
                                    DBInstanceClass="db.r6g.large", PubliclyAccessible=False)
        member, cluster = self.settle_slowly("copy-1"), self.cluster("copy")
        for address in (cluster["Endpoint"], cluster["ReaderEndpoint"], member["Endpoint"]["Address"]):
            self.assertEqual((True, "2"), self.sql(cluster, "of-production-1", QUESTION, {"Address": address, "Port": cluster["Port"]}))
        self.rds.modify_db_cluster(DBClusterIdentifier="copy", NewDBClusterIdentifier="moved", ApplyImmediately=True)
        self.statuses("copy", None, "cluster")
        moved = client.until(lambda: self.cluster("moved") if self.status("moved", "cluster") == "available" else None, "moved")
        self.assertTrue(self.sql(moved, "of-production-1", QUESTION, {"Address": moved["Endpoint"], "Port": moved["Port"]})[0])
        gone = {"Address": cluster["Endpoint"], "Port": moved["Port"]}
        self.assertFalse(self.sql(moved, "of-production-1", QUESTION, gone)[0])


if __name__ == "__main__":
    unittest.main()
