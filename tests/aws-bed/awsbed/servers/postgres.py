"""PostgreSQL as RDS runs it: the superuser is rdsadmin, the master is a member of rds_superuser and no superuser."""
import glob
import os
import signal

from . import processes
from .server import Server

# RDS user guide, Appendix.PostgreSQL.CommonDBATasks.Roles.
OWN = """CREATE ROLE rds_superuser NOLOGIN; CREATE ROLE rds_replication NOLOGIN; CREATE ROLE rds_password NOLOGIN;
CREATE ROLE rds_iam NOLOGIN; CREATE ROLE rds_ad NOLOGIN;
GRANT pg_monitor, pg_signal_backend, pg_checkpoint, rds_replication, rds_password TO rds_superuser WITH ADMIN OPTION;
CREATE DATABASE rdsadmin; REVOKE ALL ON DATABASE rdsadmin FROM PUBLIC;
"""
# The master may make these on RDS, where it has no need of a superuser (user guide, "Working with extensions").
EXTENSIONS = "CREATE EXTENSION postgres_fdw; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO rds_superuser;\n"
HBA = """local all rdsadmin trust
local replication rdsadmin trust
local all all scram-sha-256
hostssl all rdsadmin 127.0.0.1/32 reject
hostssl all all 127.0.0.1/32 scram-sha-256
"""


def _programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4]))
    if not found:
        raise RuntimeError("there is no PostgreSQL: tools/setup installs it")
    return found[-1]


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def name_quoted(text):
    return '"' + text.replace('"', '""') + '"'


class Postgres(Server):
    kind, OWN, VERSION = "postgres", OWN + EXTENSIONS + HBA, [_programs() + "/postgres", "--version"]
    stop_signal = signal.SIGINT  # fast

    def socket_file(self):
        return os.path.join(self.folder, f".s.PGSQL.{self.port}")

    def install(self):
        """An empty server, without a master; stopped."""
        processes.own(self.folder, self.user)
        processes.run([_programs() + "/initdb", "-D", self.data, "-U", "rdsadmin", "--auth=trust", "--encoding=UTF8", "--no-sync",
                       "--locale=C.UTF-8", "--wal-segsize=1"], self.user)
        self._configure()
        self.start()
        self.admin(OWN)
        self.admin(EXTENSIONS, "template1")
        self.stop()

    def _configure(self):
        with open(os.path.join(self.data, "pg_hba.conf"), "w", encoding="utf-8") as file:
            file.write(HBA)

    def command(self):
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": self.folder, "ssl": "on",
                    "ssl_cert_file": f"{self.folder}/server.pem", "ssl_key_file": f"{self.folder}/server.key",
                    "ssl_ca_file": self.authority.path, "fsync": "off", "synchronous_commit": "off", "shared_buffers": "8MB",
                    "dynamic_shared_memory_type": "mmap",  # in its folder: a killed one leaves nothing in /dev/shm
                    "max_connections": 40, "wal_level": "replica", "max_wal_senders": 4, "max_wal_size": "32MB", "min_wal_size": "2MB",
                    "password_encryption": "scram-sha-256", "logging_collector": "off"}
        return [_programs() + "/postgres", "-D", self.data, *[part for k, v in settings.items() for part in ("-c", f"{k}={v}")]]

    def _client(self, user, database, password=None):
        environment = {**os.environ, "PGPASSWORD": password or ""}
        return {"command": [_programs() + "/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.folder,
                            "-p", str(self.port), "-U", user, "-d", database], "env": environment}

    def admin(self, sql, schema=None):
        client = self._client("rdsadmin", schema or "postgres")
        return processes.run(client["command"], env=client["env"], input=sql)

    def script(self, sql, password, schema):
        """As the master."""
        client = self._client(self.master, schema or "postgres", password)
        processes.run(client["command"], env=client["env"], input=sql)

    def make_master(self, password, schema):
        name = name_quoted(self.master)
        self.admin(f"CREATE ROLE {name} LOGIN CREATEDB CREATEROLE PASSWORD {quoted(password)}; GRANT rds_superuser TO {name} WITH "
                   f"ADMIN OPTION; ALTER DATABASE postgres OWNER TO {name};")
        if schema and schema != "postgres":
            self.admin(f"CREATE DATABASE {name_quoted(schema)} OWNER {name}")

    def set_password(self, password):
        name = name_quoted(self.master)
        self.admin(f"ALTER ROLE {name} LOGIN CREATEDB CREATEROLE PASSWORD {quoted(password)}; GRANT rds_superuser TO {name} WITH "
                   "ADMIN OPTION;")

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def copy_data(self, target):
        """What it holds now, as a data folder that a server can start from."""
        if not self.running:
            processes.copy(self.data, target, self.user)
            return
        processes.run([_programs() + "/pg_basebackup", "-h", self.folder, "-p", str(self.port), "-U", "rdsadmin", "-D", target,
                       "-X", "stream", "-c", "fast", "--no-sync"])
        processes.own(target, self.user)
