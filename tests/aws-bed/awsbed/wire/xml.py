"""Answers of the query protocol: XML made of an operation's output, which must fit its shape; and errors."""
from datetime import timezone
from xml.sax.saxutils import escape


def _scalar(shape, value):
    kind = shape.type_name
    if kind == "boolean":
        if not isinstance(value, bool):
            raise TypeError(f"{shape.name}: {value!r} is no boolean")
        return "true" if value else "false"
    if kind in ("integer", "long"):
        return str(int(value))
    if kind == "timestamp":
        return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    if not isinstance(value, (str, int, float)):
        raise TypeError(f"{shape.name}: {value!r} is no {kind}")
    return escape(str(value))


def element(shape, name, value):
    """A member as XML; None and members that are None are left out, as RDS does."""
    if value is None:
        return ""
    kind = shape.type_name
    if kind == "structure":
        unknown = set(value) - set(shape.members)
        if unknown:
            raise KeyError(f"{shape.name} has no {sorted(unknown)}")
        inner = "".join(element(m, m.serialization.get("name", n), value.get(n)) for n, m in shape.members.items())
        return f"<{name}>{inner}</{name}>"
    if kind == "list":
        item = shape.member.serialization.get("name", "member")
        if shape.serialization.get("flattened"):
            return "".join(element(shape.member, item, v) for v in value)
        return f"<{name}>{''.join(element(shape.member, item, v) for v in value)}</{name}>"
    if kind == "map":
        rows = "".join(f"<entry>{element(shape.key, 'key', k)}{element(shape.value, 'value', v)}</entry>"
                       for k, v in value.items())
        return f"<{name}>{rows}</{name}>"
    return f"<{name}>{_scalar(shape, value)}</{name}>"


def result(operation, output, request_id):
    metadata = operation.service_model.metadata
    space = metadata.get("xmlNamespace", "http://rds.amazonaws.com/doc/2014-10-31/")
    shape = operation.output_shape
    inner = element(shape, shape.serialization.get("resultWrapper", operation.name + "Result"), output) if shape else ""
    return (f'<{operation.name}Response xmlns="{space}">{inner}<ResponseMetadata><RequestId>{request_id}'
            f"</RequestId></ResponseMetadata></{operation.name}Response>").encode()


def error(code, message, request_id, fault="Sender"):
    return ('<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">'
            f"<Error><Type>{fault}</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>").encode()
