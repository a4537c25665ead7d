"""The query protocol and EC2's dialect of it: a form into the input of an operation."""
import re

from .shapes import Text


class Form:
    """The pairs of a form; remembers which were read."""

    def __init__(self, pairs):
        self.values, self.faults, self.read = {}, [], set()
        for key, value in pairs:
            if key in self.values:
                self.faults.append(f"{key}: given twice")
            self.values[key] = value

    def take(self, key):
        self.read.add(key)
        return Text(self.values[key])

    def below(self, prefix):
        return any(k == prefix or k.startswith(prefix + ".") for k in self.values)

    def unread(self):
        return [k for k in self.values if k not in self.read]


def _name(shape, name, dialect):
    serialization = shape.serialization
    if dialect == "ec2":
        if "queryName" in serialization:
            return serialization["queryName"]
        given = serialization.get("name", name)
        return given[0].upper() + given[1:]
    return serialization.get("name", name)


def _indices(form, prefix):
    pattern = re.compile(re.escape(prefix) + r"\.(\d+)(\.|$)")
    found = sorted({int(m.group(1)) for m in map(pattern.match, form.values) if m})
    if found and found != list(range(1, len(found) + 1)):
        form.faults.append(f"{prefix}: numbered {found} instead of from 1 on")
    return found


def _list(shape, form, prefix, dialect):
    if form.values.get(prefix) == "":
        form.take(prefix)  # an empty list, as botocore writes it
        return []
    flattened = dialect == "ec2" or shape.serialization.get("flattened")
    if flattened:
        inner = shape.member.serialization.get("name") if dialect != "ec2" else None
        place = ".".join(prefix.split(".")[:-1] + [inner]) if inner else prefix
    else:
        place = f"{prefix}.{shape.member.serialization.get('name', 'member')}"
    return [decode(shape.member, form, f"{place}.{i}", dialect) for i in _indices(form, place)]


def _map(shape, form, prefix, dialect):
    place = prefix if shape.serialization.get("flattened") else f"{prefix}.entry"
    key, value = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
    return {str(decode(shape.key, form, f"{place}.{i}.{key}", dialect)):
            decode(shape.value, form, f"{place}.{i}.{value}", dialect) for i in _indices(form, place)}


def decode(shape, form, prefix="", dialect="query"):
    """What the form says of a shape. What it leaves unread belongs to no parameter."""
    if shape.type_name == "structure":
        found = {}
        for name, member in shape.members.items():
            key = (prefix + "." if prefix else "") + _name(member, name, dialect)
            flat_name = member.serialization.get("flattened") and member.type_name == "list" and \
                member.member.serialization.get("name")
            if form.below(key) or (flat_name and form.below((prefix + "." if prefix else "") + flat_name)):
                found[name] = decode(member, form, key, dialect)
        return found
    if shape.type_name == "list":
        return _list(shape, form, prefix, dialect)
    if shape.type_name == "map":
        return _map(shape, form, prefix, dialect)
    return form.take(prefix) if prefix in form.values else Text("")
