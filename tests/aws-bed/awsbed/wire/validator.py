"""Every request against botocore's models: which operation it is, its input, and all that is wrong with it."""
import json
from dataclasses import dataclass, field

from . import models, query, rest, shapes
from .request import Request

# Operations that are not signed by design (STS API reference).
UNSIGNED = ("AssumeRoleWithWebIdentity", "AssumeRoleWithSAML")
FORM = "application/x-www-form-urlencoded"


@dataclass
class Call:
    request: Request
    service: str = ""
    region: str = ""
    operation: object = None
    input: dict = field(default_factory=dict)  # as sent; `typed()` reads the texts of the query protocol
    violations: list = field(default_factory=list)
    refused: dict = None  # what the caller's policies do not allow

    @property
    def name(self):
        return self.operation.name if self.operation else ""

    def typed(self):
        shape = self.operation.input_shape
        return shapes.typed(shape, self.input) if shape else {}


def _query(call, model):
    request = call.request
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if request.method == "POST" and kind != FORM:
        call.violations.append(f"content-type is {kind!r} instead of {FORM}")
    if request.path != "/":
        call.violations.append(f"path is {request.path} instead of /")
    try:
        form = query.Form(request.form() if request.method == "POST" else request.query)
    except ValueError as reason:
        call.violations.append(f"body: {reason}")
        return
    action = form.take("Action") if "Action" in form.values else ""
    version = form.take("Version") if "Version" in form.values else ""
    if version != model.api_version:
        call.violations.append(f"Version is {version!r} instead of {model.api_version}")
    if action not in model.operation_names:
        call.violations.append(f"Action {action!r}: {call.service} has no such operation")
        return
    call.operation = model.operation_model(action)
    dialect = "ec2" if model.protocol == "ec2" else "query"
    if call.operation.input_shape:
        call.input = query.decode(call.operation.input_shape, form, dialect=dialect)
    call.violations += form.faults + [f"{key}: no such parameter" for key in form.unread()]


def _json(call, model):
    request = call.request
    version = model.metadata.get("jsonVersion", "1.0")
    if request.headers.get("content-type", "") != f"application/x-amz-json-{version}":
        call.violations.append(f"content-type is {request.headers.get('content-type')!r} instead of "
                               f"application/x-amz-json-{version}")
    prefix, _, action = request.headers.get("x-amz-target", "").rpartition(".")
    if prefix != model.metadata["targetPrefix"] or action not in model.operation_names:
        call.violations.append(f"X-Amz-Target {request.headers.get('x-amz-target')!r}: no such operation")
        return
    if request.method != "POST" or request.path != "/":
        call.violations.append(f"{request.method} {request.path} instead of POST /")
    call.operation = model.operation_model(action)
    try:
        call.input = json.loads(request.body or b"{}", object_pairs_hook=_once(call))
    except ValueError as reason:
        call.violations.append(f"body: {reason}")


def _once(call):
    def pairs(found):
        names = [name for name, _ in found]
        call.violations.extend(f"{n}: given twice" for n in set(names) if names.count(n) > 1)
        return dict(found)
    return pairs


def _rest(call, model):
    found = rest.route(model, call.request)
    if not found:
        call.violations.append(f"{call.request.method} {call.request.target}: {call.service} has no such operation")
        return
    call.operation, labels = found
    call.input, faults = rest.decode(call.operation, labels, call.request)
    call.violations += faults


def _unsigned(call):
    """A call without a signature: only STS has such."""
    request = call.request
    try:
        pairs = dict(request.form() if request.body else request.query)
    except ValueError:
        pairs = {}
    call.service = "sts"
    if pairs.get("Action") not in UNSIGNED:
        call.violations.append("there is no SigV4 Authorization header")


def examine(request):
    """The call that a request is. Signatures are verified elsewhere: this knows no secrets."""
    call = Call(request)
    scope = request.scope()
    if scope:
        call.service, call.region = scope.service, scope.region
    else:
        _unsigned(call)
    call.violations += [f"header {name} is given twice" for name in request.repeated]
    model = models.service(call.service)
    if model is None:
        call.violations.append(f"the bed has no service {call.service!r}")
        return call
    protocol = model.protocol
    {"query": _query, "ec2": _query, "json": _json}.get(protocol, _rest)(call, model)
    if call.operation and call.operation.input_shape:
        shape = call.operation.input_shape
        text = json.dumps(call.input) if protocol == "json" else ""
        if protocol != "json" or text:
            call.violations += shapes.faults(shape, call.input)
    return call
