"""What the roles of deploy/ may do, and who may take them."""
import fnmatch
import json
import pathlib
import re
import unittest

from templates import ROOT, all_templates, branches, listed, load, of_type, text, walk

KNOWN = json.loads((pathlib.Path(__file__).parent / "actions.json").read_text())["actions"]
# Keys of every request (IAM User Guide, "AWS global condition context keys") that templates use.
# The last one is Lambda's, for calls that a function makes (Lambda Developer Guide, "Using source function ARN").
GLOBAL_KEYS = {"aws:SourceAccount", "aws:SourceArn", "lambda:SourceFunctionArn"}
TRUSTED = {"PlanRole": "lambda", "ChangeRole": "lambda", "SqlRole": "lambda", "ReportRole": "lambda", "StateMachineRole": "states",
           "ScheduleRole": "scheduler", "ScriptHostRole": "ec2"}
# Services that act for whoever asks: for which account has to be said.
ASKED_BY_OTHERS = {"states", "scheduler"}
# What the program asks for, and no function needs a right for.
NOT_OF_FUNCTIONS = {"sts:GetCallerIdentity": "anybody may ask who he is"}


def documents(resource):
    """The policies of a resource that say what may be done."""
    properties = resource["Properties"]
    for name in ("PolicyDocument", "KeyPolicy"):
        if name in properties:
            yield properties[name]
    for each in properties.get("Policies", []):
        yield each["PolicyDocument"]


def statements():
    """(name of the resource, resource, statement)"""
    for template in all_templates().values():
        for name, resource in template["Resources"].items():
            for document in documents(resource):
                for statement in branches(document["Statement"]):
                    yield name, resource, statement


def reasons(resource):
    return resource.get("Metadata", {}).get("dbrefresh", {}).get("wildcards", {})


def condition_keys(statement):
    return {key for operator in statement.get("Condition", {}).values() for key in operator}


def as_pattern(template):
    return re.sub(r"\$\{[^}]*\}", "*", template)


def knows(action, key):
    return any(fnmatch.fnmatchcase(key, as_pattern(known)) for known in KNOWN[action]["keys"])


def expanded(action):
    return [known for known in KNOWN if fnmatch.fnmatchcase(known, action)]


