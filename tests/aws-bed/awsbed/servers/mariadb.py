"""MariaDB as RDS runs it: the superuser is rdsadmin@localhost, the master has RDS's list of rights and no SUPER."""
import os

from . import processes
from .server import Server

# RDS user guide, UsingWithRDS.MasterAccounts.
RIGHTS = ("SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, "
          "CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, "
          "CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER")
ADMIN_PASSWORD = "bed-rdsadmin-of-every-server"
OWN = f"""CREATE USER rdsadmin@localhost IDENTIFIED BY '{ADMIN_PASSWORD}';
GRANT ALL ON *.* TO rdsadmin@localhost WITH GRANT OPTION;
CREATE TABLE mysql.rds_heartbeat2 (id INT PRIMARY KEY, value BIGINT);
DELIMITER $
CREATE DEFINER=rdsadmin@localhost PROCEDURE mysql.rds_kill(IN thread BIGINT) KILL CONNECTION thread $
CREATE DEFINER=rdsadmin@localhost PROCEDURE mysql.rds_kill_query(IN thread BIGINT) KILL QUERY thread $
CREATE DEFINER=rdsadmin@localhost PROCEDURE mysql.rds_replica_status() SHOW SLAVE STATUS $
CREATE DEFINER=rdsadmin@localhost PROCEDURE mysql.rds_stop_replication() STOP SLAVE $
CREATE DEFINER=rdsadmin@localhost PROCEDURE mysql.rds_reset_external_master() RESET SLAVE ALL $
DELIMITER ;
DROP USER IF EXISTS root@localhost;
DROP USER IF EXISTS mysql@localhost;
"""


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


class MariaDb(Server):
    kind, OWN, VERSION = "mariadb", OWN, ["mariadbd", "--version"]

    @property
    def socket(self):
        return os.path.join(self.folder, "s")

    def socket_file(self):
        return self.socket

    def install(self):
        """An empty server, without a master; stopped."""
        os.makedirs(self.data)
        processes.own(self.folder, self.user)
        processes.run(["mariadb-install-db", "--no-defaults", f"--datadir={self.data}", f"--tmpdir={self.folder}", "--auth-root-authentication-method=normal",
                       "--skip-test-db", "--innodb-log-file-size=4M", "--innodb-data-file-path=ibdata1:12M:autoextend"], self.user)
        started = self.command() + ["--skip-networking"]
        self.certify()
        self.process = processes.start(started, self.user, self.log)
        processes.wait_until(lambda: self._root_answers(), "the first start of mariadb")
        processes.run(self._client("root", "") + ["--database=mysql"], input=OWN)
        self.stop()

    def _root_answers(self):
        if not os.path.exists(self.socket):
            return False
        try:
            processes.run(self._client("root", "") + ["--execute=SELECT 1"])
            return True
        except RuntimeError:
            return False

    def command(self):
        # A temporary folder of its own: a server that starts removes all temporary tables in its one.
        return ["mariadbd", "--no-defaults", f"--datadir={self.data}", f"--tmpdir={self.folder}", f"--socket={self.socket}", f"--port={self.port}",
                "--bind-address=127.0.0.1", f"--pid-file={self.folder}/pid", "--innodb-buffer-pool-size=16M",
                "--innodb-log-file-size=4M", "--performance-schema=OFF", "--skip-log-bin", "--skip-name-resolve",
                "--innodb-flush-log-at-trx-commit=0", "--event-scheduler=OFF", "--key-buffer-size=1M",
                f"--ssl-ca={self.authority.path}", f"--ssl-cert={self.folder}/server.pem", f"--ssl-key={self.folder}/server.key"]

    def _client(self, user, password, schema=None):
        found = ["mariadb", "--no-defaults", f"--socket={self.socket}", f"--user={user}", f"--password={password}", "--batch",
                 "--skip-column-names", "--default-character-set=utf8mb4"]
        return found + ([f"--database={schema}"] if schema else [])

    def admin(self, sql, schema=None):
        return processes.run(self._client("rdsadmin", ADMIN_PASSWORD, schema), input=sql)

    def script(self, sql, password, schema):
        """As the master."""
        processes.run(self._client(self.master, password, schema), input=sql)

    def make_master(self, password, schema):
        name = quoted(self.master) + "@'%'"
        self.admin(f"CREATE USER {name} IDENTIFIED BY {quoted(password)}; GRANT {RIGHTS} ON *.* TO {name} WITH GRANT OPTION;" +
                   (f"CREATE DATABASE `{schema}`;" if schema else ""))

    def set_password(self, password):
        """And rights that were revoked come back (API reference, MasterUserPassword)."""
        name = quoted(self.master) + "@'%'"
        self.admin(f"ALTER USER {name} IDENTIFIED BY {quoted(password)} ACCOUNT UNLOCK; GRANT {RIGHTS} ON *.* TO {name} WITH GRANT OPTION;")

    def reload(self):
        self.admin("FLUSH SSL")

    def copy_data(self, target):
        """What it holds now, as a data folder that a server can start from."""
        if not self.running:
            processes.copy(self.data, target, self.user)
            return
        login = ["--no-defaults", f"--socket={self.socket}", "--user=rdsadmin", f"--password={ADMIN_PASSWORD}"]
        os.makedirs(target)
        processes.run(["mariadb-backup", *login, "--backup", f"--target-dir={target}", f"--datadir={self.data}"])
        processes.run(["mariadb-backup", "--no-defaults", "--prepare", f"--target-dir={target}"])
        processes.own(target, self.user)
