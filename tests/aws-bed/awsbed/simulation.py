"""What principals may do, as the test says it: IAM's SimulatePrincipalPolicy (API reference). Without a
rule it is what the policies of a key of that role say."""
import base64
import uuid
from fnmatch import fnmatchcase

from .wire import xml
from .wire.request import Answer


class Simulation:
    def __init__(self):
        self.rules = []

    def set(self, body):
        """{"rules": [{"action": "rds:Delete*", "resource": "*", "decision": "explicitDeny", "unless": {"KEY": "VALUE"}}]}"""
        self.rules = body["rules"]

    def _decision(self, action, resource, context, policies):
        for rule in self.rules:
            spared = all(context.get(k) == v for k, v in rule["unless"].items()) if rule.get("unless") else False
            if fnmatchcase(action, rule["action"]) and fnmatchcase(resource, rule.get("resource", "*")) and not spared:
                return rule["decision"]
        return policies.simulate(action, resource, context) if policies else "allowed"

    def answer(self, call, most, credentials):
        """One result for each action; its decision is the strictest of those on the resources."""
        input = call.typed()
        policies = credentials.policies_of(input["PolicySourceArn"].rpartition("/")[2])
        context = {e["ContextKeyName"]: e["ContextKeyValues"][0] for e in input.get("ContextEntries", [])}
        resources, results = input.get("ResourceArns", ["*"]), []
        for action in input["ActionNames"]:
            each = [{"EvalResourceName": r, "EvalResourceDecision": self._decision(action, r, context, policies)} for r in resources]
            said = {e["EvalResourceDecision"] for e in each}
            worst = next(d for d in ("explicitDeny", "implicitDeny", "allowed") if d in said)
            results.append({"EvalActionName": action, "EvalResourceName": resources[0], "EvalDecision": worst,
                            "ResourceSpecificResults": each if resources != ["*"] else None})
        start = int(base64.b64decode(input["Marker"])) if input.get("Marker") else 0
        rest = len(results) > start + most
        output = {"EvaluationResults": results[start:start + most], "IsTruncated": rest,
                  "Marker": base64.b64encode(str(start + most).encode()).decode() if rest else None}
        return Answer(200, {"Content-Type": "text/xml"}, xml.result(call.operation, output, str(uuid.uuid4())))
