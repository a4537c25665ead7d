"""Access keys that the bed knows: the ones it was started with, and those that STS gave out."""
import secrets
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass


@dataclass
class Key:
    id: str
    secret: str
    account: str
    token: str = ""
    expired: bool = False
    policies: object = None  # iam.Policies; without, a key may do all
    role: str = "limited"
    of: str = ""  # the ARN of the role that a function has it of

    def who(self):
        return f"arn:aws:sts::{self.account}:assumed-role/{self.role}/{self.id}"


class Credentials:
    def __init__(self, account):
        self.account = account
        self.keys = {}
        self.add(Key("AKIABEDBEDBEDBEDBEDB", "bed/secret+of/the+bed/that/is/not/any/secret", account))

    def add(self, key):
        self.keys[key.id] = key

    def policies_of(self, role):
        """Those that a test gave a key of a role; None if it gave none."""
        return next((k.policies for k in self.keys.values() if k.policies and k.role == role and not k.of), None)

    def of_role(self, arn, policies):
        """A session's key of a role: what it may do says a key that a test gave for it, else `policies`."""
        account, role = arn.split(":")[4], arn.rpartition("/")[2]
        policies = self.policies_of(role) or policies
        found = next((k for k in self.keys.values() if k.of == arn and k.policies is policies), None)
        if not found:
            found = Key("ASIA" + secrets.token_hex(8).upper(), secrets.token_hex(20), account, secrets.token_hex(30), policies=policies,
                        role=role, of=arn)
            self.add(found)
        return found

    def main(self):
        return next(k for k in self.keys.values() if k.account == self.account)

    def learn(self, operation, body, role):
        """Takes in what an answer of STS gives out."""
        if not operation.startswith(("AssumeRole", "GetSessionToken")):
            return
        values = {node.tag.rpartition("}")[2]: node.text for node in ElementTree.fromstring(body).iter()}
        if values.get("AccessKeyId"):
            account = role.split(":")[4] if role.count(":") >= 5 else self.account
            self.add(Key(values["AccessKeyId"], values["SecretAccessKey"], account, values["SessionToken"]))

    def expire(self, account=None):
        """All keys that STS gave out: (ExpiredToken from now on)."""
        for key in self.keys.values():
            if key.token and account in (None, key.account):
                key.expired = True