class Policies(unittest.TestCase):
    def test_wildcards_have_a_written_reason(self):
        used = {}
        for name, resource, statement in statements():
            everything = "*" in listed(statement["Resource"])
            for action in listed(statement["Action"]):
                if not everything and "*" not in action:
                    continue
                reason = [key for key, why in reasons(resource).items() if why and fnmatch.fnmatchcase(action, key)]
                self.assertTrue(reason, f"{name}: {action} on {statement['Resource']}")
                used.setdefault(name, set()).update(reason)
        for template in all_templates().values():
            for name, resource in template["Resources"].items():
                self.assertEqual(set(reasons(resource)) - used.get(name, set()), set(), f"{name}: nothing needs this reason")

    def test_actions_and_keys_exist(self):
        for name, _, statement in statements():
            for action in listed(statement["Action"]):
                if action.endswith(":*"):
                    continue  # a key's own policy
                self.assertTrue(expanded(action), f"{name}: {action} is no action (tests/deploy/extract-actions)")
                enough = all if statement["Effect"] == "Allow" else any  # a pattern of refusals means others too
                for key in condition_keys(statement) - GLOBAL_KEYS:
                    self.assertTrue(enough(knows(each, key) for each in expanded(action)), f"{name}: {action} knows no {key}")

    def test_resources_are_those_of_the_actions(self):
        for name, _, statement in statements():
            arns = [text(each) for each in branches(statement["Resource"])]
            if statement["Effect"] == "Deny" or "*" in arns or None in arns:
                continue
            for action in listed(statement["Action"]):
                patterns = [as_pattern(each) for each in KNOWN[action]["resources"]]
                self.assertTrue(any(fnmatch.fnmatchcase(arn, each) for arn in arns for each in patterns), f"{name}: {action} on {arns}")
            for arn in arns:
                self.assertTrue(any(fnmatch.fnmatchcase(arn, as_pattern(each)) for action in listed(statement["Action"])
                                    for each in KNOWN[action]["resources"]), f"{name}: nothing is done to {arn}")

    def test_nothing_is_allowed_by_exception(self):
        for name, _, statement in statements():
            self.assertNotIn("NotAction", statement, name)
            self.assertNotIn("NotResource", statement, name)

    def test_roles_are_passed_to_named_services(self):
        for name, _, statement in statements():
            if any(fnmatch.fnmatchcase("iam:PassRole", action) for action in listed(statement["Action"])):
                self.assertIn("iam:PassedToService", condition_keys(statement), name)

    def test_roles_are_bounded_and_trust_their_service(self):
        seen = set()
        for template in all_templates().values():
            for name, role in of_type(template, "AWS::IAM::Role").items():
                seen.add(name)
                properties = role["Properties"]
                self.assertEqual(properties.get("PermissionsBoundary"),
                                 {"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}, name)
                for statement in properties["AssumeRolePolicyDocument"]["Statement"]:
                    self.assertEqual(statement["Principal"], {"Service": TRUSTED[name] + ".amazonaws.com"}, name)
                    if TRUSTED[name] in ASKED_BY_OTHERS:
                        self.assertIn("aws:SourceAccount", condition_keys(statement), name)
        self.assertEqual(seen, set(TRUSTED))

    def test_schedules_may_begin_what_they_begin_and_nothing_else(self):
        schedules = of_type(load("orchestration"), "AWS::Scheduler::Schedule")
        self.assertEqual({name: each["Properties"]["Target"]["Arn"]["Ref"] for name, each in schedules.items()},
                         {"Schedule": "StateMachine", "Overdue": "ReportFunctionArn"})
        allowed = {(action, text(statement["Resource"]).rpartition(":")[2]) for name, _, statement in statements()
                   if name == "ScheduleRole" for action in listed(statement["Action"])}
        self.assertEqual(allowed, {("states:StartExecution", "state-machine-awssol"), ("lambda:InvokeFunction", "awssoldb-report"),
                                   ("sqs:SendMessage", "awssoldb-not-started")})

    def test_databases_are_changed_only_with_the_tag(self):
        for name, _, statement in statements():
            # A cluster's last snapshot is named by its deletion, which the cluster itself must allow.
            last_snapshot = str(text(statement["Resource"])).endswith(":cluster-snapshot:*")
            for action in listed(statement["Action"]):
                changes = action.startswith("rds:") and not action.startswith("rds:Describe")
                if statement["Effect"] == "Allow" and changes and (action, last_snapshot) != ("rds:DeleteDBCluster", True):
                    self.assertIn(statement.get("Condition"), [{"StringEquals": {f"aws:{kind}Tag/refresh": "true"}}
                                                               for kind in ("Resource", "Request")], f"{name}: {action}")
        roles = of_type(load("security"), "AWS::IAM::Role")
        changing = {name for name, _, statement in statements() for action in listed(statement["Action"])
                    if action.startswith("rds:Modify") and statement["Effect"] == "Allow"}
        self.assertEqual(changing, {"ChangeRole", "SqlRole"})
        for name in changing:
            self.assertIn({"Ref": "Guard"}, roles[name]["Properties"]["ManagedPolicyArns"], name)

    def test_what_the_program_asks_for_is_allowed(self):
        source = (ROOT / "src/provider/aws/permissions.cpp").read_text()
        asked = {f"{service}:{operation}" for service, operation in re.findall(r'\{"(\w+)", "(\w+)", Scope::', source)}
        self.assertTrue(asked)
        allowed = {action for name, _, statement in statements() if statement["Effect"] == "Allow" and name != "TopicKey"
                   for action in listed(statement["Action"])}
        self.assertEqual(asked - allowed, set(NOT_OF_FUNCTIONS))

    def test_no_statement_escapes_this_test(self):
        found = sum(1 for template in all_templates().values() for each in walk(template) if "Effect" in each)
        trusts = sum(len(role["Properties"]["AssumeRolePolicyDocument"]["Statement"])
                     for template in all_templates().values() for role in of_type(template, "AWS::IAM::Role").values())
        self.assertEqual(found, len(list(statements())) + trusts)
