"""Automated backups: the one of each instance that keeps any, and those retained after a deletion."""
from .describe import page
from .errors import Refusal
from .resource import LETTERS
from .restore_instance import carried_of


class Backup:
    def __init__(self, ctx, instance, now):
        self.place, self.of, self.of_id, self.data_id = instance.place, instance.name, instance.id, instance.id
        self.carried, self.restorable = carried_of(instance), instance.restorable()
        self.tags, self.created = dict(instance.tags), instance.created
        self.arn = arn_of(instance)
        self.unmasked = ctx.world.servers.unmasked(instance)


def arn_of(instance):
    letters = "".join(LETTERS[ord(c) % 32].lower() for c in instance.id[-26:])
    return instance.place.arn("auto-backup", "ab-" + letters)


def retain(ctx, instance):
    place = instance.place
    if len(place.backups) >= place.quotas["RetainedAutomatedBackups"]:
        raise Refusal("DBInstanceAutomatedBackupQuotaExceeded", "The quota for retained automated backups was exceeded. This "
                      "prevents you from retaining any additional automated backups.")
    place.backups.append(Backup(ctx, instance, ctx.world.now()))
    ctx.world.servers.keep(instance)


def describe(ctx, input):
    found = [_active(i) for i in ctx.place.instances if i["BackupRetentionPeriod"] and not i.cluster]
    found += [_retained(b) for b in ctx.place.backups]
    for parameter, member in (("DBInstanceIdentifier", "DBInstanceIdentifier"), ("DbiResourceId", "DbiResourceId"),
                              ("DBInstanceAutomatedBackupsArn", "DBInstanceAutomatedBackupsArn")):
        if input.get(parameter):
            found = [b for b in found if b[member].lower() == input[parameter].lower()]
            if not found and parameter != "DBInstanceIdentifier":
                raise Refusal("DBInstanceAutomatedBackupNotFound", f"Automated backup {input[parameter]} not found.")
    found, marker = page(ctx, input, found)
    return {"DBInstanceAutomatedBackups": found, "Marker": marker}


def _shown(of, of_id, arn, carried, restorable, status, created):
    return {"DBInstanceIdentifier": of, "DbiResourceId": of_id, "DBInstanceAutomatedBackupsArn": arn, "Status": status,
            "Engine": carried["Engine"], "EngineVersion": carried["EngineVersion"], "MasterUsername": carried["MasterUsername"],
            "BackupRetentionPeriod": carried["BackupRetentionPeriod"], "AllocatedStorage": carried["AllocatedStorage"],
            "InstanceCreateTime": created, "Encrypted": bool(carried["StorageEncrypted"]), "BackupTarget": "region",
            "RestoreWindow": restorable and {"EarliestTime": restorable[0], "LatestTime": restorable[1]}}


def _active(instance):
    return _shown(instance.name, instance.id, arn_of(instance), instance.attributes, instance.restorable(),
                  "active" if instance.first_backup else "creating", instance.created)


def _retained(backup):
    return _shown(backup.of, backup.of_id, backup.arn, backup.carried, backup.restorable, "retained", backup.created)


def delete(ctx, input):
    for each in ctx.place.backups:
        if each.arn == input.get("DBInstanceAutomatedBackupsArn") or each.of_id == input.get("DbiResourceId"):
            ctx.place.backups.remove(each)
            ctx.world.servers.drop(each.data_id)
            return {"DBInstanceAutomatedBackup": {**_retained(each), "Status": "deleting"}}
    if any(i.id == input.get("DbiResourceId") for i in ctx.place.instances):
        raise Refusal("InvalidDBInstanceAutomatedBackupState", "The automated backup is active.")
    raise Refusal("DBInstanceAutomatedBackupNotFound", "Automated backup not found.")
