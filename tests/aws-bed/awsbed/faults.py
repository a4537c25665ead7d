"""Faults of the wire and of the services: scripted one by one, or drawn from a seed.

A rule is {"service": "rds", "op": "Modify*", "nth": 2, "times": 1, "match": {"DBInstanceIdentifier": "orders*"}, "fault": F}:
the 2nd such call and none after it. F is a name of KINDS, {"terminal": "incompatible-restore"}, {"slow": SECONDS}, or
{"error": {"code": …, "message": …, "status": …}, "after": false}.
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
JSON_NAMES = {"Throttling": "ThrottlingException", "ExpiredToken": "ExpiredTokenException", "AccessDenied": "AccessDeniedException",
              "InternalFailure": "InternalServerError", "ServiceUnavailable": "ServiceUnavailableException"}


@dataclass
class Rule:
    document: dict
    left: int
    seen: int = 0
    used: list = field(default_factory=list)

    def fits(self, call):
        rule = self.document
        return fnmatch.fnmatch(call.service, rule.get("service", "*")) and fnmatch.fnmatch(call.name, rule.get("op", "*")) and \
            all(fnmatch.fnmatch(str(call.input.get(k, "")), v) for k, v in rule.get("match", {}).items())


class Faults:
    def __init__(self):
        self.rules, self.seed, self.counts, self.row = [], None, {}, {}
        self.lock = threading.Lock()

    def script(self, document):
        fault = document["fault"]
        if not (fault in KINDS if isinstance(fault, str) else set(fault) & {"terminal", "slow", "error", "html"}):
            raise ValueError(f"no such fault: {fault}")
        self.rules.append(Rule(document, document.get("times", 1)))

    def seeded(self, document):
        """{"seed": 7, "rate": 0.1, "kinds": […], "services": ["rds"], "in_a_row": 2}"""
        unknown = set(document.get("kinds", ())) - set(KINDS)
        if unknown:
            raise ValueError(f"no such faults: {sorted(unknown)}")
        self.seed, self.counts, self.row = document, {}, {}

    def clear(self):
        self.rules, self.seed = [], None

    def next(self, call):
        """(name, what to do) for this call, or None."""
        with self.lock:
            return self._next(call)

    def _next(self, call):
        for rule in self.rules:
            if rule.fits(call):
                rule.seen += 1
                if rule.seen >= rule.document.get("nth", 1) and rule.left > 0:
                    rule.left -= 1
                    fault = rule.document["fault"]
                    return (fault, KINDS[fault]) if isinstance(fault, str) else (next(iter(fault)), fault)
        return self._drawn(call)

    def _drawn(self, call):
        seed = self.seed
        if not seed or call.service not in seed.get("services", (call.service,)):
            return None
        key = (call.service, call.name)
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
