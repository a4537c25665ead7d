"""The REST protocols (S3, Lambda): which operation a method, path and query are, and its input."""
import json
import re
import xml.etree.ElementTree as ElementTree
from functools import lru_cache
from urllib.parse import unquote

from .shapes import Text

# Headers that any S3 request may carry beside those of its operation.
COMMON = {"x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "x-amz-user-agent", "x-amz-te",
          "x-amz-request-payer", "x-amz-sdk-checksum-algorithm", "x-amz-client-context"}


@lru_cache(maxsize=None)
def _routes(model):
    found = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, query = operation.http["requestUri"].partition("?")
        text = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
        text = re.sub(r"\\\{(\w+)\\\+\\\}", r"(?P<\1>.+)", text)
        fixed = [pair for pair in query.split("&") if pair]
        found.append((operation, operation.http["method"], re.compile(text.rstrip("/") + "/?$"), fixed))
    return found


def route(model, request):
    """(operation, labels), or None."""
    given = request.query
    names = {name for name, _ in given}
    best = None
    for operation, method, pattern, fixed in _routes(model):
        match = pattern.match(request.path)
        if method != request.method or not match:
            continue
        if not all((pair.partition("=")[0] in names) and
                   ("=" not in pair or tuple(pair.split("=", 1)) in given) for pair in fixed):
            continue
        required = _required(operation, names, request)
        if required is not None and (best is None or (len(fixed), required) > best[0]):
            best = ((len(fixed), required), operation, {k: unquote(v) for k, v in match.groupdict().items()})
    return best and best[1:]


def _required(operation, names, request):
    """How many required query and header members are there; None if one is missing that tells operations apart."""
    count = 0
    shape = operation.input_shape
    for name in shape.required_members if shape else ():
        serialization = shape.members[name].serialization
        where, key = serialization.get("location"), serialization.get("name", name)
        if where == "querystring":
            if key not in names:
                return None
            count += 1
        if where == "header":
            if key.lower() not in request.headers:
                return None
            count += 1
    return count


def _xml_value(shape, node):
    if shape.type_name == "structure":
        members = {m.serialization.get("name", n): (n, m) for n, m in shape.members.items()}
        found = {}
        for child in node:
            tag = child.tag.rpartition("}")[2]
            if tag not in members:
                found[tag] = Text(child.text or "")
                continue
            name, member = members[tag]
            if member.type_name == "list" and member.serialization.get("flattened"):
                found.setdefault(name, []).append(_xml_value(member.member, child))
            else:
                found[name] = _xml_value(member, child)
        return found
    if shape.type_name == "list":
        return [_xml_value(shape.member, child) for child in node]
    return Text(node.text or "")


def _body(operation, request, found, faults):
    shape = operation.input_shape
    payload = shape.serialization.get("payload")
    if payload and shape.members[payload].type_name in ("blob", "string"):
        if request.body:
            found[payload] = request.body
        return
    if not request.body:
        return
    target = shape.members[payload] if payload else shape
    try:
        if operation.service_model.protocol == "rest-xml":
            value = _xml_value(target, ElementTree.fromstring(request.body))
        else:
            value = json.loads(request.body)
    except (ElementTree.ParseError, ValueError) as reason:
        faults.append(f"body: {reason}")
        return
    if payload:
        found[payload] = value
    elif isinstance(value, dict):
        found.update(value)
    else:
        faults.append("body: no object")


def decode(operation, labels, request):
    """(input, faults)."""
    shape, found, faults = operation.input_shape, {}, []
    if shape is None:
        return found, faults
    fixed = {pair.partition("=")[0] for pair in operation.http["requestUri"].partition("?")[2].split("&")}
    known_query, known_headers, prefixes = set(fixed) | {""}, set(COMMON), []
    for name, member in shape.members.items():
        where, key = member.serialization.get("location"), member.serialization.get("name", name)
        if where == "uri":
            found[name] = Text(labels.get(key, ""))
        elif where == "querystring":
            known_query.add(key)
            values = [Text(v) for k, v in request.query if k == key]
            if values:
                found[name] = values if member.type_name == "list" else values[0]
        elif where == "header":
            known_headers.add(key.lower())
            if key.lower() in request.headers:
                found[name] = _header(member, request.headers[key.lower()])
        elif where == "headers":
            prefixes.append(key.lower())
            found[name] = {k[len(key):]: Text(v) for k, v in request.headers.items() if k.startswith(key.lower())}
    faults += [f"{k}: no such query parameter" for k, _ in request.query if k not in known_query]
    faults += [f"{k}: no such header" for k in request.headers
               if k.startswith("x-amz-") and k not in known_headers and not any(k.startswith(p) for p in prefixes)]
    _body(operation, request, found, faults)
    return found, faults


def _header(member, text):
    if member.type_name == "timestamp":
        return 0  # dates of headers are RFC 7231's; none that is used here
    if member.type_name == "list":
        return [Text(part.strip()) for part in text.split(",")]
    return Text(text)
