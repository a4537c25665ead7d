"""Engines: their versions, parameter group families, ports, password rules, log types. A part of what RDS offers."""
import re
from dataclasses import dataclass

from .errors import Refusal, value


@dataclass(frozen=True)
class Engine:
    name: str
    kind: str  # what serves it: mariadb, postgres, none
    port: int
    versions: tuple  # the last is the default
    passwords: tuple  # shortest, longest (API reference, CreateDBInstance, MasterUserPassword)
    logs: tuple

    @property
    def aurora(self):
        return self.name.startswith("aurora")


_MYSQL_LOGS = ("audit", "error", "general", "slowquery", "iam-db-auth-error")
ENGINES = {e.name: e for e in (
    Engine("mariadb", "mariadb", 3306, ("10.6.18", "10.11.6", "10.11.9"), (8, 41), _MYSQL_LOGS),
    Engine("mysql", "mariadb", 3306, ("5.7.44", "8.0.35", "8.0.39"), (8, 41), _MYSQL_LOGS),
    Engine("postgres", "postgres", 5432, ("14.12", "15.7", "15.8"), (8, 128), ("postgresql", "upgrade", "iam-db-auth-error")),
    Engine("aurora-mysql", "mariadb", 3306, ("5.7.mysql_aurora.2.12.3", "8.0.mysql_aurora.3.05.2", "8.0.mysql_aurora.3.07.1"),
           (8, 41), _MYSQL_LOGS),
    Engine("aurora-postgresql", "postgres", 5432, ("10.21", "14.12", "15.7", "15.8"), (8, 128), ("postgresql", "iam-db-auth-error")),
    Engine("oracle-ee", "none", 1521, ("19.0.0.0.ru-2024-07.rur-2024-07.r1",), (8, 30), ("alert", "audit", "listener", "trace")),
    Engine("sqlserver-se", "none", 1433, ("15.00.4390.2.v1",), (8, 128), ("agent", "error")),
    Engine("docdb", "none", 27017, ("5.0.0",), (8, 100), ("audit",)),
)}
CLASS = re.compile(r"db\.(t3|t4g|m5|m6g|m6i|m7g|r5|r6g|r6i|r7g)\.(micro|small|medium|large|\d*xlarge)$")
AURORA_TOO_SMALL = ("micro", "small")


def engine(name):
    if name not in ENGINES:
        raise value(f"Invalid DB engine: {name}")
    return ENGINES[name]


def major(engine_name, version):
    parts = version.split(".")
    return parts[0] if "postgres" in engine_name or engine_name == "docdb" else ".".join(parts[:2])


def family(engine_name, version):
    if engine_name.startswith("sqlserver"):  # sqlserver-se-15.0 of 15.00.4390.2.v1
        return f"{engine_name}-{int(version.split('.', 1)[0])}.0"
    return ("docdb" if engine_name == "docdb" else engine_name) + major(engine_name, version)


def version_of(engine_name, asked):
    """The version that is meant by one that may be a major one only."""
    known = engine(engine_name).versions
    if not asked:
        return known[-1]
    if asked in known:
        return asked
    of_major = [v for v in known if major(engine_name, v) == asked]
    if not of_major:
        raise Refusal("InvalidParameterCombination", f"Cannot find version {asked} for {engine_name}")
    return of_major[-1]


def check_class(name, engine_name):
    aurora = engine(engine_name).aurora
    if name == "db.serverless" and aurora:
        return
    match = CLASS.match(name)
    if not match:
        raise value(f"Invalid DB Instance class: {name}")
    if aurora and match.group(2) in AURORA_TOO_SMALL:
        raise Refusal("InvalidParameterCombination", "RDS does not support creating a DB instance with the following "
                      f"combination: DBInstanceClass={name}, Engine={engine_name}. For supported combinations of instance "
                      "class and database engine version, see the documentation.")


def exported_logs(database, change):
    """What a database exports after a CloudwatchLogsExportConfiguration."""
    kept = set(database["EnabledCloudwatchLogsExports"] or []) - set(change.get("DisableLogTypes", []))
    return sorted(kept | set(change.get("EnableLogTypes", []))) or None


def check_logs(names, engine_name):
    unknown = sorted(set(names) - set(engine(engine_name).logs))
    if unknown:
        raise Refusal("InvalidParameterCombination", f"You cannot use the log types {unknown} with engine {engine_name}.")
