"""IAM's identity policies: what they say of an action on a resource.

IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements: Condition operators". What is not known here is
refused when a policy is given to a key: nothing passes for allowed because the bed could not read it.
"""
import json
import re
from collections import namedtuple
from functools import lru_cache

ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
LONGEST = 6144  # characters of a managed policy but white space (IAM quotas)

# One thing that a call must be allowed to do. `context`: condition keys, in lower case, and their values; a list for a key
# of many values. `shown`: how the service names the resource where it refuses.
Ask = namedtuple("Ask", "action resource context shown")


class Malformed(ValueError):
    pass


@lru_cache(maxsize=4096)
def _pattern(text, any_case):
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(c) or re.escape(c) for c in text), re.S | (re.I if any_case else 0))


def fits(pattern, text, any_case=False):
    return _pattern(pattern, any_case).fullmatch(text) is not None


def _arn_fits(pattern, text):
    """Each of the six parts for itself: a * does not reach beyond a colon but in the last."""
    patterns, parts = pattern.split(":", 5), text.split(":", 5)
    return len(patterns) == len(parts) == 6 and all(fits(p, t) for p, t in zip(patterns, parts))


MATCHERS = {"StringEquals": lambda said, is_: said == is_, "StringEqualsIgnoreCase": lambda said, is_: said.lower() == is_.lower(),
            "StringLike": fits, "ArnLike": _arn_fits, "ArnEquals": _arn_fits, "Bool": lambda said, is_: said.lower() == is_.lower()}
NEGATED = {"StringNotEquals": "StringEquals", "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase", "StringNotLike": "StringLike",
           "ArnNotLike": "ArnLike", "ArnNotEquals": "ArnEquals"}
SETS = ("ForAnyValue", "ForAllValues")


def _many(value):
    return value if isinstance(value, list) else [value]


def _texts(value):
    return [str(v).lower() if isinstance(v, bool) else v for v in _many(value)]


class Condition:
    """One operator with one key."""

    def __init__(self, operator, key, values):
        self.key, self.values = key.lower(), _texts(values)
        self.set, _, name = operator.rpartition(":")
        self.if_exists = name.endswith("IfExists") and name != "IfExists"
        self.name = name.removesuffix("IfExists")
        if self.set and self.set not in SETS or self.name not in {*MATCHERS, *NEGATED, "Null"} or self.name == "Null" and self.if_exists:
            raise Malformed(f"no such condition operator: {operator}")
        if any(not isinstance(v, str) or "${" in v for v in self.values):
            raise Malformed(f"values of {key} that the bed does not read: {values}")

    def _one(self, is_):
        name = NEGATED.get(self.name, self.name)
        found = any(MATCHERS[name](said, is_) for said in self.values)
        return found != (self.name in NEGATED)

    def holds(self, context):
        there = self.key in context
        if self.name == "Null":
            return (str(not there).lower()) in self.values
        if not there:
            return self.if_exists or self.name in NEGATED or self.set == "ForAllValues"
        values = _many(context[self.key])
        return all(map(self._one, values)) if self.set == "ForAllValues" else any(map(self._one, values))


def _one_of(statement, name):
    """(patterns, whether they are those that are left out)."""
    given = [n for n in (name, "Not" + name) if n in statement]
    if len(given) != 1:
        raise Malformed(f"a statement has one of {name} and Not{name}: {statement}")
    patterns = _many(statement[given[0]])
    if not patterns or not all(isinstance(p, str) and "${" not in p for p in patterns):
        raise Malformed(f"{given[0]} that the bed does not read: {patterns}")
    return patterns, given[0].startswith("Not")


class Statement:
    def __init__(self, document):
        if set(document) - ELEMENTS or document.get("Effect") not in ("Allow", "Deny"):
            raise Malformed(f"no statement of an identity policy: {document}")
        self.allows = document["Effect"] == "Allow"
        self.actions, self.but_actions = _one_of(document, "Action")
        self.resources, self.but_resources = _one_of(document, "Resource")
        if any(a != "*" and ":" not in a for a in self.actions):
            raise Malformed(f"actions are SERVICE:NAME: {self.actions}")
        if any(r != "*" and not r.startswith("arn:") for r in self.resources):
            raise Malformed(f"resources are ARNs: {self.resources}")
        self.conditions = [Condition(operator, key, values) for operator, keys in document.get("Condition", {}).items()
                           for key, values in keys.items()]
        self.used = set()  # actions, as written, that allowed something

    def says(self, ask):
        """The action, as written, by which this is about what is asked; None if it is not."""
        action = next((a for a in self.actions if fits(a, ask.action, any_case=True)), None)
        resource = any(fits(r, ask.resource) for r in self.resources)
        if (action is None) != self.but_actions or resource == self.but_resources:
            return None
        return (action or "NotAction") if all(c.holds(ask.context) for c in self.conditions) else None


class Policies:
    """Those of one key, and what they were asked for. Not thread-safe."""

    def __init__(self, documents):
        self.statements = []
        for document in documents:
            if document.get("Version") != "2012-10-17" or set(document) - {"Version", "Id", "Statement"}:
                raise Malformed("a policy has Version 2012-10-17 and Statement")
            if len(re.sub(r"\s", "", json.dumps(document))) > LONGEST:
                raise Malformed(f"Cannot exceed quota for PolicySize: {LONGEST}")
            self.statements += [Statement(s) for s in _many(document["Statement"])]
        self.asked = {True: {}, False: {}}  # allowed or not: (action, resource) -> how often

    def simulate(self, action, resource, context):
        """`allowed`, `explicitDeny` or `implicitDeny`, of what nobody asked for."""
        return self._said(Ask(action, resource, {k.lower(): v for k, v in context.items()}, resource))[0]

    def decide(self, ask):
        """As simulate(); taken down."""
        decision, said = self._said(ask)
        if decision == "allowed":
            for statement, action in said:
                statement.used.add(action)
        asked = self.asked[decision == "allowed"]
        asked[ask.action, ask.resource] = asked.get((ask.action, ask.resource), 0) + 1
        return decision

    def _said(self, ask):
        said = [(statement, action) for statement in self.statements if (action := statement.says(ask))]
        denied = any(not statement.allows for statement, _ in said)
        return "explicitDeny" if denied else "allowed" if said else "implicitDeny", said

    def shown(self):
        """`unused`: actions of statements that allow, which allowed nothing."""
        def rows(asked):
            return [{"action": action, "resource": resource, "times": times} for (action, resource), times in sorted(asked.items())]
        unused = {a for s in self.statements if s.allows and not s.but_actions for a in s.actions}
        unused -= {a for s in self.statements for a in s.used}
        return {"allowed": rows(self.asked[True]), "denied": rows(self.asked[False]), "unused": sorted(unused)}


def refusal(who, ask, decision):
    """As AWS words it (IAM user guide, "Troubleshoot access denied error messages")."""
    action = "SNS" + ask.action[3:] if ask.action.startswith("sns:") else ask.action  # SNS shouts
    why = "with an explicit deny in an identity-based policy" if decision == "explicitDeny" else \
        f"because no identity-based policy allows the {action} action"
    return f"User: {who} is not authorized to perform: {action} on resource: {ask.shown} {why}"
