"""A refresh done right, with nothing but boto3: what the bed, and Amazon RDS, want of a client.

It restores production beside the old database, closed to developers; changes the password; masks; swaps the names; opens it;
and only then deletes the old one. Any call may be throttled, fail, or be answered by nobody at all.
"""
import time

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

THROTTLED = {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "SlowDown"}
BUSY = {"InvalidDBInstanceState", "InvalidDBClusterStateFault"}
FAILED = {"failed", "incompatible-restore", "incompatible-network", "incompatible-parameters", "storage-full", "restore-error"}
MOST = 400  # looks at one thing


class Failed(Exception):
    """A database is in a status that it does not come out of."""


def code(error):
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else ""


def nobody_knows(error):
    """May the call have been carried out?"""
    return isinstance(error, (HTTPClientError, BotoCoreError)) or \
        isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500


class CarefulClient:
    def __init__(self, rds, run, pause=0.0):
        self.rds, self.run, self.pause = rds, run, pause

    def asked(self, call, **input):
        """The answer of a call that changes nothing."""
        for _ in range(MOST):
            try:
                return call(**input)
            except (ClientError, BotoCoreError, HTTPClientError) as error:
                if code(error) not in THROTTLED | {"ExpiredToken"} and not nobody_knows(error):
                    raise
                time.sleep(self.pause)
        raise TimeoutError("no answer")

    def named(self, name):
        """The instance that has a name, or None. Only NotFound means that there is none."""
        try:
            return self.asked(self.rds.describe_db_instances, DBInstanceIdentifier=name)["DBInstances"][0]
        except ClientError as error:
            if code(error) != "DBInstanceNotFound":
                raise
            return None

    def with_id(self, resource_id):
        found = self.asked(self.rds.describe_db_instances, Filters=[{"Name": "dbi-resource-id", "Values": [resource_id]}])["DBInstances"]
        return found[0] if found else None

    def until(self, look, what):
        """The first answer of look() that is not None."""
        for _ in range(MOST):
            found = look()
            if found is not None:
                return found
            time.sleep(self.pause)
        raise TimeoutError(what)

    def settled(self, resource_id):
        """Three times in a row available, with nothing pending: what Describe says is late."""
        calm = [0]

        def look():
            found = self.with_id(resource_id)
            if found and found["DBInstanceStatus"] in FAILED:
                raise Failed(f"{found['DBInstanceIdentifier']} is {found['DBInstanceStatus']}")
            good = found and found["DBInstanceStatus"] == "available" and not found["PendingModifiedValues"] and \
                all(g["Status"] == "active" for g in found["VpcSecurityGroups"])
            calm[0] = calm[0] + 1 if good else 0
            return found if calm[0] >= 3 else None
        return self.until(look, f"{resource_id} does not settle")

    def change(self, resource_id, so, **input):
        """Asks for a change until so(instance) says that it is made; whoever does not know looks before it asks again."""
        for _ in range(MOST):
            found = self.settled(resource_id)
            if so(found):
                return found
            try:
                self.rds.modify_db_instance(DBInstanceIdentifier=found["DBInstanceIdentifier"], **input)
            except (ClientError, BotoCoreError, HTTPClientError) as error:
                if code(error) not in THROTTLED | BUSY | {"ExpiredToken"} and not nobody_knows(error):
                    raise
        raise TimeoutError(f"{resource_id} does not change")

    def restore(self, source, name, groups, **more):
        """A copy of a source; found again by its tag if nobody says whether it was made."""
        tags = [{"Key": "run", "Value": self.run}, {"Key": "refresh", "Value": "true"}]

        def look():
            found = self.named(name)
            if found:
                if {"Key": "run", "Value": self.run} not in found["TagList"]:
                    raise Failed(f"{name} is somebody else's")
                return found
            try:
                self.rds.restore_db_instance_to_point_in_time(
                    SourceDbiResourceId=source, TargetDBInstanceIdentifier=name, UseLatestRestorableTime=True, Tags=tags,
                    VpcSecurityGroupIds=groups, PubliclyAccessible=False, MultiAZ=False, BackupRetentionPeriod=0, **more)
            except (ClientError, BotoCoreError, HTTPClientError) as error:
                if code(error) not in THROTTLED | {"DBInstanceAlreadyExists", "ExpiredToken"} and not nobody_knows(error):
                    raise
            return None
        return self.settled(self.until(look, f"{name} is not restored")["DbiResourceId"])

    def rename(self, resource_id, name):
        found = self.change(resource_id, lambda i: i["DBInstanceIdentifier"] == name, NewDBInstanceIdentifier=name, ApplyImmediately=True)
        if not found["Endpoint"]["Address"].startswith(name + ".") and found["Endpoint"]["Address"] != "127.0.0.1":
            raise Failed(f"the endpoint of {name} is {found['Endpoint']['Address']}")
        return found

    def password(self, resource_id, password, login):
        """`login(instance)` says whether the new password opens it: the one proof that there is."""
        return self.change(resource_id, login, MasterUserPassword=password)

    def open(self, resource_id, groups):
        return self.change(resource_id, lambda i: [g["VpcSecurityGroupId"] for g in i["VpcSecurityGroups"]] == groups,
                           VpcSecurityGroupIds=groups)

    def delete(self, resource_id):
        def look():
            found = self.with_id(resource_id)
            if not found:
                return True
            try:
                self.rds.delete_db_instance(DBInstanceIdentifier=found["DBInstanceIdentifier"], SkipFinalSnapshot=True,
                                            DeleteAutomatedBackups=True)
            except (ClientError, BotoCoreError, HTTPClientError) as error:
                if code(error) not in THROTTLED | BUSY | {"DBInstanceNotFound", "ExpiredToken"} and not nobody_knows(error):
                    raise
            return None
        self.until(look, f"{resource_id} is not deleted")

    def refresh(self, source, target, quarantine, developers, new_password, mask, login, **more):
        """`mask(instance)` masks. Returns the new database's resource id."""
        old = self.named(target)
        new = self.restore(source, f"{target}-{self.run}", [quarantine], **more)["DbiResourceId"]
        self.password(new, new_password, login)
        mask(self.settled(new))
        self.rename(old["DbiResourceId"], f"{target}-old-{self.run}")
        self.until(lambda: True if self.named(target) is None else None, f"{target} keeps its name")
        self.rename(new, target)
        self.open(new, [developers])
        self.change(new, lambda i: i["BackupRetentionPeriod"] == 1, BackupRetentionPeriod=1, ApplyImmediately=True)
        self.delete(old["DbiResourceId"])
        return new
