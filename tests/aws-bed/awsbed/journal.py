"""All calls in their order, and every violation. What it shows holds no secret; what it keeps does."""
import threading
import time

HIDDEN = {"MasterUserPassword", "SecretString", "SecretBinary", "Password", "TdeCredentialPassword", "SecretAccessKey"}

IAM = {"monitoring": "cloudwatch"}  # services that policies call otherwise than signatures do


def shown(value, shape=None):
    """An input with its secrets covered."""
    if isinstance(value, dict):
        return {k: "***" if k in HIDDEN else shown(v) for k, v in value.items()}
    if isinstance(value, list):
        return [shown(v) for v in value]
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return str(value) if not isinstance(value, (int, float, bool, type(None))) else value


class Journal:
    def __init__(self):
        self.lock, self.begun = threading.Lock(), time.monotonic()
        self.calls, self.violations, self.raw = [], [], []

    def add(self, call, account, status, code, fault):
        with self.lock:
            number = len(self.calls) + 1
            self.calls.append({"n": number, "seconds": round(time.monotonic() - self.begun, 3), "account": account,
                               "region": call.region, "service": IAM.get(call.service, call.service), "operation": call.name,
                               "input": shown(call.input), "status": status, "code": code, "fault": fault,
                               **({"refused": call.refused} if call.refused else {})})
            self.raw.append((number, call))
            self.violations.extend({"n": number, "service": call.service, "operation": call.name, "what": what}
                                   for what in call.violations)
            return number

    def violate(self, call, what):
        """Something that is wrong, found while a call is answered."""
        call.violations.append(what)

    def leaks(self, secrets):
        """Where a secret was sent that is no place for secrets."""
        found = []
        for number, call in self.raw:
            for place, text in _texts(call.input, ""):
                if place.rsplit(".", 1)[-1].split("[")[0] not in HIDDEN and any(s in text for s in secrets if len(s) >= 8):
                    found.append({"n": number, "service": call.service, "operation": call.name, "parameter": place})
            line = call.request.target + "".join(f"{k}: {v}\n" for k, v in call.request.headers.items())
            if any(s in line for s in secrets if len(s) >= 8):
                found.append({"n": number, "service": call.service, "operation": call.name, "parameter": "(path or header)"})
        return found


def _texts(value, place):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{place}[{index}]")
    elif isinstance(value, bytes):
        yield place, value.decode(errors="replace")
    else:
        yield place, str(value)
