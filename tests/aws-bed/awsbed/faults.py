"""Faults of the wire and of the services: scripted one by one, or drawn from a seed.

A rule is {"service": "rds", "op": "Modify*", "nth": 2, "times": 1, "match": {"DBInstanceIdentifier": "orders*"}, "fault": F}:
the 2nd such call and none after it. F is a name of KINDS, {"terminal": "incompatible-restore"}, {"slow": SECONDS, "after": false},
or {"error": {"code": …, "message": …, "status": …}, "after": false}. "account": of this one alone; "changes": true: of the calls
that change something.
"""
import fnmatch
import random
import threading
from dataclasses import dataclass, field

THROTTLED = ("Throttling", "Rate exceeded", 400)
KINDS = {
    "throttle": {"error": THROTTLED}, "throttle-exception": {"error": ("ThrottlingException", "Rate exceeded", 400)},
    "slow-down": {"error": ("SlowDown", "Please reduce your request rate.", 503)},
    "too-many": {"error": ("TooManyRequestsException", "Too many requests", 429)},
    "error-500": {"error": ("InternalFailure", "An internal error has occurred", 500)},
    "error-503": {"error": ("ServiceUnavailable", "Service unavailable", 503)},
    "error-500-after": {"error": ("InternalFailure", "An internal error has occurred", 500), "after": True},
    "html-500": {"html": 500}, "html-502": {"html": 502}, "html-503": {"html": 503}, "html-504": {"html": 504},
    "html-502-after": {"html": 502, "after": True}, "html-504-after": {"html": 504, "after": True},
    "reset-before": {"reset": True}, "reset-after": {"reset": True, "after": True},
    "cut-after": {"cut": True, "after": True},
    "expired-token": {"error": ("ExpiredToken", "The security token included in the request is expired", 403)},
    "access-denied": {"error": ("AccessDenied", "User is not authorized to perform this operation", 403)},
    "clock-skew": {"error": ("RequestExpired", "Request has expired.", 400)},
}
TRANSIENT = ("throttle", "throttle-exception", "error-500", "error-503", "error-500-after", "html-500", "html-502", "html-503",
             "html-502-after", "reset-before", "reset-after", "cut-after")
READING = ("Describe", "Get", "List", "Head", "Query", "Scan", "Simulate", "AssumeRole")
JSON_NAMES = {"Throttling": "ThrottlingException", "ExpiredToken": "ExpiredTokenException", "AccessDenied": "AccessDeniedException",
              "InternalFailure": "InternalServerError", "ServiceUnavailable": "ServiceUnavailableException"}


@dataclass
class Rule:
    document: dict
    left: int
    seen: int = 0
    used: list = field(default_factory=list)

    def fits(self, call, account):
        rule = self.document
        if rule.get("account", account) != account or rule.get("changes") and call.name.startswith(READING):
            return False
        return fnmatch.fnmatch(call.service, rule.get("service", "*")) and fnmatch.fnmatch(call.name, rule.get("op", "*")) and \
            all(fnmatch.fnmatch(str(call.input.get(k, "")), v) for k, v in rule.get("match", {}).items())


class Faults:
    def __init__(self):
        self.rules, self.seeds, self.counts, self.row = [], {}, {}, {}  # seeds by account, None for all
        self.lock = threading.Lock()

    def script(self, document):
        fault = document["fault"]
        if not (fault in KINDS if isinstance(fault, str) else set(fault) & {"terminal", "slow", "error", "html"}):
            raise ValueError(f"no such fault: {fault}")
        self.rules.append(Rule(document, document.get("times", 1)))

    def seeded(self, document):
        """{"seed": 7, "rate": 0.1, "kinds": […], "services": ["rds"], "in_a_row": 2, "account": …}"""
        unknown = set(document.get("kinds", ())) - set(KINDS)
        if unknown:
            raise ValueError(f"no such faults: {sorted(unknown)}")
        whose = document.get("account")
        self.seeds[whose] = document
        for table in (self.counts, self.row):
            for key in [k for k in table if k[0] == whose]:
                del table[key]

    def clear(self, account=None):
        """Of one account, or all."""
        self.rules = [r for r in self.rules if account and r.document.get("account") != account]
        self.seeds = {whose: seed for whose, seed in self.seeds.items() if account and whose != account}

    def next(self, call, account):
        """(name, what to do) for this call, or None."""
        with self.lock:
            return self._next(call, account)

    def _next(self, call, account):
        for rule in self.rules:
            if rule.fits(call, account):
                rule.seen += 1
                if rule.seen >= rule.document.get("nth", 1) and rule.left > 0:
                    rule.left -= 1
                    fault = rule.document["fault"]
                    return (fault, KINDS[fault]) if isinstance(fault, str) else (next(iter(fault)), fault)
        whose = account if account in self.seeds else None
        return self._drawn(call, self.seeds.get(whose), (whose, call.service, call.name))

    def _drawn(self, call, seed, key):
        if not seed or call.service not in seed.get("services", (call.service,)):
            return None
        self.counts[key] = self.counts.get(key, 0) + 1
        dice = random.Random(f"{seed['seed']}/{call.service}/{call.name}/{self.counts[key]}")
        if dice.random() >= seed.get("rate", 0.1) or self.row.get(key, 0) >= seed.get("in_a_row", 2):
            self.row[key] = 0
            return None
        self.row[key] = self.row.get(key, 0) + 1
        name = dice.choice(list(seed.get("kinds", TRANSIENT)))
        return name, KINDS[name]

    def unused(self):
        """Scripted faults that no call met: a test that wanted them has proved nothing."""
        return [rule.document for rule in self.rules if rule.left > 0]
