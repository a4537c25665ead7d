"""The bed: an answer to each request. Validates, injects faults, calls the model of RDS or moto, writes the journal."""
import json
import time
import traceback
import uuid

from . import iam, interpreter, metrics
from .credentials import Credentials
from .faults import JSON_NAMES, Faults
from .functions import CHANGES_S3
from .iam_asks import Asks
from .journal import Journal
from .quirks import refuse
from .ssm import Hosts
from .rds.errors import Refusal
from .rds.world import Unmodelled, World
from .simulation import Simulation
from .wire import errors, models, signature, validator, xml
from .wire.request import Answer

RESET = object()  # instead of an answer: the connection is reset
# How services say that somebody may not: by protocol, and SNS (API reference, Publish).
REFUSALS = {"query": ("AccessDenied", 403), "ec2": ("UnauthorizedOperation", 403), "json": ("AccessDeniedException", 400),
            "rest-json": ("AccessDeniedException", 403), "rest-xml": ("AccessDenied", 403), "sns": ("AuthorizationError", 403)}
MUTATES_NETWORK = ("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress")


class Bed:
    """Thread-safe. `servers` is made by `make_servers()` for each world."""

    def __init__(self, account, upstream, make_servers):
        self.account, self.upstream, self.make_servers = account, upstream, make_servers
        self.servers = self.hosts = None
        self.functions_beside = None  # functions.Functions, where the bed has them: set by whoever starts it
        self.host_facts = {}  # what hosts that run commands find: set by whoever starts the bed
        self.reset()

    def reset(self):
        """A new, empty world."""
        if self.servers:
            self.hosts.close()
            self.servers.close()
        self.upstream.reset()
        if self.functions_beside:
            self.functions_beside.reset()
        self.servers = self.make_servers()
        self.hosts = Hosts(self._of_hosts)
        self.world = World(self.upstream.backend, self.servers)
        self.credentials, self.faults, self.journal = Credentials(self.account), Faults(), Journal()
        self.simulation = Simulation()
        self.tables, self.topics, self.functions, self.seeded = [], [], [], {}

    def all_upstreams(self):
        """moto, and ministack where the bed has it."""
        return [self.upstream] + ([self.functions_beside] if self.functions_beside else [])

    def _of_hosts(self):
        """The environment of a host: it may do all that the account's own key may."""
        key = self.credentials.main()
        return {"AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret, "AWS_DEFAULT_REGION": "eu-west-3", **self.host_facts}

    def answer(self, request):
        """An Answer, RESET, or (an Answer, how many bytes of its body are sent)."""
        call = validator.examine(request)
        refused, account = self._admit(request, call)
        if refused:
            return self._close(call, account, refused, None)
        fault = self.faults.next(call, account)
        name, what = fault or (None, {})
        held = what.get("slow", 0)
        if held and not what.get("after"):
            time.sleep(held)
        if fault and not what.get("after") and "terminal" not in what and not held:
            return self._close(call, account, self._faulty(call, what, None), name)
        reply = self._serve(request, call, account, what.get("terminal"))
        if call.violations:
            reply = self._violation(call)
        if held and what.get("after"):
            time.sleep(held)
        elif what.get("after"):
            return self._close(call, account, self._faulty(call, what, reply), name)
        return self._close(call, account, reply, name)

    def _admit(self, request, call):
        """(what is answered instead, the caller's account)."""
        scope = request.scope()
        if scope is None:
            return (self._violation(call) if call.violations else None), self.account
        key = self.credentials.keys.get(scope.key)
        if key is None:
            code = "UnrecognizedClientException" if self._protocol(call) == "json" else "InvalidClientTokenId"
            return errors.answer(call.service, code, "The security token included in the request is invalid.", 403), ""
        if key.token != request.headers.get("x-amz-security-token", ""):
            call.violations.append("x-amz-security-token is not that of the key")
        call.violations += signature.faults(request, scope, key.secret)
        if call.violations:
            return self._violation(call), key.account
        if key.expired:
            return self._error(call, "ExpiredToken", "The security token included in the request is expired", 403), key.account
        return None, key.account

    def _protocol(self, call):
        model = models.service(call.service)
        return model.protocol if model else ""

    def _violation(self, call):
        if any("signature" in v for v in call.violations):
            return errors.answer(call.service, "SignatureDoesNotMatch", "; ".join(call.violations), 403)
        return errors.answer(call.service, "ValidationError", "; ".join(call.violations), 400)

    def _error(self, call, code, message, status):
        if self._protocol(call) in ("json", "rest-json"):
            code = JSON_NAMES.get(code, code)
        return errors.answer(call.service, code, message, status)

    def _faulty(self, call, what, reply):
        if what.get("reset"):
            return RESET
        if what.get("html"):
            return errors.html(what["html"])
        if what.get("cut"):
            return reply, max(1, len(reply.body) // 2)
        error = what["error"]
        if isinstance(error, dict):
            return errors.answer(call.service, error["code"], error.get("message", "scripted by the test"), error.get("status"))
        return self._error(call, *error)

    def _serve(self, request, call, account, terminal):
        """The answer to who may ask; a key without policies may do all."""
        scope = request.scope()
        key = self.credentials.keys.get(scope.key) if scope else None
        if key is None or key.policies is None or call.violations:
            return self._serve_all(request, call, account, terminal)
        with self.world.lock:
            asks = Asks(self, call, account)
            refused = self._refused(call, key, asks.all())
        if refused:
            return refused
        if call.service == "sts" and call.name == "GetCallerIdentity":
            output = {"UserId": f"AROABED:{key.id}", "Account": key.account, "Arn": key.who()}
            return Answer(200, {"Content-Type": "text/xml"}, xml.result(call.operation, output, str(uuid.uuid4())))
        reply = self._serve_all(request, call, account, terminal)
        if reply.status == 404 and call.service == "s3" and call.input.get("Key"):
            with self.world.lock:
                return self._refused(call, key, [asks.listing()]) or reply
        return reply

    def _refused(self, call, key, asks):
        """What a key is answered that may not do all of this, or None."""
        for ask in asks:
            decision = key.policies.decide(ask)
            if decision != "allowed":
                call.refused = {"action": ask.action, "resource": ask.resource, "decision": decision}
                code, status = REFUSALS.get(call.service) or REFUSALS[self._protocol(call)]
                return errors.answer(call.service, code, iam.refusal(key.who(), ask, decision), status)
        return None

    def _serve_all(self, request, call, account, terminal):
        if call.service == "rds":
            return self._rds(call, account, terminal)
        if call.service == "ssm":
            return self.hosts.answer(call)
        if call.service == "monitoring":
            return metrics.answer(self, call, account)
        if call.service == "secretsmanager":
            self._learn_secret(call.input.get("SecretString"))
        with self.world.lock:
            refused = refuse(self, call, account)
        if refused:
            return refused
        beside = self.functions_beside
        if beside and beside.serves(call):
            return beside.forward(request, account)
        reply = self.upstream.forward(request, account)
        if beside and call.service == "states":
            reply = interpreter.mended(call, account, reply)
        if beside and call.service == "s3" and call.name in CHANGES_S3 and reply.status < 300:
            beside.forward(request, account)
        if reply.status == 200 and call.service == "sts":
            self.credentials.learn(call.name, reply.body, str(call.input.get("RoleArn", "")))
        if call.name in MUTATES_NETWORK:
            with self.world.lock:
                self.world.exposure.look(self.world, call.name)
        return reply

    def _learn_secret(self, text):
        try:
            found = json.loads(text or "null")
        except ValueError:
            found = text
        values = found.values() if isinstance(found, dict) else [found]
        named = [found["password"]] if isinstance(found, dict) and "password" in found else values
        self.world.known_secrets.update(v for v in named if isinstance(v, str))

    def _rds(self, call, account, terminal):
        request_id = str(uuid.uuid4())
        try:
            input = call.typed()
            if input.get("MasterUserPassword"):
                self.world.known_secrets.add(input["MasterUserPassword"])
            output = self.world.call(account, call.region, call.name, input, terminal)
            body = xml.result(call.operation, output, request_id)
            return Answer(200, {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}, body)
        except Refusal as reason:
            return errors.answer("rds", reason.code, reason.message, reason.status)
        except Unmodelled as reason:
            call.violations.append(str(reason))
        except Exception as reason:  # a fault of the bed must fail the test, not pass for one of RDS
            traceback.print_exc()
            call.violations.append(f"the bed failed: {type(reason).__name__}: {reason}")
        return self._violation(call)

    def _close(self, call, account, reply, fault):
        answer = reply[0] if isinstance(reply, tuple) else reply
        status, code = (0, "(reset)") if reply is RESET else (answer.status, answer.code)
        self.journal.add(call, account, status, code, fault)
        return reply
